internal import CCurl

/// The details of a connection: its address, the duration of each step and the certificates.
package struct ConnectionReport: Sendable {
    /// A certificate that the server presented.
    package struct Certificate: Sendable {
        /// The subject in the format of libcurl: `CN = login.example.com`.
        package var subject = ""
        package var issuer = ""
        /// The expiry date in the format of libcurl.
        package var end = ""
    }

    /// The address of the server or proxy.
    package var address: String?
    /// The times from the start until name resolution, TCP connection, TLS handshake and the complete response.
    package var resolved: Duration = .zero
    package var connected: Duration = .zero
    package var secured: Duration = .zero
    package var total: Duration = .zero
    /// The certificate chain, starting with the server certificate. Empty without TLS.
    package var certificates: [Certificate] = []

    init() {}

    init(_ easy: UnsafeMutableRawPointer) {
        var text: UnsafePointer<CChar>?
        if rd_getinfo_text(easy, CURLINFO_PRIMARY_IP, &text) == CURLE_OK, let text, text.pointee != 0 {
            address = String(cString: text)
        }
        func time(_ key: CURLINFO) -> Duration {
            var microseconds: curl_off_t = 0
            _ = rd_getinfo_off(easy, key, &microseconds)
            return .microseconds(Int64(microseconds))
        }
        (resolved, connected) = (time(CURLINFO_NAMELOOKUP_TIME_T), time(CURLINFO_CONNECT_TIME_T))
        (secured, total) = (time(CURLINFO_APPCONNECT_TIME_T), time(CURLINFO_TOTAL_TIME_T))
        withUnsafeMutablePointer(to: &certificates) { certificates in
            rd_each_certificate_field(easy, certificates) { context, index, field in
                // The pointer was set two lines above.
                let list = context.unsafelyUnwrapped.assumingMemoryBound(to: [Certificate].self)
                while list.pointee.count <= Int(index) { list.pointee.append(Certificate()) }
                let text = String(cString: field)
                guard let colon = text.firstIndex(of: ":") else { return }
                let value = String(text[text.index(after: colon)...])
                switch text[..<colon] {
                case "Subject": list.pointee[Int(index)].subject = value
                case "Issuer": list.pointee[Int(index)].issuer = value
                case "Expire date": list.pointee[Int(index)].end = value
                default: break
                }
            }
        }
    }
}
