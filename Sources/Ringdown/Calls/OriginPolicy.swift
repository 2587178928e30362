internal import RingdownCore

/// The servers to which a token may be sent: the origin of the API, and other hosts of the platform over HTTPS. Links and redirects
/// cannot add servers.
struct OriginPolicy: Sendable {
    let base: HTTPURL
    let trustedDomains: [String]
    /// Further origins on loopback, which the settings name: a simulator serves each host on a port of its own.
    var loopbackOrigins: [HTTPURL.Origin] = []

    func allows(_ url: HTTPURL) -> Bool {
        // Other ports of this machine may belong to other users.
        if base.origin.isLoopback { return url.origin == base.origin || loopbackOrigins.contains(url.origin) }
        guard url.origin.scheme == "https" else { return false }
        if url.origin == base.origin { return true }
        return !isGateway && url.origin.isDefaultPort && isTrusted(url.host)
    }

    /// Whether the base URL is outside of the platform's domains. All calls are then sent through it.
    private var isGateway: Bool { !isTrusted(base.host) }

    /// Returns the URL at the gateway for a link of the platform behind it, with the same path. Returns nil for other links.
    func throughGateway(_ url: HTTPURL) -> HTTPURL? {
        guard isGateway, !base.origin.isLoopback, isTrusted(url.host) else { return nil }
        return try? base.appending(url.target)
    }

    private func isTrusted(_ host: String) -> Bool {
        trustedDomains.contains { host == $0 || host.hasSuffix("." + $0) }
    }
}
