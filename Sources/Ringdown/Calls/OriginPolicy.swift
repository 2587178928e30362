internal import RingdownCore

/// Which servers may be given a token: the API's own origin, and the platform's other hosts over HTTPS. Nobody else,
/// whatever a link or a redirect says.
struct OriginPolicy: Sendable {
    let base: HTTPURL
    let trustedDomains: [String]

    func allows(_ url: HTTPURL) -> Bool {
        // A simulator has a port for each host, all on this machine.
        if base.origin.isLoopback { return url.origin.isLoopback }
        guard url.origin.scheme == "https" else { return false }
        if url.origin == base.origin { return true }
        return !isGateway && url.origin.isDefaultPort && isTrusted(url.host)
    }

    /// A base outside the platform's domains: nothing goes around it.
    private var isGateway: Bool { !isTrusted(base.host) }

    /// Where a link leads that the platform behind a gateway made: to the same path at the gateway. Nil for other links.
    func throughGateway(_ url: HTTPURL) -> HTTPURL? {
        guard isGateway, !base.origin.isLoopback, isTrusted(url.host) else { return nil }
        return try? base.appending(url.target)
    }

    private func isTrusted(_ host: String) -> Bool {
        trustedDomains.contains { host == $0 || host.hasSuffix("." + $0) }
    }
}
