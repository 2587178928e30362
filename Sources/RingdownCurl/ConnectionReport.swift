internal import CCurl

/// How a connection was made: where it leads, how long each step took, whose certificates were shown.
package struct ConnectionReport: Sendable {
    package struct Certificate: Sendable {
        /// As libcurl gives it: `CN = login.example.com`.
        package var subject = ""
        package var issuer = ""
        /// When it ends, as libcurl gives it.
        package var end = ""
    }

    /// The server's address, or the proxy's.
    package var address: String?
    /// From the start until the name was resolved, the connection stood, TLS was agreed, and the whole response was there.
    package var resolved: Duration = .zero
    package var connected: Duration = .zero
    package var secured: Duration = .zero
    package var total: Duration = .zero
    /// The server's own first. Empty without TLS.
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
                // libcurl hands back what it was given two lines above.
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
