/// Whom to trust as a server. libcurl reads none of the usual variables by itself; the curl tool does.
package struct TrustSettings: Sendable, CustomStringConvertible {
    /// A file of PEM certificates, in place of the system's.
    package var file: String?
    /// A directory of them, named by hash.
    package var directory: String?
    /// Off only for a user who insisted.
    package var isVerifying: Bool

    /// The variables that ``init(_:)`` reads.
    package static let variables = ["RINGDOWN_CA_FILE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]

    /// The system's own authorities unless said otherwise.
    package init(file: String? = nil, directory: String? = nil, isVerifying: Bool = true) {
        self.file = file
        self.directory = directory
        self.isVerifying = isVerifying
    }

    /// From `RINGDOWN_CA_FILE`, else `CURL_CA_BUNDLE`, else `SSL_CERT_DIR` and `SSL_CERT_FILE` together.
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
