package import RingdownCore
package import RingdownOAuth

/// Requests tokens from a local broker (`ringdown serve`). The program needs no client secret.
package final class BrokerClient: TokenRequester {
    private let socketPath: String
    private let profileName: String?
    private let transport: any Transport
    private let time: any TimeSource
    /// The last token of the broker. A request for another one means that the API rejected it.
    private let last = Locked<Secret?>(nil)
    private let first = Locked<Token?>(nil)

    /// Creates a client for a broker.
    ///
    /// - Parameters:
    ///   - socketPath: The path of the broker's Unix domain socket.
    ///   - profileName: The broker's profile to use; nil for its first profile.
    ///   - transport: The transport that sends the requests.
    ///   - time: The clock (default: the system clock).
    package init(
        socketPath: String, profileName: String?, transport: any Transport, time: any TimeSource = .system
    ) {
        (self.socketPath, self.profileName) = (socketPath, profileName)
        (self.transport, self.time) = (transport, time)
    }

    /// Returns the profile that the broker serves.
    ///
    /// - Throws: `TokenError` if the broker cannot be reached, has no token, or serves an unsupported platform.
    ///
    /// - Parameter calls: The settings of retries, for a broker that has no token yet.
    package func profile(calls: CallSettings = CallSettings()) async throws(TokenError) -> Profile {
        // Waiting does not start a broker.
        let (token, json) = try await TokenRetryPolicy(calls).retrying(time, unless: { $0.transport != nil }) {
            () throws(TokenError) in try await ask()
        }
        first.withLock { $0 = token }
        let name = json["platform"]?.string ?? ""
        guard let platform = Platform.all.first(where: { $0.name == name }) else {
            throw TokenError(
                .malformedResponse,
                "the broker at \(socketPath) serves an unsupported platform: \(sanitized(name))")
        }
        let api = json["api_url"]?.string.flatMap { try? HTTPURL($0) }
        var profile = Profile(
            platform, .broker(self), api: api.map { .fixed($0) } ?? .unset(variable: "OAUTH_API_URL"))
        profile.region = json["region"]?.string
        profile.loopbackOrigins = (json["loopback_origins"]?.array ?? []).compactMap { item in
            item.string.flatMap { try? HTTPURL($0) }?.origin
        }.filter(\.isLoopback)
        return profile
    }

    /// Requests a token from the broker. Reports the last token as rejected.
    ///
    /// - Throws: `TokenError` if the broker cannot be reached or has no token.
    package func requestToken(draw: Double) async throws(TokenError) -> Token {
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
                "no token from the broker at \(socketPath): \(sanitized(error?["message"]?.string ?? "status \(response.status)"))",
                status: response.status)
            failure.retryAfter = RetryAfter.read(from: response.headers, now: time.now().wall)
            throw failure
        }
        guard let body,
            let range = try? JSONReader.members(of: response.body).first(where: { $0.name == "access_token" })?.range,
            let value = try? JSONReader.secret(of: response.body, in: range), Token.isSendable(value)
        else { throw TokenError(.malformedResponse, "\(socketPath) is not a broker") }
        last.withLock { $0 = value }
        let seconds = body["expires_in"]?.double
        // The age of the token is preserved, because a rejected token that is new is not replaced.
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
                "cannot reach the broker at \(socketPath): \(error.message)")
            failure.transport = error
            throw failure
        }
    }
}
