package import Ringdown
package import RingdownCore
internal import RingdownOAuth
internal import Synchronization

/// A handler that issues tokens to the programs of a user and calls the API for them, so that they never receive the client secret.
///
/// `GET /token` returns a token. `/proxy/PROFILE/…` forwards a call with the token added. `/livez`, `/readyz` and `/metrics` are
/// for monitoring.
package final class Broker: Handler {
    /// An account that the broker serves.
    package struct Account: Sendable {
        /// The name of the profile.
        package var name: String
        /// The client that requests tokens and sends calls.
        package var client: APIClient

        package init(name: String, client: APIClient) {
            (self.name, self.client) = (name, client)
        }
    }

    private let accounts: [Account]
    private let guardian: BrokerGuard
    private let time: any TimeSource
    private let version: String
    private let isEnding = Atomic(false)
    private let counters = Locked(BrokerCounters())

    /// Creates a broker.
    ///
    /// - Parameters:
    ///   - accounts: The accounts. Requests without a profile use the first one.
    ///   - key: The bearer token that callers must send; nil if the permissions of the socket already exclude other users.
    ///   - version: The version for the metrics.
    ///   - time: The time source.
    package init(_ accounts: [Account], key: Secret?, version: String, time: any TimeSource = .system) {
        self.accounts = accounts
        guardian = BrokerGuard(key: key)
        (self.version, self.time) = (version, time)
    }

    /// Makes `/readyz` report that the broker is stopping, so that it receives no new clients.
    package func end() { isEnding.store(true, ordering: .relaxed) }

    /// Refreshes the tokens of all accounts ahead of time, so that no caller waits for a token. Runs until it is cancelled.
    package func keepFresh() async {
        await withTaskGroup(of: Void.self) { group in
            for account in accounts {
                group.addTask { [time] in
                    var schedule = RenewalSchedule(shortest: .seconds(1))
                    while !Task.isCancelled {
                        let token = try? await account.client.token()
                        let pause = schedule.pause(after: token, at: time.now(), draw: .random(in: 0..<1))
                        guard (try? await time.sleep(for: pause)) != nil else { return }
                    }
                }
            }
        }
    }

    package func handle(_ request: Request) -> Reply {
        if let (status, message) = guardian.refusal(request) {
            counters.withLock { $0.refused += 1 }
            return .ready(Self.failure(status, "forbidden", message))
        }
        let path = request.url.path
        switch (request.method, path) {
        case ("GET", "/livez"): return .ready(Response(status: 200, body: Array("ok\n".utf8)))
        case ("GET", "/readyz"): return .ready(readiness())
        case ("GET", "/metrics"): return .ready(metrics())
        case ("GET", "/token"): return .deferred { await self.token(request) }
        case ("POST", "/token/reject"): return .ready(reject(request))
        case (_, let path) where path.hasPrefix("/proxy/"): return .deferred { await self.proxied(request) }
        default:
            return .ready(
                Self.failure(
                    404, "notFound",
                    "available endpoints: GET /token, POST /token/reject, /proxy/PROFILE/…, /livez, /readyz, /metrics"))
        }
    }

    // MARK: Tokens

    private func account(_ name: String?) -> Account? {
        guard let name, !name.isEmpty else { return accounts.first }
        return accounts.first { $0.name == name }
    }

    private func unknownAccount(_ name: String?) -> Response {
        let names = accounts.map(\.name).joined(separator: ", ")
        return Self.failure(
            404, "notFound", "unknown profile '\(sanitized(name ?? "", limit: 60))'; available profiles: \(names)")
    }

    private func token(_ request: Request) async -> Response {
        let name = request.url.queryValue("profile")
        guard let account = account(name) else { return unknownAccount(name) }
        let seconds = request.url.queryValue("min_ttl").map { Double($0) ?? -1 } ?? 0
        guard (0...1e6).contains(seconds) else {
            return Self.failure(400, "badInput", "min_ttl must be a number of seconds from 0 to 1000000")
        }
        do {
            let token = try await account.client.token(minimumValidity: .seconds(seconds))
            let base = try? await account.client.baseURL()
            counters.withLock { $0.tokens[account.name, default: 0] += 1 }
            let left = token.remaining(at: time.now())
            return Self.unstored(
                Response(json: [
                    "access_token": .string(token.value.reveal()), "token_type": "Bearer",
                    "expires_in": token.isLifetimeKnown ? .int(max(0, Int(left.inSeconds))) : .null,
                    "expires_at": token.isLifetimeKnown ? .string(token.expiry.rfc3339) : .null,
                    "issued_at": .string(token.requested.wall.rfc3339),
                    "scope": .optional(token.scope), "profile": .string(account.name),
                    "platform": .string(account.client.profile.platform.name),
                    "region": .optional(account.client.profile.region), "api_url": .optional(base.map { "\($0)" }),
                    "loopback_origins": .array(account.client.profile.loopbackOrigins.map { .string($0.description) }),
                ]))
        } catch { return failure(error, account) }
    }

    /// Handles `{"access_token": …}` for a token that the API refused. The token is not issued again.
    private func reject(_ request: Request) -> Response {
        guard let value = (try? JSONReader.parse(request.bodyBytes))?["access_token"]?.string else {
            return Self.failure(400, "badInput", "expected {\"access_token\": …}")
        }
        let name = request.url.queryValue("profile")
        guard let account = account(name) else { return unknownAccount(name) }
        account.client.reject(Secret(value))
        return Response(status: 204)
    }

    // MARK: Calls

    private func proxied(_ request: Request) async -> Response {
        let parts = request.url.path.dropFirst("/proxy/".count).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map { percentDecoded($0) }
        guard let account = account(name), name?.isEmpty == false else { return unknownAccount(name) }
        var path = "/" + (parts.count > 1 ? String(parts[1]) : "")
        if let query = request.url.query { path += "?" + query }
        let call = APICall(
            request.method, path, headers: ProxiedHeaders.toServer(request.headers), body: request.bodyBytes)
        do {
            let response = try await account.client.forward(call)
            counters.withLock { $0.calls["\(account.name) \(response.status / 100)xx", default: 0] += 1 }
            return Response(
                status: response.status, headers: ProxiedHeaders.toCaller(response.headers), body: response.body)
        } catch {
            counters.withLock { $0.calls["\(account.name) none", default: 0] += 1 }
            return failure(error, account)
        }
    }

    // MARK: Operation

    /// Reports ready when every account has a token, so that programs that start afterwards do not wait.
    private func readiness() -> Response {
        if isEnding.load(ordering: .relaxed) { return Self.failure(503, "ending", "the broker is stopping") }
        for account in accounts where account.client.cachedToken == nil {
            return Self.failure(503, "noToken", "no token is available for \(account.name) yet")
        }
        return Response(status: 200, body: Array("ok\n".utf8))
    }

    private func metrics() -> Response {
        var expiries: [(String, Double)] = []
        for account in accounts {
            if let token = account.client.cachedToken, token.isLifetimeKnown {
                expiries.append((account.name, token.expiry.secondsSince1970))
            }
        }
        let records = accounts.map { ($0.name, $0.client.tokenRequestCounts) }
        let text = counters.withLock { $0.text(version: version, expiries: expiries, records: records) }
        return Response(
            status: 200, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"], body: Array(text.utf8))
    }

    private func failure(_ error: any Error, _ account: Account) -> Response {
        switch error {
        case let error as TokenError:
            var response = Self.failure(
                error.code == .rateLimited ? 503 : error.code == .tooShort ? 400 : 502, "\(error.code)", error.message,
                hint: error.hint)
            if let wait = error.retryAfter {
                response.headers.addParsed("Retry-After", String(Int(wait.inSeconds.rounded(.up))))
            }
            return response
        case let error as APIError:
            let status = error.code == .untrustedHost || error.code == .invalidPath ? 400 : 502
            return Self.failure(status, "\(error.code)", error.message, hint: error.hint)
        default: return Self.failure(502, "failed", "\(error)")
        }
    }

    static func failure(_ status: Int, _ code: String, _ message: String, hint: String = "") -> Response {
        unstored(
            Response(
                status: status,
                json: ["error": ["code": .string(code), "message": .string(message), "hint": .string(hint)]]))
    }

    /// Adds `Cache-Control: no-store`, so that no intermediary stores the response.
    private static func unstored(_ response: Response) -> Response {
        var response = response
        response.headers.addParsed("Cache-Control", "no-store")
        return response
    }
}

extension Request {
    fileprivate var bodyBytes: [UInt8] { if case .bytes(let bytes) = body { bytes } else { [] } }
}
