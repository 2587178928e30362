public import RingdownCore
public import RingdownOAuth

/// How a person signs in at a platform.
public struct SignIn: Sendable {
    /// Where the browser is sent.
    public var authorization: Grant.Endpoint
    public var clientID: String
    public var scope: String?
    /// Tells people apart who use one client: the profile's file.
    var account = ""

    /// The client's secret is no part of it: whoever is signed in stays so when it changes.
    func cacheKey(_ grant: Grant, organizationID: String?) -> CacheKey {
        let place =
            switch grant.endpoint {
            case .fixed(let url): "fixed \(url)"
            case .discovered(let issuer): "issuer \(issuer)"
            }
        let fields = ["ringdown-sign-in-1", place, clientID, scope ?? "", account, organizationID ?? ""]
        return CacheKey(fields: fields.map { Array($0.utf8) })
    }

    /// The grant with which tokens are requested once somebody is signed in; a client without a secret says only who it is
    /// (RFC 7636: a public client).
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

/// A sign-in that is under way: the address for the browser, and what its return comes to.
public struct SignInSession: Sendable {
    /// What to open in a browser.
    public let url: HTTPURL
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

    /// Throws `TokenError` where the platform cannot be asked for its addresses, ``ConfigurationError`` where the profile is not
    /// for people.
    public init(
        _ profile: Profile, redirectURI: String, transport: any Transport, store: any TokenStore,
        time: any TimeSource = .system
    ) async throws {
        guard let signIn = profile.signIn, case .grant(let grant) = profile.credential else {
            throw ConfigurationError(
                "\(profile.platform.title): nobody signs in there with these settings",
                hint: "set GENESYS_GRANT or CXONE_GRANT to authorization_code")
        }
        (self.grant, self.transport, self.store, self.time) = (grant, transport, store, time)
        key = profile.cacheKey
        check = OrganizationCheck(profile, transport)
        discovery = Discovery(transport)
        request = AuthorizationRequest(redirectURI: redirectURI)
        let endpoint: HTTPURL
        switch signIn.authorization {
        // Without metadata nobody knows under which name the server would call itself.
        case .fixed(let url): (endpoint, issuer, namesIssuer) = (url, nil, false)
        case .discovered(let url):
            let server = try await discovery.server(url)
            guard let found = server.authorizationEndpoint else {
                throw TokenError(
                    .discoveryFailed, "\(url) names no authorization_endpoint: nobody can sign in there", endpoint: url)
            }
            (endpoint, issuer, namesIssuer) = (found, server.issuer, server.namesIssuer)
        }
        url = request.url(at: endpoint, clientID: signIn.clientID, scope: signIn.scope)
    }

    /// Whether the browser came back from this sign-in and no other.
    public func isOurs(_ query: [(name: String, value: String)]) -> Bool { request.isOurs(query) }

    /// Takes the query with which the browser came back, requests the tokens and stores them. `staysSignedIn` is false where the
    /// platform gave no refresh token. Throws `AuthorizationRequest.Refusal` and `TokenError`.
    public func finish(
        _ query: [(name: String, value: String)]
    ) async throws -> (token: Token, staysSignedIn: Bool) {
        let code = try request.code(in: query, issuer: issuer, namesIssuer: namesIssuer)
        let client = OAuthClient(
            request.exchange(code, as: grant), transport: transport, time: time, discovery: discovery)
        let (token, refreshToken) = try await client.requestTokens(draw: .random(in: 0..<1))
        try await check?.verify(token)
        // Whoever refreshes the former sign-in at this moment must not end up with the last word.
        let lock = await store.lock(key, time: time, isWaiting: true)
        defer { if case .locked(let lock) = lock { lock.release() } }
        if let refreshToken {
            await store.saveRefreshToken(refreshToken, for: key, at: time.now())
        } else {
            await store.removeRefreshToken(for: key)
        }
        await store.save(StoredState(token: token), for: key)
        return (token, refreshToken != nil)
    }
}

/// Requests tokens in the name of who signed in, with the refresh token that is stored.
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
            throw TokenError(.signInRequired, "nobody is signed in")
        }
        var grant = grant
        grant.parameters.append(.init("refresh_token", refreshToken))
        let client = OAuthClient(grant, transport: transport, time: time, settings: settings, discovery: discovery)
        do throws(TokenError) {
            let (token, next) = try await client.requestTokens(draw: draw)
            // A server may give a new one each time, and end the former.
            if let next, next != refreshToken { await store.saveRefreshToken(next, for: key, at: time.now()) }
            return token
        } catch {
            guard error.oauthError == "invalid_grant" else { throw error }
            if await store.refreshToken(for: key, at: time.now()) == refreshToken {
                await store.removeRefreshToken(for: key)
            }
            var over = error
            over.code = .signInRequired
            over.message = "the sign-in is over: " + error.message
            throw over
        }
    }
}

extension TokenStore {
    private func companion(_ key: CacheKey) -> CacheKey { CacheKey(fields: [key.bytes, Array("refresh token".utf8)]) }

    /// Nobody says how long a refresh token lasts: it is kept for years, and the server decides. It is dated back, so that a
    /// clock that is set back does not hide it.
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
