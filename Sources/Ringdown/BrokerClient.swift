public import RingdownCore
public import RingdownOAuth

/// Gets tokens from a broker on this machine (`ringdown serve`): the program has no secret of its own.
public final class BrokerClient: TokenRequester {
    private let socketPath: String
    private let profileName: String?
    private let transport: any Transport
    private let time: any TimeSource
    /// The token that was handed out last; asking for another one means that it will not do.
    private let last = Locked<Secret?>(nil)
    private let first = Locked<Token?>(nil)

    /// `profileName` is which of the broker's accounts; nil for its first.
    public init(
        socketPath: String, profileName: String?, transport: any Transport, time: any TimeSource = .system
    ) {
        (self.socketPath, self.profileName) = (socketPath, profileName)
        (self.transport, self.time) = (transport, time)
    }

    /// The account as the broker has it. Throws `TokenError` where the broker cannot be asked or has no token.
    public func profile() async throws(TokenError) -> Profile {
        let (token, json) = try await ask()
        first.withLock { $0 = token }
        let name = json["platform"]?.string ?? ""
        guard let platform = Platform.all.first(where: { $0.name == name }) else {
            throw TokenError(
                .malformedResponse,
                "the broker at \(socketPath) serves a platform that is unknown here: \(sanitized(name))")
        }
        let api = json["api_url"]?.string.flatMap { try? HTTPURL($0) }
        var profile = Profile(
            platform, .broker(self), api: api.map { .fixed($0) } ?? .unset(variable: "OAUTH_API_URL"))
        profile.region = json["region"]?.string
        return profile
    }

    public func requestToken(draw: Double) async throws(TokenError) -> Token {
        if let token = first.withLock({ $0.take() }) { return token }
        if let refused = last.withLock({ $0 }) { try await reject(refused) }
        return try await ask().token
    }

    private func ask() async throws(TokenError) -> (token: Token, json: JSON) {
        let sent = time.now()
        var response = try await send("GET", "/token", body: .none)
        defer { wipe(&response.body) }
        let body = try? JSONReader.parse(response.body)
        guard response.isSuccess else {
            let error = body?["error"]
            var failure = TokenError(
                TokenError.Code(rawValue: error?["code"]?.string ?? "") ?? .serverFailed,
                "the broker at \(socketPath) has no token: \(sanitized(error?["message"]?.string ?? "status \(response.status)"))",
                status: response.status)
            failure.retryAfter = RetryAfter.read(from: response.headers, now: time.now().wall)
            throw failure
        }
        guard let body,
            let range = try? JSONReader.members(of: response.body).first(where: { $0.name == "access_token" })?.range,
            let value = try? JSONReader.secret(of: response.body, in: range), Token.isSendable(value)
        else { throw TokenError(.malformedResponse, "what answers at \(socketPath) is no broker") }
        last.withLock { $0 = value }
        let seconds = body["expires_in"]?.double
        // Its age counts: a refused token that is new would not be replaced.
        let issued = body["issued_at"]?.string.flatMap { Timestamp(rfc3339: $0) } ?? sent.wall
        let age = max(.zero, min(sent.wall - issued, .seconds(1e8)))
        let token = Token(
            value: value, scope: body["scope"]?.string, lifetime: .seconds(min(max(seconds ?? 3600, 0), 1e9)) + age,
            requested: Instant(uptime: sent.uptime - age, wall: sent.wall + (.zero - age)),
            isLifetimeKnown: seconds != nil)
        return (token, body)
    }

    private func reject(_ token: Secret) async throws(TokenError) {
        let body = Secret(joining: [Secret(#"{"access_token":""#), token, Secret(#""}"#)])
        _ = try await send("POST", "/token/reject", body: .secret(body))
    }

    private func send(_ method: String, _ path: String, body: Request.Body) async throws(TokenError) -> Response {
        do throws(TransportError) {
            var url: HTTPURL
            do { url = try HTTPURL("http://localhost\(path)") } catch {
                throw TransportError(.setup, place: socketPath, message: "\(error)")
            }
            if let profileName { url = url.appending(query: [("profile", profileName)]) }
            var request = Request(method, url, headers: ["Accept": "application/json"], body: body)
            request.socketPath = socketPath
            return try await transport.send(request)
        } catch {
            var failure = TokenError(
                error.code == .cancelled ? .cancelled : .unreachable,
                "the broker at \(socketPath) does not answer: \(error.message)")
            failure.transport = error
            throw failure
        }
    }
}
