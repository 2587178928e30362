package import RingdownCore

/// Which proxy a request goes through. libcurl's own reading of the environment is not used: it knows no ports in
/// `NO_PROXY` and ignores `HTTP_PROXY`.
package struct ProxySettings: Sendable {
    package struct Proxy: Sendable {
        /// Without user name and password.
        package var url: String
        package var credentials: (user: String, password: Secret)?

        fileprivate var isLoopback: Bool {
            let authority = url.drop { $0 != ":" }.dropFirst(3)
            return (try? HTTPURL("http://" + authority))?.origin.isLoopback == true
        }
    }

    /// A proxy URL that cannot be used.
    package struct Invalid: Error, Sendable, CustomStringConvertible {
        package var variable: String
        package var description: String {
            "\(variable) is not a usable proxy URL; expected http://[user:password@]host:port with the password percent-encoded"
        }
    }

    private var forHTTP: Proxy?
    private var forHTTPS: Proxy?
    private var exceptions: [Exception] = []

    package static let none = ProxySettings()

    /// The variables that ``init(_:)`` reads.
    package static let variables = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap {
        [$0, $0.lowercased()]
    }

    private init() {}

    /// From `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; lower-case names win, as they do for curl.
    package init(_ variable: (String) -> String?) throws(Invalid) {
        func proxy(_ names: String...) throws(Invalid) -> Proxy? {
            for name in names.flatMap({ [$0.lowercased(), $0] }) {
                if let text = variable(name), !text.isEmpty { return try Self.parse(text, variable: name) }
            }
            return nil
        }
        forHTTPS = try proxy("HTTPS_PROXY", "ALL_PROXY")
        forHTTP = try proxy("HTTP_PROXY", "ALL_PROXY")
        let list = variable("no_proxy") ?? variable("NO_PROXY") ?? ""
        exceptions = list.split { $0 == "," || $0.isWhitespace }.map { Exception(String($0)) }
    }

    /// Whether any of the proxies wants a user name and password.
    var haveCredentials: Bool { forHTTP?.credentials != nil || forHTTPS?.credentials != nil }

    /// The proxy for a server; nil where it is asked directly.
    package func proxy(for origin: HTTPURL.Origin) -> Proxy? {
        guard let proxy = origin.scheme == "https" ? forHTTPS : forHTTP else { return nil }
        // Plain HTTP is spoken with servers on this machine only: a proxy elsewhere would carry its secrets off in clear.
        if origin.scheme == "http", origin.isLoopback, !proxy.isLoopback { return nil }
        return exceptions.contains { $0.covers(origin) } ? nil : proxy
    }

    private static func parse(_ text: String, variable: String) throws(Invalid) -> Proxy {
        let schemes = ["http://", "https://", "socks5h://", "socks5://", "socks4a://", "socks4://"]
        let scheme = schemes.first { text.lowercased().hasPrefix($0) }
        guard scheme != nil || !text.contains("://") else { throw Invalid(variable: variable) }
        let rest = text.dropFirst(scheme?.count ?? 0).prefix { $0 != "/" }
        let isClean = rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        let at = rest.lastIndex(of: "@")
        let host = at.map { rest[rest.index(after: $0)...] } ?? rest
        guard isClean, !host.isEmpty else { throw Invalid(variable: variable) }
        var proxy = Proxy(url: (scheme ?? "http://") + host, credentials: nil)
        if let at {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let password = parts.count > 1 ? percentDecoded(parts[1]) : ""
            proxy.credentials = (percentDecoded(parts[0]), Secret(password))
        }
        return proxy
    }

    /// One entry of `NO_PROXY`: `*`, a name that covers what ends in it, an address, a network, each with or without a port.
    private struct Exception: Sendable {
        private var name: String
        private var port: Int?
        private var network: (bytes: [UInt8], bits: Int)?

        init(_ text: String) {
            var text = text.lowercased()
            if let colon = text.lastIndex(of: ":"), text.filter({ $0 == ":" }).count == 1 || text.hasPrefix("["),
                let port = Int(text[text.index(after: colon)...])
            {
                self.port = port
                text = String(text[..<colon])
            }
            if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
            let parts = text.split(separator: "/", maxSplits: 1)
            if parts.count == 2, let bytes = ipv4(parts[0]), let bits = Int(parts[1]), (0...32).contains(bits) {
                network = (bytes, bits)
            }
            if text.hasPrefix("*.") { text = String(text.dropFirst(2)) }
            name = text.hasPrefix(".") ? String(text.dropFirst()) : text
        }

        func covers(_ origin: HTTPURL.Origin) -> Bool {
            if let port, port != origin.port { return false }
            if let network, let address = ipv4(origin.host) {
                return (0..<network.bits).allSatisfy { bit in
                    let mask = UInt8(0x80) >> (bit % 8)
                    return network.bytes[bit / 8] & mask == address[bit / 8] & mask
                }
            }
            return name == "*" || origin.host == name || origin.host.hasSuffix("." + name)
        }
    }
}

private func ipv4(_ text: some StringProtocol) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return parts.count == 4 && parts.allSatisfy { $0 != nil } ? parts.compactMap { $0 } : nil
}
