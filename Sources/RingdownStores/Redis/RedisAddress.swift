package import RingdownCore

/// The address and credentials of a Redis server: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS.
package struct RedisAddress: Sendable {
    /// The error for an invalid URL.
    package struct Invalid: Error, CustomStringConvertible {
        package let description: String
    }

    /// The host and port, with the scheme `https` for TLS and `http` otherwise.
    package let origin: HTTPURL.Origin
    let user: String?
    let password: Secret?
    package var hasPassword: Bool { password != nil }
    let database: Int

    /// Parses a Redis URL (default port: 6379, default database: 0).
    package init(_ text: String) throws(Invalid) {
        let invalid = Invalid(
            description:
                "not a Redis URL: expected redis://[user:password@]host[:port][/database], or rediss://")
        let isSecure = text.lowercased().hasPrefix("rediss://")
        guard isSecure || text.lowercased().hasPrefix("redis://") else { throw invalid }
        var rest = text.dropFirst(isSecure ? 9 : 8)
        var credentials: (String?, Secret?) = (nil, nil)
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map {
                percentDecoded($0)
            }
            let escapes = rest[..<at].split(separator: "%", omittingEmptySubsequences: false).dropFirst()
            guard escapes.allSatisfy({ $0.prefix(2).count == 2 && $0.prefix(2).allSatisfy(\.isHexDigit) }) else {
                throw invalid
            }
            // `redis://:password@host` and `redis://user:password@host`.
            guard parts.count == 2, !parts[1].isEmpty else { throw invalid }
            credentials = (parts[0].isEmpty ? nil : parts[0], Secret(parts[1]))
            rest = rest[rest.index(after: at)...]
        }
        (user, password) = credentials
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.count > 1 ? String(parts[1]) : ""
        guard let number = path.isEmpty ? 0 : Int(path), number >= 0, let host = parts.first, !host.isEmpty else {
            throw invalid
        }
        database = number
        let hasPort = host.hasSuffix("]") ? false : host.contains(":") && (!host.contains("[") || host.contains("]:"))
        let authority = String(host) + (hasPort ? "" : ":6379")
        guard let url = try? HTTPURL((isSecure ? "https://" : "http://") + authority),
            url.path == "/" || url.path.isEmpty
        else {
            throw invalid
        }
        origin = url.origin
    }
}
