package import RingdownCore
package import RingdownOAuth

/// The sign-in of a user at a platform.
package struct SignIn: Sendable {
    /// The authorization endpoint.
    package var authorization: Grant.Endpoint
    /// The client ID.
    package var clientID: String
    /// The requested scopes, separated by spaces; nil for the server's default.
    package var scope: String?
    /// The account, which distinguishes users of the same client.
    var account = ""

    /// The key of the sign-in in the store. It does not depend on the client secret, so a change of the secret keeps the sign-in.
    func cacheKey(_ grant: Grant, organizationID: String?) -> CacheKey {
        let place =
            switch grant.endpoint {
            case .fixed(let url): "fixed \(url)"
            case .discovered(let issuer): "issuer \(issuer)"
            }
        let fields = ["ringdown-sign-in-1", place, clientID, scope ?? "", account, organizationID ?? ""]
        return CacheKey(fields: fields.map { Array($0.utf8) })
    }

    /// Returns the grant that requests tokens after the sign-in. A client without a secret sends only its client ID (a public
    /// client, RFC 7636).
    static func grant(
        at endpoint: Grant.Endpoint, clientID: String, secret: Secret?, authentication: ClientAuthentication
    ) -> Grant {
        var grant = Grant(endpoint: endpoint, parameters: [.init("grant_type", "refresh_token")])
        if let secret {
            grant.client = (clientID, secret)
            grant.authentication = authentication
        } else {
            grant.parameters.append(.init("client_id", clientID))
            grant.authentication = .none
        }
        return grant
    }
}

/// A sign-in in progress: the URL for the browser, and the exchange of the authorization code for tokens.
package struct SignInSession: Sendable {
    /// The URL to open in a browser.
    package let url: HTTPURL
    private let request: AuthorizationRequest
    private let grant: Grant
    private let issuer: String?
    private let namesIssuer: Bool
    private let transport: any Transport
    private let discovery: Discovery
    private let store: any TokenStore
    private let key: CacheKey
    private let time: any TimeSource
    private let check: OrganizationCheck?
    private let retries: TokenRetryPolicy
    private let observe: @Sendable (Duration, TokenError) -> Void

    /// Creates a session.
    ///
    /// - Parameters:
    ///   - profile: A profile with a sign-in.
    ///   - redirectURI: The URI to which the server redirects the browser.
    ///   - transport: The transport that sends the requests.
    ///   - store: The store for the tokens.
    ///   - time: The clock (default: the system clock).
    ///   - calls: The settings of retries, which also apply to token requests.
    ///   - observe: Receives each wait before a request is sent again, and its reason (default: no observer).
    /// - Throws: `TokenError` if the endpoints cannot be discovered, ``ConfigurationError`` if the profile has no sign-in.
    package init(
        _ profile: Profile, redirectURI: String, transport: any Transport, store: any TokenStore,
        time: any TimeSource = .system, calls: CallSettings = CallSettings(),
        observe: @escaping @Sendable (Duration, TokenError) -> Void = { _, _ in }
    ) async throws {
        guard let signIn = profile.signIn, case .grant(let grant) = profile.credential else {
            throw ConfigurationError(
                "\(profile.platform.title): the settings do not use a sign-in",
                hint: "set GENESYS_GRANT or CXONE_GRANT to authorization_code")
        }
        (self.grant, self.transport, self.store, self.time) = (grant, transport, store, time)
        key = profile.cacheKey
        check = OrganizationCheck(profile, transport)
        let (discovery, retries) = (Discovery(transport), TokenRetryPolicy(calls))
        (self.discovery, self.retries, self.observe) = (discovery, retries, observe)
        request = AuthorizationRequest(redirectURI: redirectURI)
        let endpoint: HTTPURL
        switch signIn.authorization {
        // Without metadata, the issuer of the server is unknown.
        case .fixed(let url): (endpoint, issuer, namesIssuer) = (url, nil, false)
        case .discovered(let url):
            let server = try await retries.retrying(time, observe: observe) { () throws(TokenError) in
                try await discovery.server(url)
            }
            guard let found = server.authorizationEndpoint else {
                throw TokenError(
                    .discoveryFailed, "the metadata of \(url) has no usable authorization_endpoint", endpoint: url)
            }
            (endpoint, issuer, namesIssuer) = (found, server.issuer, server.namesIssuer)
        }
        url = request.url(at: endpoint, clientID: signIn.clientID, scope: signIn.scope)
    }

    /// Returns whether the query of a callback belongs to this session.
    package func isOurs(_ query: [(name: String, value: String)]) -> Bool { request.isOurs(query) }

    /// Exchanges the authorization code for tokens and stores them.
    ///
    /// - Parameter query: The query of the callback.
    /// - Returns: The access token. `staysSignedIn` is false if the response contains no refresh token.
    /// - Throws: `AuthorizationRequest.Refusal` if the callback is not a success, `TokenError` if no token is granted.
    package func finish(
        _ query: [(name: String, value: String)]
    ) async throws -> (token: Token, staysSignedIn: Bool) {
        let code = try request.code(in: query, issuer: issuer, namesIssuer: namesIssuer)
        let client = OAuthClient(
            request.exchange(code, as: grant), transport: transport, time: time, discovery: discovery)
        let (token, refreshToken) = try await retries.retrying(time, observe: observe) { () throws(TokenError) in
            try await client.requestTokens(draw: .random(in: 0..<1))
        }
        try await retries.retrying(time, observe: observe) { () throws(TokenError) in try await check?.verify(token) }
        // The lock prevents a concurrent refresh of the previous sign-in from overwriting the new one.
        let lock = await store.lock(key, time: time, isWaiting: true)
        if let refreshToken {
            await store.saveRefreshToken(refreshToken, for: key, at: time.now())
        } else {
            await store.removeRefreshToken(for: key)
        }
        await store.save(StoredState(token: token), for: key)
        if case .locked(let lock) = lock { await lock.release() }
        return (token, refreshToken != nil)
    }
}

/// Requests tokens for the signed-in user with the stored refresh token.
struct SignedInRequester: TokenRequester {
    let grant: Grant
    let key: CacheKey
    let transport: any Transport
    let store: any TokenStore
    let time: any TimeSource
    let settings: LifecycleSettings
    let discovery: Discovery

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        guard let refreshToken = await store.refreshToken(for: key, at: time.now()) else {
            throw TokenError(.signInRequired, "no user is signed in")
        }
        var grant = grant
        grant.parameters.append(.init("refresh_token", refreshToken))
        let client = OAuthClient(grant, transport: transport, time: time, settings: settings, discovery: discovery)
        do throws(TokenError) {
            let (token, next) = try await client.requestTokens(draw: draw)
            // A server may issue a new refresh token for each request and revoke the previous one.
            if let next, next != refreshToken { await store.saveRefreshToken(next, for: key, at: time.now()) }
            return token
        } catch {
            guard error.oauthError == "invalid_grant" else { throw error }
            if await store.refreshToken(for: key, at: time.now()) == refreshToken {
                await store.removeRefreshToken(for: key)
            }
            var over = error
            over.code = .signInRequired
            over.message = "the sign-in has expired: " + error.message
            throw over
        }
    }
}

extension TokenStore {
    private func companion(_ key: CacheKey) -> CacheKey { CacheKey(fields: [key.bytes, Array("refresh token".utf8)]) }

    /// Stores a refresh token. Its lifetime is unknown, so it is stored for ten years and the server decides. Its request time is
    /// 30 days in the past, so that it stays valid if the clock is set back.
    func saveRefreshToken(_ token: Secret, for key: CacheKey, at now: Instant) async {
        let before = Duration.seconds(30 * 86400)
        let requested = Instant(uptime: now.uptime - before, wall: now.wall + (.zero - before))
        let kept = Token(value: token, lifetime: .seconds(3650 * 86400), requested: requested, isLifetimeKnown: false)
        await named("sign-in").save(StoredState(token: kept), for: companion(key))
    }

    func refreshToken(for key: CacheKey, at now: Instant) async -> Secret? {
        await load(companion(key), at: now)?.token?.value
    }

    func removeRefreshToken(for key: CacheKey) async { await remove(companion(key)) }
}
