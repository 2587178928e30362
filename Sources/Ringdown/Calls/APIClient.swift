public import RingdownCore
internal import RingdownCurl
public import RingdownOAuth

/// A client for the API of a platform. It manages tokens, retries, and rate limits.
///
/// After a 401, the client requests one new token and sends the call again. It retries temporary failures of calls and of token
/// requests as ``CallSettings`` specifies. It sends the token to hosts of the platform only.
public final class APIClient: Sendable {
    /// The profile of the account.
    package let profile: Profile
    let transport: any Transport
    /// The transport that only this client uses; nil if it was given to the client.
    let ownTransport: CurlTransport?
    let lifetime = ClientLifetime()
    let tokens: TokenSource
    let store: any TokenStore
    let time: any TimeSource
    private let base = Locked<HTTPURL?>(nil)
    let scheduler: RequestScheduler

    /// Creates a client.
    ///
    /// - Parameters:
    ///   - profile: The profile of the account.
    ///   - transport: The transport that sends the requests.
    ///   - store: The store that shares tokens with other processes (default: none).
    ///   - time: The clock (default: the system clock).
    ///   - settings: The settings of the token lifecycle.
    ///   - calls: The settings of retries and rate limits.
    ///   - ownsTransport: Whether ``shutdown()`` shuts the transport down (default: false).
    package init(
        _ profile: Profile, transport: any Transport, store: any TokenStore = .memory, time: any TimeSource = .system,
        settings: LifecycleSettings = LifecycleSettings(), calls: CallSettings = CallSettings(),
        ownsTransport: Bool = false
    ) {
        self.profile = profile
        ownTransport = ownsTransport ? transport as? CurlTransport : nil
        let transport = LifetimeTransport(transport, lifetime)
        self.transport = transport
        self.time = LifetimeTime(time, lifetime)
        let store = profile.store(store)
        self.store = store
        var lifecycle = settings
        lifecycle.retries = TokenRetryPolicy(calls)
        tokens = TokenSource(
            profile, transport: transport, store: store, time: time, settings: lifecycle,
            tasks: lifetime.tasks)
        scheduler = RequestScheduler(
            calls, limitHeaders: profile.platform.capabilities.rateLimitHeaders, time: self.time, store: store,
            key: tokens.key, tasks: lifetime.tasks)
        tokens.observeWaits { [scheduler] wait, error in scheduler.tell(.waiting(wait, reason: error.message)) }
    }

    /// The counters of this client.
    public var counts: CallCounts { scheduler.counts }

    /// Sets the observer of the events of calls, which replaces the previous one. The observer must not block.
    public func observe(_ observer: @escaping @Sendable (CallEvent) -> Void) { scheduler.observe(observer) }

    /// Returns a valid token.
    ///
    /// - Parameters:
    ///   - minimumValidity: The minimum remaining lifetime of the token (default: zero).
    ///   - force: Whether to request a new token even if a usable one is cached (default: false).
    /// - Returns: The token.
    /// - Throws: `TokenError` if no token is available, `CancellationError` if the task is cancelled or the client is shut down, and
    ///   ``APIError`` if the client was shut down before.
    public func token(minimumValidity: Duration = .zero, force: Bool = false) async throws -> Token {
        try lifetime.check()
        return try await validToken(minimumValidity: minimumValidity, force: force)
    }

    private func validToken(minimumValidity: Duration = .zero, force: Bool = false) async throws -> Token {
        do throws(TokenError) { return try await tokens.token(minimumValidity: minimumValidity, force: force) } catch {
            if error.code == .cancelled { throw CancellationError() }
            throw ErrorHints.advised(error, profile)
        }
    }

    /// Sends a GET call and returns the JSON of the response; `null` for an empty response (204).
    ///
    /// - Throws: As ``send(_:)``, and ``APIError`` if the response is not JSON.
    public func get(_ path: String) async throws -> JSON { try await json(APICall(path)) }

    /// Sends a GET call and decodes the response: `try await client.get("/api/v2/organizations/me") { try decoder.decode(…) }`.
    ///
    /// - Parameters:
    ///   - path: The path of the call.
    ///   - decode: The function that decodes the body of the response.
    /// - Throws: As ``send(_:)``, and the errors of `decode`.
    public func get<Value>(_ path: String, decode: ([UInt8]) throws -> Value) async throws -> Value {
        try decode(try await send(APICall(path)).body)
    }

    /// Sends a POST call with JSON and returns the JSON of the response; `null` for an empty response.
    ///
    /// - Parameters:
    ///   - path: The path of the call.
    ///   - body: The request body.
    ///   - isIdempotent: Whether the call may be retried if its outcome is unknown, such as a query (default: false).
    /// - Throws: As ``send(_:)``, and ``APIError`` if the response is not JSON.
    public func post(_ path: String, _ body: JSON, isIdempotent: Bool = false) async throws -> JSON {
        try await json(APICall("POST", path, json: body, isIdempotent: isIdempotent))
    }
    /// Sends a PUT call with JSON and returns the JSON of the response. Throws as ``post(_:_:isIdempotent:)``.
    public func put(_ path: String, _ body: JSON) async throws -> JSON {
        try await json(APICall("PUT", path, json: body))
    }
    /// Sends a PATCH call with JSON and returns the JSON of the response. Throws as ``post(_:_:isIdempotent:)``.
    public func patch(_ path: String, _ body: JSON) async throws -> JSON {
        try await json(APICall("PATCH", path, json: body))
    }
    /// Sends a DELETE call. Throws as ``send(_:)``.
    public func delete(_ path: String) async throws { _ = try await send(APICall("DELETE", path)) }

    /// Sends a call and returns the JSON of the response. An empty response to a GET call is an error, except for 204.
    func json(_ call: APICall) async throws -> JSON {
        let response = try await send(call) { response in
            guard call.method == "GET", response.status != 204 else { return false }
            let isJSON = response.body.first.map { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") } ?? true
            return isJSON && (try? JSONReader.parse(response.body)) == nil
        }
        if response.body.isEmpty, call.method != "GET" || response.status == 204 { return .null }
        do { return try JSONReader.parse(response.body) } catch {
            throw APIError(
                .malformedResponse, "\(call.title) returned \(response.status), but the body is not JSON (\(error))",
                hint: "a proxy or gateway may have responded instead of the API", status: response.status
            )
        }
    }

    /// Sends a call and returns the successful response.
    ///
    /// - Throws: ``APIError`` if the status is not 2xx or no response is received, `TokenError` if no token is available,
    ///   `CancellationError` if the task is cancelled.
    public func send(_ call: APICall) async throws -> Response { try await send(call) { _ in false } }

    /// Sends a call and returns the successful response.
    ///
    /// - Parameter isBroken: Whether the body of a successful response is broken, so that the call is retried as after a 502. The
    ///   last response is returned although it is broken.
    func send(_ call: APICall, isBroken: @Sendable (Response) -> Bool) async throws -> Response {
        try lifetime.check()
        var (attempt, hasNewToken) = (1, false)
        var firstFailure: Duration?
        while true {
            let url = try await url(call.path, try await validToken())
            try await scheduler.admit(call)
            // The token may have expired while the call waited.
            let token: Token
            do { token = try await validToken() } catch {
                scheduler.abandon()
                throw error
            }
            let (result, failure) = try await exchange(call, url, token, attempt, isBroken)
            if let failure {
                let first = firstFailure ?? time.now().uptime
                firstFailure = first
                if try await scheduler.mayRepeat(call, after: failure, attempt: attempt, since: first) {
                    attempt += 1
                    continue
                }
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

    /// Sends a call as a proxy and returns the response regardless of its status. After a 401, the call is sent again with a new
    /// token. There are no other retries or waits, because they are the responsibility of the client of the proxy.
    ///
    /// - Throws: As ``send(_:)``, except for a status.
    public func forward(_ call: APICall) async throws -> Response {
        try lifetime.check()
        let token = try await validToken()
        let url = try await url(call.path, token)
        let response = try await forward(call, url, token)
        guard response.status == 401, tokens.reject(token) == .retry else { return response }
        scheduler.tell(.tokenRefused(method: call.method, path: call.path))
        return try await forward(call, url, try await validToken())
    }

    private func forward(_ call: APICall, _ url: HTTPURL, _ token: Token) async throws -> Response {
        var request = Request(
            call.method, url, headers: call.headers, body: call.body.isEmpty ? .none : .bytes(call.body),
            limits: call.limits ?? scheduler.settings.limits)
        request.isDeclaredIdempotent = call.mayBeRetried
        try request.headers.set("Authorization", token.authorization)
        let start = time.now().uptime
        do throws(TransportError) {
            let response = try await transport.send(request)
            report(response, call, 1, time.now().uptime - start)
            return response
        } catch {
            throw APIError.unanswered(error)
        }
    }

    /// Returns the text of a server for a message, without the token. It replaces the function of the same name in the code of this
    /// type.
    func sanitized(_ text: String, limit: Int = 256) -> String {
        RingdownCore.sanitized(text, without: secretsInUse, limit: limit)
    }

    /// The cached token; nil if there is no valid one. Sends no request.
    public var cachedToken: Token? { tokens.cachedToken() }
    /// The number of token requests of this client.
    public var tokenRequestCounts: TokenRequestCounts { tokens.tokenRequestCounts }

    /// Reports that the API rejected a token of another program. The token is not returned again.
    public func reject(_ value: Secret) {
        guard let token = cachedToken, token.value == value else { return }
        _ = tokens.reject(token)
    }

    /// Returns the base URL of the API. It is discovered once.
    ///
    /// - Throws: ``APIError`` if the URL is unknown, `TokenError` if the discovery requires a token and none is available.
    public func baseURL() async throws -> HTTPURL {
        if let known = base.withLock({ $0 }) { return known }
        return try await baseURL(token())
    }

    /// Returns the stored token, also an expired one, or nil if the store has no token. Sends no request.
    package func storedToken() async -> Token? { await tokens.storedToken() }

    /// Returns the backoff state in the store; nil if the last token request succeeded.
    package func storedBackoff() async -> BackoffState? { await tokens.storedBackoff() }

    /// Deletes the cached token from memory and from the store, and returns it; nil if no token is cached.
    func forgetToken() async -> Token? {
        // A given access token is not cached, but can be revoked.
        if case .accessToken = profile.credential { return try? await token() }
        return await tokens.forget()
    }

    func baseURL(_ token: Token) async throws -> HTTPURL {
        if let known = base.withLock({ $0 }) { return known }
        let found: HTTPURL
        switch profile.api {
        case .fixed(let url): found = url
        case .tenant(let tenant): found = try await tenant.apiURL(for: token, over: transport)
        case .unset(let variable):
            throw APIError(.configuration, "\(variable) is not set", hint: "set it to the URL of the API")
        }
        base.withLock { $0 = found }
        return found
    }

    private func url(_ path: String, _ token: Token) async throws -> HTTPURL {
        let base = try await baseURL(token)
        let url: HTTPURL
        do { url = path.hasPrefix("/") ? try base.appending(path) : try HTTPURL(path) } catch {
            throw APIError(
                .invalidPath, "\(error)",
                hint: "use a percent-encoded path that starts with a slash, such as /api/v2/users"
            )
        }
        let policy = originPolicy(base)
        guard policy.allows(url) else {
            if let url = policy.throughGateway(url) { return url }
            throw APIError(
                .untrustedHost, "\(url.origin) is not a host of \(profile.platform.title): the token is not sent there",
                hint: "if the link is public, fetch it without a token"
            )
        }
        return url
    }

    private func originPolicy(_ base: HTTPURL) -> OriginPolicy {
        OriginPolicy(
            base: base, trustedDomains: profile.platform.trustedDomains, loopbackOrigins: profile.loopbackOrigins)
    }

    /// Whether a call to this URL is allowed, directly or through a gateway at the base URL.
    func mayReceiveToken(_ url: HTTPURL, _ base: HTTPURL) -> Bool {
        let policy = originPolicy(base)
        return policy.allows(url) || policy.throughGateway(url) != nil
    }

    /// The settings of retries and rate limits.
    var callSettings: CallSettings { scheduler.settings }

    /// Sends a call once. Returns the result, and the failure if it may allow a retry.
    private func exchange(
        _ call: APICall, _ url: HTTPURL, _ token: Token, _ attempt: Int, _ isBroken: @Sendable (Response) -> Bool
    ) async throws -> (Result<Response, APIError>, CallFailure?) {
        var request = Request(
            call.method, url, headers: call.headers, body: call.body.isEmpty ? .none : .bytes(call.body),
            limits: call.limits ?? scheduler.settings.limits)
        request.isDeclaredIdempotent = call.mayBeRetried
        do {
            // Without this field, CXone returns "No known way to render data" (`cxone.md` section 3.1).
            if !request.headers.has("Accept") { try request.headers.set("Accept", "application/json") }
            try request.headers.set("Authorization", token.authorization)
        } catch {
            scheduler.abandon()
            throw APIError(
                .configuration, "\(error)", hint: "check the header fields and the token for invalid characters")
        }
        let start = time.now().uptime
        do throws(TransportError) {
            let response = try await transport.send(request)
            let failure = failure(response) ?? (response.isSuccess && isBroken(response) ? .broken : nil)
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
            // A result that is unrelated to the health of the platform is neither a success nor a failure.
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
            reset: RateLimit(response.headers, profile.platform.capabilities.rateLimitHeaders)?.reset)
    }

    private func report(_ response: Response, _ call: APICall, _ attempt: Int, _ elapsed: Duration) {
        Logger.current.debug("api.call", "\(call.title) \(response.status) \(milliseconds(elapsed))")
        scheduler.tell(
            .answered(
                method: call.method, path: call.path, status: response.status, attempt: attempt, duration: elapsed,
                correlationID: profile.platform.capabilities.correlationHeader.flatMap { response.headers[$0] }))
    }

    private func milliseconds(_ duration: Duration) -> String { "\(Int((duration.inSeconds * 1000).rounded())) ms" }

    /// The secrets that a server of this account may echo: the token, and what token requests contain.
    package var secretsInUse: [Secret] {
        let token = cachedToken.map { [$0.value] } ?? []
        switch profile.credential {
        case .grant(let template):
            let grant = profile.deferred?.known ?? template
            return token + grant.echoes + [profile.nextSecret].compactMap { $0 }
        case .accessToken(let given): return token + [given]
        case .broker: return token
        }
    }

    private func error(_ response: Response, _ call: APICall, _ url: HTTPURL, _ token: Token) -> APIError {
        let fault = profile.platform.fault(response)
        // A debugging gateway may echo the request.
        let secrets = [token.value] + secretsInUse
        let said =
            fault.message.map { RingdownCore.sanitized($0, without: secrets) }
            ?? RingdownCore.sanitized(response.body, without: secrets)
        let text = "\(call.method) \(url.path) returned \(response.status)" + (said.isEmpty ? "" : ": \(said)")
        let (code, hint) = APIError.meaning(response, fault, age: token.age(at: time.now()), without: secrets)
        var error = APIError(code, text, hint: hint, status: response.status)
        if case .accessToken = profile.credential, response.status == 401 {
            error.hint = profile.hintForGivenToken
        }
        error.platformCode = fault.code.map { RingdownCore.sanitized($0, without: secrets, limit: 80) }
        error.correlationID = fault.correlationID.map { RingdownCore.sanitized($0, without: secrets, limit: 80) }
        error.retryAfter = RetryAfter.read(from: response.headers, now: time.now().wall)
        error.missingPermissions = fault.missingPermissions
        if fault.message?.contains("Pagination may not exceed") == true { error.special = .useJob }
        return error.without(secrets)
    }
}
