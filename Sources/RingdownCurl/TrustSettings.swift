internal import RingdownCore

/// The certificate authorities that are trusted. libcurl does not read the usual variables; only the curl tool does.
package struct TrustSettings: Sendable, CustomStringConvertible {
    /// The path of a file with PEM certificates that replaces the authorities of the system.
    package var file: String?
    /// The path of a directory with PEM certificates, named by hash.
    package var directory: String?
    /// Whether certificates are verified. False only if the user requests it.
    package var isVerifying: Bool

    /// The environment variables that ``init(_:)`` reads.
    package static let variables = ["RINGDOWN_CA_FILE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]

    /// Creates settings (default: the authorities of the system).
    package init(file: String? = nil, directory: String? = nil, isVerifying: Bool = true) {
        self.file = file
        self.directory = directory
        self.isVerifying = isVerifying
    }

    /// Reads `RINGDOWN_CA_FILE`, then `CURL_CA_BUNDLE`, then `SSL_CERT_DIR` and `SSL_CERT_FILE` together.
    package init(_ variable: (String) -> String?) {
        func value(_ name: String) -> String? { variable(name).flatMap { $0.isEmpty ? nil : $0 } }
        if let file = value("RINGDOWN_CA_FILE") ?? value("CURL_CA_BUNDLE") {
            self.init(file: file)
        } else {
            self.init(file: value("SSL_CERT_FILE"), directory: value("SSL_CERT_DIR"))
        }
    }

    /// Returns the fault of a file of certificates: a clause about the file; nil if it contains a certificate.
    ///
    /// - Parameter file: The path of the file.
    package static func problem(ofFile file: String) -> String? {
        // The file of a system has 200 KB, and every command checks it: the beginning is almost always enough.
        if let start = File.beginning(of: file, limit: 8192), hasCertificate(start) { return nil }
        let bytes: [UInt8]
        do throws(FileError) { bytes = try File.read(file, limit: 64 << 20) } catch {
            return "cannot be read: \(error)"
        }
        if bytes.isEmpty { return "is empty" }
        return hasCertificate(bytes)
            ? nil : "contains no certificate in PEM format (-----BEGIN CERTIFICATE-----)"
    }

    private static func hasCertificate(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"].contains {
            text.contains("-----BEGIN \($0)-----")
        }
    }

    /// The variables that name a file of certificates, in the order of precedence.
    package static let fileVariables = ["RINGDOWN_CA_FILE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]

    package var description: String {
        [file, directory].compactMap { $0 }.joined(separator: ", ")
    }
}
