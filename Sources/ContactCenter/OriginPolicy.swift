internal import HTTPModel

/// Which servers may be given a token: the API's own origin, and the platform's other hosts over HTTPS. Nobody else,
/// whatever a link or a redirect says.
struct OriginPolicy: Sendable {
    let base: HTTPURL
    let trustedDomains: [String]

    func allows(_ url: HTTPURL) -> Bool {
        if url.origin == base.origin { return true }
        // A simulator has a port for each host, all on this machine.
        if base.origin.isLoopback { return url.origin.isLoopback }
        guard url.origin.scheme == "https", url.origin.isDefaultPort else { return false }
        // A base outside the platform's domains is a gateway: nothing goes around it.
        guard isTrusted(base.host) else { return false }
        return isTrusted(url.host)
    }

    private func isTrusted(_ host: String) -> Bool {
        trustedDomains.contains { host == $0 || host.hasSuffix("." + $0) }
    }
}
