package import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The proxies for requests, by scheme and host.
///
/// The environment is not read by libcurl, which does not support ports in `NO_PROXY` and ignores `HTTP_PROXY`.
package struct ProxySettings: Sendable {
    /// A proxy and its credentials.
    package struct Proxy: Sendable {
        /// The URL without user name and password.
        package var url: String
        /// The user name and password; nil if the proxy requires none.
        package var credentials: (user: String, password: Secret)?

        fileprivate var isLoopback: Bool {
            let authority = url.drop { $0 != ":" }.dropFirst(3)
            return (try? HTTPURL("http://" + authority))?.origin.isLoopback == true
        }
    }

    /// The error for an invalid proxy URL.
    package struct Invalid: Error, Sendable, CustomStringConvertible {
        /// The name of the environment variable.
        package var variable: String
        package var description: String {
            "\(variable) is not a valid proxy URL; expected http://[user:password@]host:port with a percent-encoded password"
        }
    }

    private var forHTTP: Proxy?
    private var forHTTPS: Proxy?
    private var exceptions: [Exception] = []

    /// Settings without proxies.
    package static let none = ProxySettings()

    /// The environment variables that ``init(_:)`` reads.
    package static let variables = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap {
        [$0, $0.lowercased()]
    }

    private init() {}

    /// Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. As in curl, lower-case names take precedence.
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

    /// Whether any proxy has a user name and password.
    var haveCredentials: Bool { forHTTP?.credentials != nil || forHTTPS?.credentials != nil }

    /// Returns the proxy for a server, or nil for a direct connection.
    package func proxy(for origin: HTTPURL.Origin) -> Proxy? {
        guard let proxy = origin.scheme == "https" ? forHTTPS : forHTTP else { return nil }
        // Plain HTTP is used only for servers on this machine. A proxy on another machine would receive secrets unencrypted.
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

    /// An entry of `NO_PROXY`: `*`, a domain including its subdomains, an IPv4 or IPv6 address or network, each with an optional port.
    private struct Exception: Sendable {
        private var name: String
        private var port: Int?
        private var network: (bytes: [UInt8], bits: Int)?

        init(_ text: String) {
            var text = text.lowercased()
            if text.contains("/"), let network = Self.network(text) {
                (self.network, name) = (network, text)
                return
            }
            if let colon = text.lastIndex(of: ":"), text.filter({ $0 == ":" }).count == 1 || text.hasPrefix("["),
                let port = Int(text[text.index(after: colon)...])
            {
                self.port = port
                text = String(text[..<colon])
            }
            if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
            network = Self.network(text) ?? ipAddress(text).map { ($0, $0.count * 8) }
            if text.hasPrefix("*.") { text = String(text.dropFirst(2)) }
            name = text.hasPrefix(".") ? String(text.dropFirst()) : text
        }

        /// Parses `10.0.0.0/8`, `fd00::/8` or `[fd00::]/8`.
        private static func network(_ text: String) -> (bytes: [UInt8], bits: Int)? {
            let parts = text.split(separator: "/", maxSplits: 1)
            guard parts.count == 2, let bits = Int(parts[1]) else { return nil }
            let isBracketed = parts[0].hasPrefix("[") && parts[0].hasSuffix("]")
            let address = isBracketed ? parts[0].dropFirst().dropLast() : parts[0]
            guard let bytes = ipAddress(address), (0...bytes.count * 8).contains(bits) else { return nil }
            return (bytes, bits)
        }

        func covers(_ origin: HTTPURL.Origin) -> Bool {
            if let port, port != origin.port { return false }
            if let network, let address = ipAddress(origin.host), address.count == network.bytes.count {
                return (0..<network.bits).allSatisfy { bit in
                    let mask = UInt8(0x80) >> (bit % 8)
                    return network.bytes[bit / 8] & mask == address[bit / 8] & mask
                }
            }
            return name == "*" || origin.host == name || origin.host.hasSuffix("." + name)
        }
    }
}

/// The bytes of an IPv4 or IPv6 address; nil for a name.
private func ipAddress(_ text: some StringProtocol) -> [UInt8]? {
    ipv4(text) ?? ipv6(text)
}

private func ipv4(_ text: some StringProtocol) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return parts.count == 4 && parts.allSatisfy { $0 != nil } ? parts.compactMap { $0 } : nil
}

/// Parses an IPv6 address (RFC 4291 section 2.2).
private func ipv6(_ text: some StringProtocol) -> [UInt8]? {
    guard text.contains(":") else { return nil }
    var address = in6_addr()
    guard inet_pton(AF_INET6, String(text), &address) == 1 else { return nil }
    return withUnsafeBytes(of: &address) { Array($0) }
}
