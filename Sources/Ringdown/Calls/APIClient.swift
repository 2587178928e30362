public import RingdownCore
public import RingdownOAuth

/// Calls a platform's API with a token that is always valid.
///
/// A call that is answered 401 gets one new token and is sent once more; calls that the platform could not answer are
/// repeated as ``CallSettings`` has it. The token goes only to the platform's own hosts.
public final class APIClient: Sendable {
    public let profile: Profile
    let transport: any Transport
    private let tokens: TokenSource
    let store: any TokenStore
    let time: any TimeSource
    private let base = Locked<HTTPURL?>(nil)
    private let scheduler: RequestScheduler

    public init(
        _ profile: Profile, transport: any Transport, store: any TokenStore = .memory, time: any TimeSource = .system,
        settings: LifecycleSettings = LifecycleSettings(), calls: CallSettings = CallSettings()
    ) {
        self.profile = profile
        self.transport = transport
        self.time = time
        self.store = store
        tokens = TokenSource(profile, transport: transport, store: store, time: time, settings: settings)
        scheduler = RequestScheduler(calls, time: time, store: store, key: tokens.key)
    }

    /// What this client did so far.
    public var counts: CallCounts { scheduler.counts }

    /// Tells `observer` of everything that happens to calls from now on; it must not block. There is one observer.
    public func observe(_ observer: @escaping @Sendable (CallEvent) -> Void) { scheduler.observe(observer) }

    /// A token that is valid now and for at least `minimumValidity`; `force` asks the platform for a new one. Throws `TokenError`.
    public func token(minimumValidity: Duration = .zero, force: Bool = false) async throws(TokenError) -> Token {
        try await tokens.token(minimumValidity: minimumValidity, force: force)
    }

    /// The JSON that a GET answers; `null` for an empty answer (204). Throws ``APIError`` and `TokenError`.
    public func get(_ path: String) async throws -> JSON { try await json(APICall(path)) }

    /// What a GET answers, as `decode` reads it: `try await client.get("/api/v2/organizations/me") { try decoder.decode(…) }`.
    public func get<Value>(_ path: String, decode: ([UInt8]) throws -> Value) async throws -> Value {
        try decode(try await send(APICall(path)).body)
    }

    /// Sends JSON, and returns what is answered; `null` for an empty answer. A POST that only asks `isIdempotent` to be repeated.
    public func post(_ path: String, _ body: JSON, isIdempotent: Bool = false) async throws -> JSON {
        try await json(APICall("POST", path, json: body, isIdempotent: isIdempotent))
    }
    public func put(_ path: String, _ body: JSON) async throws -> JSON {
        try await json(APICall("PUT", path, json: body))
    }
    public func patch(_ path: String, _ body: JSON) async throws -> JSON {
        try await json(APICall("PATCH", path, json: body))
    }
    public func delete(_ path: String) async throws { _ = try await send(APICall("DELETE", path)) }

    func json(_ call: APICall) async throws -> JSON {
        let response = try await send(call)
        if response.body.isEmpty { return .null }
        do { return try JSONReader.parse(response.body) } catch {
            throw APIError(
                .malformedResponse, "\(call.title) answered \(response.status), but not with JSON (\(error))",
                hint: "a proxy or gateway may have answered in the API's place", status: response.status
            )
        }
    }

    /// Sends a call, and returns the successful response. Throws ``APIError`` for any other status or none, `TokenError` where
    /// there is no token, and `CancellationError`.
    public func send(_ call: APICall) async throws -> Response {
        var (attempt, hasNewToken) = (1, false)
        while true {
            let url = try await url(call.path, try await token())
            try await scheduler.admit(call)
            // A token may have ended while the call waited.
            let token: Token
            do { token = try await self.token() } catch {
                scheduler.abandon()
                throw error
            }
            let (result, failure) = try await exchange(call, url, token, attempt)
            if let failure, try await scheduler.mayRepeat(call, after: failure, attempt: attempt) {
                attempt += 1
                continue
            }
            let response = try result.get()
            if response.status == 401, !hasNewToken, tokens.reject(token) == .retry {
                scheduler.tell(.tokenRefused(method: call.method, path: call.path))
                hasNewToken = true
                continue
            }
            guard response.isSuccess else { throw error(response, call, url, token) }
            return response
        }
    }

    /// Sends a call as a proxy does: with a token, once more with a new one after a 401, and returns whatever is answered. Nothing
    /// is repeated and nobody waits otherwise: that is for who sent it. Throws as ``send(_:)``, but for a status.
    public func forward(_ call: APICall) async throws -> Response {
        let token = try await token()
        let url = try await url(call.path, token)
        let response = try await forward(call, url, token)
        guard response.status == 401, tokens.reject(token) == .retry else { return response }
        scheduler.tell(.tokenRefused(method: call.method, path: call.path))
        return try await forward(call, url, try await self.token())
    }

    private func forward(_ call: APICall, _ url: HTTPURL, _ token: Token) async throws -> Response {
        var request = Request(
            call.method, url, headers: call.headers, body: call.body.isEmpty ? .none : .bytes(call.body))
        request.isDeclaredIdempotent = call.mayBeRetried
        try request.headers.set("Authorization", token.authorization)
        let start = time.now().uptime
        do throws(TransportError) {
            let response = try await transport.send(request)
            report(response, call, 1, time.now().uptime - start)
            return response
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            throw APIError.unreachable(error)
        }
    }

    /// Text of a server for a message, without the token. It takes the place of the function of the same name in all code of this
    /// type.
    func sanitized(_ text: String, limit: Int = 256) -> String {
        RingdownCore.sanitized(text, without: cachedToken.map { [$0.value] } ?? [], limit: limit)
    }

    /// The token that would be served now, if there is one; nothing is requested.
    public var cachedToken: Token? { tokens.cachedToken() }
    /// How many token requests there were.
    public var tokenRequestCounts: TokenRequestCounts { tokens.tokenRequestCounts }

    /// Tells that the API refused a token that somebody else was given: it is not handed out again.
    public func reject(_ value: Secret) {
        guard let token = cachedToken, token.value == value else { return }
        _ = tokens.reject(token)
    }

    /// The API's address, found out once.
    public func baseURL() async throws -> HTTPURL {
        if let known = base.withLock({ $0 }) { return known }
        return try await baseURL(token())
    }

    /// The token that the store holds, whether or not it is still good; nothing is requested.
    package func storedToken() async -> Token? { await tokens.storedToken() }

    /// The token that is cached, in memory or in the store, which is in neither any more.
    func forgetToken() async -> Token? {
        // One that came from elsewhere is not cached, but can be ended.
        if case .accessToken = profile.credential { return try? await token() }
        return await tokens.forget()
    }

    func baseURL(_ token: Token) async throws(APIError) -> HTTPURL {
        if let known = base.withLock({ $0 }) { return known }
        let found: HTTPURL
        switch profile.api {
        case .fixed(let url): found = url
        case .tenant(let tenant): found = try await tenant.apiURL(for: token, over: transport)
        case .unset(let variable):
            throw APIError(.configuration, "\(variable) is not set", hint: "set it to the address of the API")
        }
        base.withLock { $0 = found }
        return found
    }

    private func url(_ path: String, _ token: Token) async throws(APIError) -> HTTPURL {
        let base = try await baseURL(token)
        let url: HTTPURL
        do { url = path.hasPrefix("/") ? try base.appending(path) : try HTTPURL(path) } catch {
            throw APIError(
                .invalidPath, "\(error)", hint: "write a path such as /api/v2/users, with the slash and percent-encoded"
            )
        }
        let policy = OriginPolicy(base: base, trustedDomains: profile.platform.trustedDomains)
        guard policy.allows(url) else {
            if let url = policy.throughGateway(url) { return url }
            throw APIError(
                .untrustedHost, "\(url.origin) is not a host of \(profile.platform.title): the token is not sent there",
                hint: "fetch it without a token, if the link is meant to be public"
            )
        }
        return url
    }

    /// Sends a call once, and says what is wrong with the answer as far as sending it again might help.
    private func exchange(
        _ call: APICall, _ url: HTTPURL, _ token: Token, _ attempt: Int
    ) async throws -> (Result<Response, APIError>, CallFailure?) {
        var request = Request(
            call.method, url, headers: call.headers, body: call.body.isEmpty ? .none : .bytes(call.body))
        request.isDeclaredIdempotent = call.mayBeRetried
        do {
            // CXone answers without it: "No known way to render data" (`cxone.md` section 3.1).
            if !request.headers.has("Accept") { try request.headers.set("Accept", "application/json") }
            try request.headers.set("Authorization", token.authorization)
        } catch {
            scheduler.abandon()
            throw APIError(.configuration, "\(error)", hint: "the token or a header cannot be sent")
        }
        let start = time.now().uptime
        do throws(TransportError) {
            let response = try await transport.send(request)
            let failure = failure(response)
            scheduler.ended(response, failure)
            report(response, call, attempt, time.now().uptime - start)
            return (.success(response), failure)
        } catch {
            let failure: CallFailure? =
                switch error.code {
                case .connection, .nameResolution, .proxy: .unsent
                case .timeout, .brokenResponse: .interrupted
                default: nil
                }
            // What says nothing of the platform's health is neither a success nor a failure.
            if failure == nil { scheduler.abandon() } else { scheduler.ended(nil, failure) }
            if error.code == .cancelled { throw CancellationError() }
            let elapsed = time.now().uptime - start
            Logger.current.debug("api.unanswered", "\(call.title) \(error.code.rawValue) \(milliseconds(elapsed))")
            scheduler.tell(
                .unanswered(
                    method: call.method, path: call.path, reason: error.code.rawValue, attempt: attempt,
                    duration: elapsed))
            return (.failure(.unreachable(error)), failure)
        }
    }

    private func failure(_ response: Response) -> CallFailure? {
        guard response.status == 429 || response.status >= 500 else { return nil }
        return .status(
            response.status, asked: RetryAfter.read(from: response.headers, now: time.now().wall),
            reset: RateLimit(response.headers)?.reset)
    }

    private func report(_ response: Response, _ call: APICall, _ attempt: Int, _ elapsed: Duration) {
        Logger.current.debug("api.call", "\(call.title) \(response.status) \(milliseconds(elapsed))")
        scheduler.tell(
            .answered(
                method: call.method, path: call.path, status: response.status, attempt: attempt, duration: elapsed,
                correlationID: response.headers["ININ-Correlation-Id"]))
    }

    private func milliseconds(_ duration: Duration) -> String { "\(Int((duration.inSeconds * 1000).rounded())) ms" }

    private func error(_ response: Response, _ call: APICall, _ url: HTTPURL, _ token: Token) -> APIError {
        let fault = profile.platform.fault(response)
        // A gateway for debugging may echo what it was sent.
        let secrets = [token.value]
        let said =
            fault.message.map { RingdownCore.sanitized($0, without: secrets) }
            ?? RingdownCore.sanitized(response.body, without: secrets)
        let text = "\(call.method) \(url.path) answered \(response.status)" + (said.isEmpty ? "" : ": \(said)")
        let (code, hint) = APIError.meaning(response, fault, age: token.age(at: time.now()))
        var error = APIError(code, text, hint: hint, status: response.status)
        if case .accessToken = profile.credential, response.status == 401 {
            error.hint = "the access token in GENESYSCLOUD_ACCESS_TOKEN is refused or over: obtain another one"
        }
        error.platformCode = fault.code.map { sanitized($0, limit: 80) }
        error.correlationID = fault.correlationID.map { sanitized($0, limit: 80) }
        error.retryAfter = RetryAfter.read(from: response.headers, now: time.now().wall)
        return error.without(secrets)
    }
}
