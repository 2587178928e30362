internal import RingdownCore
internal import RingdownOAuth

extension TokenSource {
    /// Creates the token source of a profile.
    convenience init(
        _ profile: Profile, transport: any Transport, store: any TokenStore, time: any TimeSource,
        settings: LifecycleSettings, tasks: TaskOwner
    ) {
        var requester: any TokenRequester
        var store = store
        switch profile.credential {
        case .grant(let grant) where profile.signIn != nil:
            requester = SignedInRequester(
                grant: grant, key: profile.cacheKey, transport: transport, store: store, time: time, settings: settings,
                discovery: Discovery(transport))
        case .grant:
            if let deferred = profile.deferred {
                requester = DeferredRequester(
                    grant: deferred, transport: transport, time: time, settings: settings,
                    discovery: Discovery(transport))
            } else {
                requester = RotatingRequester(profile, transport: transport, time: time, settings: settings)
            }
        case .accessToken(let token):
            // A token of the environment does not need to be stored.
            (requester, store) = (GivenToken(token, hint: profile.hintForGivenToken, time: time), .memory)
        case .broker(let broker): (requester, store) = (broker, .memory)
        }
        if let check = OrganizationCheck(profile, transport) {
            requester = CheckedRequester(requester: requester, check: check)
        }
        self.init(
            requester, key: profile.cacheKey, account: profile.account, store: store, time: time, settings: settings,
            tasks: tasks)
    }
}

private struct CheckedRequester: TokenRequester {
    let requester: any TokenRequester
    let check: OrganizationCheck

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        let token = try await requester.requestToken(draw: draw)
        try await check.verify(token)
        return token
    }
}

/// Verifies that a token belongs to the configured organisation (`GENESYS_ORGANIZATION_ID`).
struct OrganizationCheck: Sendable {
    private let organizationID: String
    private let api: HTTPURL
    private let transport: any Transport

    /// Returns nil if no organisation is configured.
    init?(_ profile: Profile, _ transport: any Transport) {
        guard let organizationID = profile.organizationID, case .fixed(let api) = profile.api else { return nil }
        (self.organizationID, self.api, self.transport) = (organizationID, api, transport)
    }

    func verify(_ token: Token) async throws(TokenError) {
        let found = try await organization(of: token)
        guard found == organizationID else {
            throw TokenError(
                .wrongOrganization,
                "the token belongs to organisation \(found), but GENESYS_ORGANIZATION_ID is \(organizationID)"
            )
        }
    }

    private func organization(of token: Token) async throws(TokenError) -> String {
        let url: HTTPURL
        var request: Request
        do {
            url = try api.appending("api/v2/tokens/me")
            request = Request("GET", url, headers: ["Accept": "application/json"])
            try request.headers.set("Authorization", token.authorization)
        } catch { throw TokenError(.requestRefused, "\(error)", endpoint: api) }
        let response: Response
        do { response = try await transport.send(request) } catch { throw .unreachable(error, endpoint: url) }
        let body = try? JSONReader.parse(response.body)
        guard response.isSuccess, let id = body?["organization"]?["id"]?.string else {
            let code: TokenError.Code =
                switch response.status {
                case 401: .credentialsRefused
                case 429: .rateLimited
                case 500...: .serverFailed
                default: .malformedResponse
                }
            throw TokenError(
                code, "\(url) returned \(response.status) without the organisation of the token",
                endpoint: url, status: response.status
            )
        }
        return sanitized(id, without: [token.value], limit: 80)
    }
}

/// The source of a given access token. Its lifetime is unknown, and it cannot be replaced.
private final class GivenToken: TokenRequester {
    private let token: Secret
    private let hint: String
    private let time: any TimeSource
    private let wasGiven = Locked(false)

    init(_ token: Secret, hint: String, time: any TimeSource) {
        self.token = token
        self.hint = hint
        self.time = time
    }

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        let isFirst = wasGiven.withLock { wasGiven in
            defer { wasGiven = true }
            return !wasGiven
        }
        guard isFirst else {
            var error = TokenError(.credentialsRefused, "the given access token was rejected or has expired")
            error.hint = hint
            throw error
        }
        return Token(value: token, lifetime: .seconds(86400), requested: time.now(), isLifetimeKnown: false)
    }
}
