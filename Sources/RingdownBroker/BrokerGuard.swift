internal import RingdownCore

/// Who may ask a broker: programs of this user, and nobody through a browser, a proxy or another name for this machine.
struct BrokerGuard {
    /// What callers over TCP must show; nil on a socket that only the user can open.
    let key: Secret?

    /// Why a request is refused; nil where it is not.
    func refusal(_ request: Request) -> (status: Int, message: String)? {
        for name in ["X-Forwarded-For", "Forwarded", "Via", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode"]
        where request.headers.has(name) {
            return (403, "\(name) is set: requests of proxies and browsers are not answered")
        }
        guard ["localhost", "127.0.0.1", "[::1]", "::1"].contains(request.url.host) else {
            return (403, "the broker answers by the names of this machine only")
        }
        guard let key, !["/livez", "/readyz"].contains(request.url.path) else { return nil }
        let given = request.headers["Authorization"] ?? ""
        guard given.lowercased().hasPrefix("bearer "), Secret(String(given.dropFirst(7)).trimmed) == key else {
            return (401, "Authorization: Bearer with the broker's key is missing or wrong")
        }
        return nil
    }
}
