/// An absolute `http` or `https` URL, read strictly so that every part of the program sees the same host in it.
///
/// Refused are user information, white space, control and non-ASCII characters, backslashes and ports out of range: the
/// places where two URL parsers come to different hosts, and a token to a stranger.
public struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// Where a request goes: tokens belong to origins.
    public struct Origin: Sendable, Hashable, CustomStringConvertible {
        public let scheme: String
        /// In lower case; an IPv6 address without its brackets.
        public let host: String
        public let port: Int

        public var isDefaultPort: Bool { port == (scheme == "https" ? 443 : 80) }
        public var description: String { "\(scheme)://\(authority)" }
        /// The host as it stands in a `Host` header: with brackets and, unless it is the default, the port.
        public var authority: String {
            (host.contains(":") ? "[\(host)]" : host) + (isDefaultPort ? "" : ":\(port)")
        }
        /// `169.254.0.0/16` or `fe80::/10`: the machine's own host, where clouds serve metadata.
        public var isLinkLocal: Bool {
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            let isIPv4 = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
            if isIPv4 { return parts[0] == "169" && parts[1] == "254" }
            guard host.contains(":"), let first = UInt16(host.prefix { $0 != ":" }, radix: 16) else { return false }
            return first & 0xFFC0 == 0xFE80
        }
        /// `localhost`, `127.0.0.0/8` or `::1`: what never leaves the machine.
        public var isLoopback: Bool {
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            let isIPv4 = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
            return host == "localhost" || host == "::1" || (isIPv4 && parts[0] == "127")
        }
    }

    /// Why a text is not such a URL.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public let url: String
        public let reason: String
        public var description: String {
            // What stands before an @ may be a password.
            url.contains("@")
                ? "not a usable URL: \(reason)" : "'\(sanitized(url, limit: 200))' is not a usable URL: \(reason)"
        }
    }

    public let origin: Origin
    /// Starts with a slash; percent-encoded as it was written.
    public let path: String
    /// Without the question mark; nil where there is none.
    public let query: String?
    public var host: String { origin.host }
    /// The path and the query: what stands in the request line.
    public var target: String { query.map { "\(path)?\($0)" } ?? path }
    public var description: String { origin.description + target }

    public init(_ text: String) throws(Invalid) {
        func invalid(_ reason: String) -> Invalid { Invalid(url: text, reason: reason) }
        if text.utf8.contains(where: Self.isForbidden) {
            throw invalid("it holds a space, a backslash, a control or a non-ASCII character")
        }
        // All of it is ASCII from here on: bytes are characters.
        let bytes = text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
            throw invalid("it does not start with https://")
        }
        let scheme = text[..<colon].lowercased()
        guard scheme == "https" || scheme == "http" else { throw invalid("its scheme is not https") }
        let start = bytes.index(colon, offsetBy: 3)
        let end = bytes[start...].firstIndex { "/?#".utf8.contains($0) } ?? bytes.endIndex
        let authority = text[start..<end]
        if authority.utf8.contains(UInt8(ascii: "@")) { throw invalid("user names and passwords do not belong in it") }
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

    /// The URL of a request target in origin form (RFC 9112 section 3.2.1), as a server sees it; nil for any other form. Bytes that
    /// have no place in a URL are escaped, so that the answer is a handler's and not the parser's.
    package init?(origin: Origin, target: String) {
        let bytes = target.utf8
        guard bytes.first == UInt8(ascii: "/") else { return nil }
        if bytes.contains(where: Self.isForbidden) {
            let escaped = bytes.flatMap { Self.isForbidden($0) ? percentEscape($0) : [$0] }
            self.init(origin: origin, target: String(decoding: escaped, as: UTF8.self))
            return
        }
        // Most are a path and nothing else.
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

    /// The URL with `path` behind its own path: one slash between them, whatever either brings.
    public func appending(_ path: String) throws(Invalid) -> HTTPURL {
        let base = self.path.hasSuffix("/") ? String(self.path.dropLast()) : self.path
        return try HTTPURL(origin.description + base + (path.hasPrefix("/") ? "" : "/") + path)
    }

    /// The URL with these parameters, percent-encoded, behind those it has.
    public func appending(query parameters: [(name: String, value: String)]) -> HTTPURL {
        if parameters.isEmpty { return self }
        let added = parameters.map { percentEncoded($0.name) + "=" + percentEncoded($0.value) }.joined(separator: "&")
        return HTTPURL(origin: origin, path: path, query: query.map { $0.isEmpty ? added : $0 + "&" + added } ?? added)
    }

    /// The decoded value of a query parameter, the first of its name.
    public func queryValue(_ name: String) -> String? {
        queryItems.first { $0.name == name }?.value
    }

    /// The decoded query.
    public var queryItems: [(name: String, value: String)] { FormURLEncoding.decode(query ?? "") }

    private static func split(
        _ authority: Substring, _ scheme: String, _ invalid: (String) -> Invalid
    ) throws(Invalid) -> (host: String, port: Int) {
        var host = authority
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else {
                throw invalid("the bracket of its address is not closed")
            }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let tail = authority[authority.index(after: close)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw invalid("text behind its address") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
            guard !host.isEmpty, host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }), host.contains(":") else {
                throw invalid("its IPv6 address is malformed")
            }
        } else {
            if let colon = authority.utf8.firstIndex(of: UInt8(ascii: ":")) {
                host = authority[..<colon]
                portText = authority[authority.index(after: colon)...]
            }
            let isName = host.utf8.allSatisfy {
                $0.isAlphanumeric || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
            }
            // No longer name exists in DNS (RFC 1035 section 2.3.4).
            guard !host.isEmpty, isName, host.utf8.count <= 255 else { throw invalid("its host name is malformed") }
        }
        let standard = scheme == "https" ? 443 : 80
        guard let portText, !portText.isEmpty else { return (host.lowercased(), standard) }
        guard portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(portText),
            (1...65535).contains(port)
        else { throw invalid("its port is not a number from 1 to 65535") }
        return (host.lowercased(), port)
    }
}
