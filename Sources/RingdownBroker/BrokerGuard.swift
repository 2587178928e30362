internal import RingdownCore

/// The access rules of a broker: it accepts programs of this user, but no browsers, proxies or other names of this machine.
struct BrokerGuard {
    /// The bearer token that callers over TCP must send; nil on a socket that only the user can open.
    let key: Secret?

    /// Returns the status and the reason of a refusal, or nil if the request is accepted.
    func refusal(_ request: Request) -> (status: Int, message: String)? {
        for name in ["X-Forwarded-For", "Forwarded", "Via", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode"]
        where request.headers.has(name) {
            return (403, "the header \(name) is set: requests from proxies and browsers are refused")
        }
        guard ["localhost", "127.0.0.1", "[::1]", "::1"].contains(request.url.host) else {
            return (403, "the host must be localhost, 127.0.0.1 or ::1")
        }
        guard let key, !["/livez", "/readyz"].contains(request.url.path) else { return nil }
        let given = request.headers["Authorization"] ?? ""
        guard given.lowercased().hasPrefix("bearer "), Secret(String(given.dropFirst(7)).trimmed) == key else {
            return (401, "the Authorization header has no bearer token or not the key of the broker")
        }
        return nil
    }
}
