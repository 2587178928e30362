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

    package var description: String {
        [file, directory].compactMap { $0 }.joined(separator: ", ")
    }
}
