public import Foundations
public import HTTPModel
public import Tokens

/// Calls a platform's API with a token that is always valid.
///
/// A call that is answered 401 gets one new token and is sent once more. The token goes only to the platform's own hosts.
public final class APIClient: Sendable {
    public let profile: Profile
    private let transport: any Transport
    private let tokens: TokenSource
    private let time: any TimeSource
    private let base = Locked<HTTPURL?>(nil)

    public init(
        _ profile: Profile, transport: any Transport, store: any TokenStore = .memory, time: any TimeSource = .system,
        settings: LifecycleSettings = LifecycleSettings()
    ) {
        self.profile = profile
        self.transport = transport
        self.time = time
        tokens = TokenSource(profile, transport: transport, store: store, time: time, settings: settings)
    }

    /// A token that is valid now and for at least `minTTL`; `force` asks the platform for a new one. Throws `TokenError`.
    public func token(minTTL: Duration = .zero, force: Bool = false) async throws(TokenError) -> Token {
        try await tokens.token(minTTL: minTTL, force: force)
    }

    /// The JSON that a GET answers; `null` for an empty answer (204). Throws ``APIError`` and `TokenError`.
    public func get(_ path: String) async throws -> JSON {
        let response = try await send("GET", path)
        if response.body.isEmpty { return .null }
        do { return try JSONReader.parse(response.body) } catch {
            throw APIError(
                .malformedResponse,
                "GET \(path) answered \(response.status), but not with JSON (\(error))",
                hint: "a proxy or gateway may have answered in the API's place", status: response.status
            )
        }
    }

    /// Sends a call to a path of the API, or to an absolute URL on one of the platform's hosts, and returns the successful
    /// response. Throws ``APIError`` for any other status, and `TokenError` where there is no token.
    public func send(
        _ method: String, _ path: String, headers: Headers = [:], body: Request.Body = .none
    ) async throws -> Response {
        var token = try await token()
        let url = try await url(path, token)
        var response = try await exchange(method, url, headers, body, token)
        if response.status == 401, tokens.reject(token) == .retry {
            token = try await tokens.token()
            response = try await exchange(method, url, headers, body, token)
        }
        guard response.isSuccess else { throw error(response, method, url, token) }
        return response
    }

    /// The API's address, found out once.
    public func baseURL() async throws -> HTTPURL {
        if let known = base.withLock({ $0 }) { return known }
        return try await baseURL(token())
    }

    private func baseURL(_ token: Token) async throws(APIError) -> HTTPURL {
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

    private func exchange(
        _ method: String, _ url: HTTPURL, _ headers: Headers, _ body: Request.Body, _ token: Token
    ) async throws(APIError) -> Response {
        var request = Request(method, url, headers: headers, body: body)
        do {
            // CXone answers without it: "No known way to render data" (`cxone.md` section 3.1).
            if !headers.has("Accept") { try request.headers.set("Accept", "application/json") }
            try request.headers.set("Authorization", token.authorization)
        } catch { throw APIError(.configuration, "\(error)", hint: "the token or a header cannot be sent") }
        let start = time.now()
        do {
            let response = try await transport.send(request)
            let elapsed = Int(((time.now().uptime - start.uptime).inSeconds * 1000).rounded())
            Logger.current.debug("api.call", "\(method) \(url.path) \(response.status) \(elapsed) ms")
            return response
        } catch { throw .unreachable(error) }
    }

    private func error(_ response: Response, _ method: String, _ url: HTTPURL, _ token: Token) -> APIError {
        let fault = profile.platform.fault(response)
        // A gateway for debugging may echo what it was sent.
        let said = excerpt(redacting([token.value], in: fault.message.map { Array($0.utf8) } ?? response.body))
        let text = "\(method) \(url.path) answered \(response.status)" + (said.isEmpty ? "" : ": \(said)")
        let (code, hint) = APIError.meaning(response, fault, age: token.age(at: time.now()))
        var error = APIError(code, text, hint: hint, status: response.status)
        if case .accessToken = profile.credential, response.status == 401 {
            error.hint = "the access token in GENESYSCLOUD_ACCESS_TOKEN is refused or over: obtain another one"
        }
        error.platformCode = fault.code.map { excerpt($0, limit: 80) }
        error.correlationID = fault.correlationID.map { excerpt($0, limit: 80) }
        error.retryAfter = RetryAfter.read(from: response.headers, now: time.now().wall)
        return error
    }
}
