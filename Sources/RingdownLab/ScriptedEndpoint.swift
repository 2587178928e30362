internal import RingdownCore
internal import RingdownOAuth

/// A token endpoint that responds as the scenario specifies. Requests are sent with `OAuthClient`.
final class ScriptedEndpoint: TokenRequester {
    private let wire: Wire
    private let client: OAuthClient

    init(time: ManualTime, lifetime: Double) {
        wire = Wire(time: time, lifetime: lifetime)
        client = OAuthClient(Self.grant, transport: wire, time: time)
    }

    private static let grant: Grant = {
        guard let url = try? HTTPURL("https://login.example.com/oauth/token") else { preconditionFailure("a URL") }
        var grant = Grant(endpoint: .fixed(url), parameters: [.init("grant_type", "client_credentials")])
        grant.client = ("client", Secret("secret"))
        grant.defaultLifetime = .seconds(86400)
        return grant
    }()

    var requests: Int { wire.state.withLock { $0.requests } }
    var isHanging: Bool {
        let now = wire.time.now().uptime
        return wire.state.withLock { $0.hangsUntil.map { now < $0 } ?? false }
    }

    /// Sets the response for later requests.
    func script(_ reply: Scenario.Reply?) {
        wire.state.withLock { $0.reply = reply }
    }

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        try await client.requestToken(draw: 0)
    }
}

private final class Wire: Transport {
    struct State: Sendable {
        var reply: Scenario.Reply?
        var requests = 0
        var hangsUntil: Duration?
    }

    let time: ManualTime
    let state = Locked(State())
    private let lifetime: Double

    init(time: ManualTime, lifetime: Double) {
        (self.time, self.lifetime) = (time, lifetime)
    }

    func send(_ request: Request) async throws(TransportError) -> Response {
        let (scripted, number) = state.withLock { state in
            state.requests += 1
            return (state.reply, state.requests)
        }
        let reply = scripted ?? .init(kind: .fresh)
        if let latency = reply.kind == .hang ? .infinity : reply.latency {
            let limit = request.limits.total
            let wait = latency < limit.inSeconds ? .seconds(latency) : limit
            state.withLock { $0.hangsUntil = time.now().uptime + wait }
            try? await time.sleep(for: wait)
            if wait == limit { throw failure(.timeout, request) }
        }
        if reply.isCut { throw failure(.brokenResponse, request) }
        return response(reply, number)
    }

    private func failure(_ code: TransportError.Code, _ request: Request) -> TransportError {
        TransportError(code, place: request.url.origin.description, message: code.rawValue)
    }

    private func response(_ reply: Scenario.Reply, _ number: Int) -> Response {
        var response = Response(status: reply.status ?? 200)
        switch reply.kind {
        case .fresh, .hang: response.body = token(reply, number, expiresIn: reply.lifetime ?? lifetime)
        case .stale: response.body = token(reply, number, expiresIn: 0)
        case .malformed: response.body = Array("<!DOCTYPE html><p>Access denied".utf8)
        case .nonRecoverableError:
            response.status = reply.status ?? 401
            response.body = (["error": "invalid_client"] as JSON).bytes()
        case .error:
            response.status = reply.status ?? 503
            if let seconds = reply.retryAfter { try? response.headers.set("Retry-After", String(Int(seconds))) }
        }
        return response
    }

    private func token(_ reply: Scenario.Reply, _ number: Int, expiresIn: Double) -> [UInt8] {
        let good: [JSON.Member] = [
            .init("access_token", .string("token-\(number)")), .init("token_type", "bearer"),
            .init("expires_in", .number(String(expiresIn))),
        ]
        let kept = good.filter { own in !reply.members.contains { $0.name == own.name } }
        return JSON.object(kept + reply.members.filter { $0.value != "missing" }).bytes()
    }
}
