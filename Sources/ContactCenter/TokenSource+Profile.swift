internal import Foundations
internal import HTTPModel
internal import Tokens

extension TokenSource {
    /// The source of a profile's tokens.
    convenience init(
        _ profile: Profile, transport: any Transport, store: any TokenStore, time: any TimeSource,
        settings: LifecycleSettings
    ) {
        switch profile.credential {
        case .grant(let grant):
            let client = OAuthClient(grant, transport: transport, time: time, settings: settings)
            guard let organizationID = profile.organizationID, case .fixed(let api) = profile.api else {
                self.init(client, key: grant.cacheKey, store: store, time: time, settings: settings)
                return
            }
            let requester = OrganizationCheck(
                client: client, organizationID: organizationID, api: api, transport: transport)
            // A token that was not checked must not be found under the key of one that was.
            let key = CacheKey(fields: [grant.cacheKey.bytes, Array(organizationID.utf8)])
            self.init(requester, key: key, store: store, time: time, settings: settings)
        case .accessToken(let token):
            self.init(GivenToken(token: token, time: time), key: CacheKey(fields: []), time: time, settings: settings)
        }
    }
}

/// Lets a token through only if it belongs to the organisation that was named (`GENESYS_ORGANIZATION_ID`).
private struct OrganizationCheck: TokenRequester {
    let client: OAuthClient
    let organizationID: String
    let api: HTTPURL
    let transport: any Transport

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        let token = try await client.requestToken(draw: draw)
        let found = try await organization(of: token)
        guard found == organizationID else {
            throw TokenError(
                .credentialsRefused,
                "the token belongs to organisation \(found), not to \(organizationID) as GENESYS_ORGANIZATION_ID demands"
            )
        }
        return token
    }

    private func organization(of token: Token) async throws(TokenError) -> String {
        let response: Response
        do {
            var request = Request("GET", try api.appending("api/v2/tokens/me"), headers: ["Accept": "application/json"])
            try request.headers.set("Authorization", token.authorization)
            response = try await transport.send(request)
        } catch { throw TokenError(.unreachable, "the token's organisation cannot be asked: \(error)", endpoint: api) }
        let body = try? JSONReader.parse(response.body)
        guard response.isSuccess, let id = body?["organization"]?["id"]?.string else {
            throw TokenError(
                .malformedResponse, "\(api.origin) did not say which organisation the token belongs to", endpoint: api,
                status: response.status
            )
        }
        return id
    }
}

/// A token that someone else obtained; nothing is known about its life.
private struct GivenToken: TokenRequester {
    let token: Secret
    let time: any TimeSource

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        Token(value: token, lifetime: .seconds(86400), requested: time.now())
    }
}
