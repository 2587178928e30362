/// An absolute `http` or `https` URL. Parsing is strict, so that all parts of the program derive the same host from it.
///
/// User information, white space, control characters, non-ASCII characters, backslashes and ports out of range are refused. With
/// these, two URL parsers can derive different hosts and send a token to the wrong one.
public struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// The scheme, host and port of a URL. Tokens are bound to origins.
    public struct Origin: Sendable, Hashable, CustomStringConvertible {
        /// The scheme, `http` or `https`.
        public let scheme: String
        /// The host in lower case; an IPv6 address without brackets.
        public let host: String
        /// The port, which is the default port of the scheme if the URL has none.
        public let port: Int

        /// Whether the port is the default port of the scheme.
        public var isDefaultPort: Bool { port == (scheme == "https" ? 443 : 80) }
        public var description: String { "\(scheme)://\(authority)" }
        /// The value of a `Host` header: the host, with brackets if necessary, and the port if it is not the default.
        public var authority: String {
            (host.contains(":") ? "[\(host)]" : host) + (isDefaultPort ? "" : ":\(port)")
        }
        /// Whether the host is in `169.254.0.0/16` or `fe80::/10`, where cloud platforms serve instance metadata.
        public var isLinkLocal: Bool {
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            let isIPv4 = parts.count == 4 && parts.allSatisfy(isOctet)
            if isIPv4 { return parts[0] == "169" && parts[1] == "254" }
            guard host.contains(":"), let first = UInt16(host.prefix { $0 != ":" }, radix: 16) else { return false }
            return first & 0xFFC0 == 0xFE80
        }
        /// Whether the host is `localhost`, `127.0.0.0/8` or `::1`, so that requests do not leave the machine.
        public var isLoopback: Bool {
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            let isIPv4 = parts.count == 4 && parts.allSatisfy(isOctet)
            return host == "localhost" || host == "::1" || (isIPv4 && parts[0] == "127")
        }
    }

    /// The reason why a text is not a valid URL.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public let url: String
        public let reason: String
        public var description: String {
            // The text before an @ may contain a password.
            url.contains("@")
                ? "not a valid URL: \(reason)" : "'\(sanitized(url, limit: 200))' is not a valid URL: \(reason)"
        }
    }

    /// The scheme, host and port.
    public let origin: Origin
    /// The path, which starts with a slash. Its percent-encoding is unchanged.
    public let path: String
    /// The query without the question mark; nil if the URL has no query.
    public let query: String?
    public var host: String { origin.host }
    /// The path and the query, as in a request line.
    public var target: String { query.map { "\(path)?\($0)" } ?? path }
    public var description: String { origin.description + target }

    /// Parses a URL. A fragment is removed. Throws ``Invalid`` if the text is not a valid URL.
    public init(_ text: String) throws(Invalid) {
        func invalid(_ reason: String) -> Invalid { Invalid(url: text, reason: reason) }
        if text.utf8.contains(where: Self.isForbidden) {
            throw invalid("it contains a space, a backslash, a control character or a non-ASCII character")
        }
        // From here on, the text is ASCII.
        let bytes = text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
            throw invalid("it does not start with https://")
        }
        let scheme = text[..<colon].lowercased()
        guard scheme == "https" || scheme == "http" else { throw invalid("the scheme is not https") }
        let start = bytes.index(colon, offsetBy: 3)
        let end = bytes[start...].firstIndex { "/?#".utf8.contains($0) } ?? bytes.endIndex
        let authority = text[start..<end]
        if authority.utf8.contains(UInt8(ascii: "@")) { throw invalid("it contains a user name or password") }
        let (host, port) = try Self.split(authority, scheme, invalid)
        let fragment = bytes[end...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        let question = bytes[end..<fragment].firstIndex(of: UInt8(ascii: "?"))
        let path = String(text[end..<(question ?? fragment)])
        self.init(
            origin: Origin(scheme: scheme, host: host, port: port), path: path.isEmpty ? "/" : path,
            query: question.map { String(text[bytes.index(after: $0)..<fragment]) }
        )
    }

    private init(origin: Origin, path: String, query: String?) {
        (self.origin, self.path, self.query) = (origin, path, query)
    }

    /// Parses a request target in origin form (RFC 9112 section 3.2.1). Returns nil for any other form.
    ///
    /// Bytes that are invalid in a URL are escaped, so that the handler determines the response, not the parser.
    package init?(origin: Origin, target: String) {
        let bytes = target.utf8
        guard bytes.first == UInt8(ascii: "/") else { return nil }
        if bytes.contains(where: Self.isForbidden) {
            let escaped = bytes.flatMap { Self.isForbidden($0) ? percentEscape($0) : [$0] }
            self.init(origin: origin, target: String(decoding: escaped, as: UTF8.self))
            return
        }
        // Most targets are only a path.
        guard let end = bytes.firstIndex(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
            self.init(origin: origin, path: target, query: nil)
            return
        }
        let fragment = bytes[end...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        let query = fragment > end ? String(Substring(bytes[bytes.index(after: end)..<fragment])) : nil
        self.init(origin: origin, path: String(Substring(bytes[..<end])), query: query)
    }

    private static func isForbidden(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\\")
    }

    /// Returns the URL with `path` appended to its path, separated by exactly one slash.
    public func appending(_ path: String) throws(Invalid) -> HTTPURL {
        let base = self.path.hasSuffix("/") ? String(self.path.dropLast()) : self.path
        return try HTTPURL(origin.description + base + (path.hasPrefix("/") ? "" : "/") + path)
    }

    /// Returns the URL with these parameters percent-encoded and appended to its query.
    public func appending(query parameters: [(name: String, value: String)]) -> HTTPURL {
        if parameters.isEmpty { return self }
        let added = parameters.map { percentEncoded($0.name) + "=" + percentEncoded($0.value) }.joined(separator: "&")
        return HTTPURL(origin: origin, path: path, query: query.map { $0.isEmpty ? added : $0 + "&" + added } ?? added)
    }

    /// Returns the decoded value of the first query parameter with this name.
    public func queryValue(_ name: String) -> String? {
        queryItems.first { $0.name == name }?.value
    }

    /// The decoded parameters of the query.
    public var queryItems: [(name: String, value: String)] { FormURLEncoding.decode(query ?? "") }

    private static func split(
        _ authority: Substring, _ scheme: String, _ invalid: (String) -> Invalid
    ) throws(Invalid) -> (host: String, port: Int) {
        var host = authority
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else {
                throw invalid("the closing bracket of the address is missing")
            }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let tail = authority[authority.index(after: close)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw invalid("unexpected text after the address") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
            guard !host.isEmpty, host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }), host.contains(":") else {
                throw invalid("the IPv6 address is malformed")
            }
        } else {
            if let colon = authority.utf8.firstIndex(of: UInt8(ascii: ":")) {
                host = authority[..<colon]
                portText = authority[authority.index(after: colon)...]
            }
            let isName = host.utf8.allSatisfy {
                $0.isAlphanumeric || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
            }
            // The maximum length of a DNS name is 255 bytes (RFC 1035 section 2.3.4).
            guard !host.isEmpty, isName, host.utf8.count <= 255 else { throw invalid("the host name is malformed") }
        }
        let standard = scheme == "https" ? 443 : 80
        guard let portText, !portText.isEmpty else { return (host.lowercased(), standard) }
        guard portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(portText),
            (1...65535).contains(port)
        else { throw invalid("the port is not a number from 1 to 65535") }
        return (host.lowercased(), port)
    }
}

/// Whether a text is a decimal number from 0 to 255. Resolvers read leading zeros as octal digits, or as a host name.
private func isOctet(_ text: some StringProtocol) -> Bool {
    UInt8(text) != nil && (text == "0" || !(text.hasPrefix("0") || text.hasPrefix("+")))
}
