internal import RingdownCore

/// The login host of Genesys Cloud.
struct GenesysLogin: GenesysFamily, SignInPages {
    let simulator: Simulator

    /// `login.<domain>`: the token endpoint and its errors (`genesys-cloud.md` section 2).
    func answer(_ call: Call, domain: String) -> Answer {
        let found = Self.router.match(call.request.method, Router.segments(of: call.url.path))
        return found.flatMap { $0.route.handle(simulator, call, [domain]) } ?? genesysNotFound(call)
    }

    /// The values of these routes are the domain of the region whose host was called.
    static let routes: [Route] = [
        route("*", "/oauth/authorize") { family, call, values in
            let answer = family.signIn(call, client: family.credentials.genesysClientID)
            return values[0] == family.options.genesysDomain ? family.correlated(answer, call) : nil
        },
        route("*", "/oauth/token") { $0.token($1, domain: $2[0]) },
    ]
    private static let router = Router(routes)

    private func token(_ call: Call, domain: String) -> Answer {
        guard call.request.method == "POST" else {
            return loginRefusal(call, "invalid_request", "method not allowed", status: 405)
        }
        var parameters = TokenParameters(call, format: .form, encoding: options.secretEncoding)
        if options.acceptsAnyClient, parameters.clients.contains(where: { !$0.secret.isEmpty }) {
            parameters.clients = [(currentCredentials.genesysClientID, currentCredentials.genesysClientSecret)]
        }
        guard let grant = parameters.values["grant_type"], !grant.isEmpty else {
            return loginRefusal(call, "invalid_request", "grant_type is missing", reason: "no grant_type in the body")
        }
        if grant == "authorization_code" || grant == "refresh_token" {
            return personsToken(call, grant, parameters, domain)
        }
        guard grant == "client_credentials" else {
            return loginRefusal(
                call, "unsupported_grant_type", "grant type not supported",
                reason: "grant_type is '\(sanitized(grant, limit: 40))'")
        }
        guard let id = parameters.clients.first?.id else {
            return loginRefusal(call, "invalid_client", "client not found", reason: "no client credentials")
        }
        let isKnown = parameters.clients.contains { $0.id == credentials.genesysClientID }
        if options.loginsPerMinute > 0, isKnown,
            world.withLock({ $0.countLogin(of: credentials.genesysClientID, now: call.now) }) > options.loginsPerMinute
        {
            // 400, not 429. The text after the semicolon is UNVERIFIED.
            return loginRefusal(
                call, "invalid_request", "rate limit exceeded; too many token requests", client: id,
                reason: "login rate limit"
            )
        }
        // An organisation and its clients exist in one region only.
        let known = currentCredentials
        guard domain == options.genesysDomain, parameters.clients.contains(where: { $0.id == known.genesysClientID })
        else {
            let isElsewhere = parameters.clients.contains { $0.id == known.genesysClientID }
            return loginRefusal(
                call, "invalid_client", "client not found", client: id,
                reason: isElsewhere ? "client belongs to another region" : "unknown client"
            )
        }
        let form = parameters.form(of: (known.genesysClientID, known.genesysClientSecret))
        guard let form, form != .body || assumptions.isAccepted(.genesysCredentialsInBody) else {
            return loginRefusal(
                call, "invalid_client", "authentication failed",
                status: assumptions.number(.genesysWrongSecretStatus), client: id,
                reason: form == nil ? "wrong secret" : "credentials in the body")
        }
        // Section 2: an inactive client does not get tokens. The message is not documented.
        guard world.withLock({ $0.client.state == .active }) else {
            return loginRefusal(call, "invalid_client", "client is not active", client: id, reason: "inactive client")
        }
        return grantedLogin(call, client: id, form: form)
    }

    /// Issues a user's token for an authorization code or a refresh token. A public client sends only its ID.
    private func personsToken(
        _ call: Call, _ grant: String, _ parameters: TokenParameters, _ domain: String
    ) -> Answer {
        let known = currentCredentials
        let isPublic = !parameters.hasSecret && parameters.values["client_id"] == known.genesysClientID
        let form = parameters.form(of: (known.genesysClientID, known.genesysClientSecret))
        guard domain == options.genesysDomain, isPublic || form != nil else {
            return loginRefusal(call, "invalid_client", "authentication failed", client: parameters.clients.first?.id)
        }
        let person: Int?
        if grant == "authorization_code" {
            person = redeem(parameters, client: known.genesysClientID, now: call.now)
        } else {
            person = refreshingPerson(parameters, now: call.now)
        }
        guard let person else {
            return loginRefusal(
                call, "invalid_grant", "the code or refresh token is not valid", client: known.genesysClientID)
        }
        return grantedLogin(call, client: known.genesysClientID, form: form, person: person)
    }

    /// The index of the user of a refresh token, or nil if the token is invalid or has expired.
    private func refreshingPerson(_ parameters: TokenParameters, now: Timestamp) -> Int? {
        guard let token = parameters.values["refresh_token"] else { return nil }
        let isGoodOnce = assumptions.text(.genesysRefreshToken) == "once"
        let known = world.withLock { world in
            isGoodOnce ? world.refreshTokens.removeValue(forKey: token) : world.refreshTokens[token]
        }
        return known.flatMap { $0.end > now ? $0.person : nil }
    }

    private func grantedLogin(
        _ call: Call, client: String, form: RequestRecord.CredentialsForm?, person: Int? = nil
    ) -> Answer {
        let lifetime = options.tokenLifetime ?? .seconds(86400)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let (number, token, refreshToken) = world.withLock { world in
            let number = world.nextTokenNumber()
            var random = SeededRandom(seed: data.seed &+ UInt64(number) &* 0x1000_0000)
            let token = random.text(86, from: alphabet)
            world.grant(
                token, number: number, to: credentials.genesysClientID, on: .genesys, until: call.now + lifetime,
                now: call.now, person: person)
            let refreshToken = person.map { _ in random.text(86, from: alphabet) }
            if let refreshToken { world.refreshTokens[refreshToken] = (call.now + .seconds(30 * 86400), person) }
            return (number, token, refreshToken)
        }
        var members: [JSON.Member] = [
            .init("access_token", .string(token)),
            .init("token_type", .string(assumptions.text(.genesysTokenType))),
            .init(
                "expires_in", JSON.seconds(lifetime - .seconds(assumptions.text(.genesysExpiresIn) == "whole" ? 0 : 1))),
        ]
        if let refreshToken { members.append(.init("refresh_token", .string(refreshToken))) }
        var answer = Answer(json: .object(members), client: client, reason: "token granted")
        (answer.credentials, answer.token) = (form, number)
        return correlated(answer, call)
    }
}
