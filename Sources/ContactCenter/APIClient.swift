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
                "GET \(path) answered \(response.status), but not with JSON (\(error)): \(excerpt(response.body))",
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
        case .none:
            throw APIError(.configuration, "no API is configured", hint: "set OAUTH_API_URL to the address of the API")
        }
        base.withLock { $0 = found }
        return found
    }

    private func url(_ path: String, _ token: Token) async throws(APIError) -> HTTPURL {
        let base = try await baseURL(token)
        let url: HTTPURL
        do { url = path.contains("://") ? try HTTPURL(path) : try base.appending(path) } catch {
            throw APIError(.configuration, "\(error)", hint: "write a path such as /api/v2/users, percent-encoded")
        }
        let policy = OriginPolicy(base: base, trustedDomains: profile.platform.trustedDomains)
        guard policy.allows(url) else {
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
        let said = fault.message.map { excerpt($0) } ?? (response.body.isEmpty ? "" : excerpt(response.body))
        let text = "\(method) \(url.path) answered \(response.status)" + (said.isEmpty ? "" : ": \(said)")
        let (code, hint) = Self.meaning(response, fault, age: token.age(at: time.now()))
        var error = APIError(code, text, hint: hint, status: response.status)
        error.platformCode = fault.code.map { excerpt($0, limit: 80) }
        error.correlationID = fault.correlationID.map { excerpt($0, limit: 80) }
        error.retryAfter = RetryAfter.read(from: response.headers, now: time.now().wall)
        return error
    }

    private static func meaning(_ response: Response, _ fault: Platform.Fault, age: Duration) -> (APIError.Code, String)
    {
        switch response.status {
        case 401:
            return (
                .unauthorized,
                "the token was refused \(Int(age.inSeconds)) s after it was granted: was it revoked, or the client disabled?"
            )
        case 403: return (.forbidden, "give the client's role the permission that is named; a new token would not help")
        case 429:
            let wait = RetryAfter.read(from: response.headers, now: .now()).map {
                " in \(Int($0.inSeconds.rounded(.up))) s"
            }
            return (.rateLimited, "call again\(wait ?? " in a minute"), and more slowly")
        case 404: return (.notFound, "check the path, its version and the identifiers in it")
        case 300..<400: return (.refused, "redirects are not followed: call the final address")
        case 500...: return (.serverFailed, "the platform fails at the moment: try again later")
        case 400 where fault.code == "not.a.user":
            return (.refused, "this call is for people who signed in; a client asks '/api/v2/tokens/me' instead")
        default: return (.refused, "the request is not what the API expects: compare it with the API's description")
        }
    }
}
