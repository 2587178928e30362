internal import RingdownCore

extension Simulator {
    /// `api.<domain>`: the API resources (`genesys-cloud.md` sections 3 to 5).
    func genesysAPI(_ call: Call, domain: String) -> Answer {
        // The API host has no token endpoint. The 404 does not require a token.
        guard call.url.path.hasPrefix("/api/v2/"), call.url.path != "/api/v2/oauth/token" else {
            return genesysNotFound(call)
        }
        guard let token = call.authorization("bearer") else {
            return genesysError(
                call, 401, "authentication.required",
                "No authentication bearer token specified in authorization header.",
                reason: "no token"
            )
        }
        let (idleTimeout, target) = (options.idleTimeout, call.request.method == "GET" ? call.url.target : "")
        func refusal(_ reason: String, _ verdict: SimulatorState.Verdict? = nil) -> Answer {
            genesysError(call, 401, "bad.credentials", "Invalid login credentials.", reason: reason).of(verdict)
        }
        guard domain == options.genesysDomain else { return refusal("another region's token") }
        // A request for token information can preserve the idle time of the token.
        let isUse =
            idleTimeout == nil || call.url.path != "/api/v2/tokens/me" || call.queryValue("preserveIdleTTL") != "true"
        let (use, body, generation) = world.withLock { world in
            (
                world.use(token, on: .genesys, now: call.now, idleTimeout: idleTimeout, isUse: isUse),
                world.bodies[target], world.bodies.generation
            )
        }
        let (verdict, calls, reset) = use
        if let reason = verdict.refusal { return refusal(reason, verdict) }
        var answer = limited(call, calls, reset) ?? body.map { lasting(call, $0) } ?? routed(call.of(generation), token)
        (answer.client, answer.token) = (verdict.client, verdict.token)
        if options.callsPerMinute > 0 {
            answer.add("inin-ratelimit-count", String(min(calls, options.callsPerMinute)))
            answer.add("inin-ratelimit-allowed", String(options.callsPerMinute))
            answer.add("inin-ratelimit-reset", String(reset))
        }
        return answer
    }

    private func routed(_ call: Call, _ token: String) -> Answer {
        guard let (route, values) = Self.genesysRouter.match(call.request.method, Router.segments(of: call.url.path))
        else {
            return genesysNotFound(call)
        }
        if route.requiresUser, person(token) == nil {
            return genesysError(
                call, 400, "not.a.user",
                "This request requires a user context. Client credentials cannot be used for requests to this resource.",
                reason: "a client is not a user"
            )
        }
        if let refusal = refusal(call, requiring: route.permissions) { return refusal }
        return route.handle(self, call, values) ?? genesysNotFound(call)
    }

    /// The token, the organisation, users and OAuth clients.
    static let genesysAccountRoutes: [Route] = [
        Route("genesys", "GET", "/api/v2/tokens/me") { simulator, call, _ in simulator.tokenInformation(call) },
        Route("genesys", "HEAD", "/api/v2/tokens/me") { simulator, call, _ in
            simulator.correlated(Answer(reason: "valid token"), call)
        },
        Route("genesys", "DELETE", "/api/v2/tokens/me") { simulator, call, _ in
            if let token = call.authorization("bearer") { simulator.revoke(token) }
            return simulator.correlated(Answer(status: 204, reason: "token revoked"), call)
        },
        Route("genesys", "GET", "/api/v2/organizations/me") { simulator, call, _ in
            simulator.lasting(call) { simulator.organization }
        },
        Route("genesys", "GET", "/api/v2/users") { simulator, call, _ in
            simulator.list(call, simulator.users, chosen: simulator.hasUsers(call) ? nil : [])
        },
        Route("genesys", "GET", "/api/v2/users/me", requiresUser: true) { simulator, call, _ in
            let person = call.authorization("bearer").flatMap { simulator.person($0) }
            return simulator.valid(call, simulator.user(person ?? 0))
        },
        // Only their refusal of client credentials is simulated.
        Route("genesys", "*", "/api/v2/users/me", requiresUser: true) { _, _, _ in nil },
        Route("genesys", "GET", "/api/v2/voicemail/mailbox", requiresUser: true) { _, _, _ in nil },
        Route("genesys", "GET", "/api/v2/voicemail/messages", requiresUser: true) { _, _, _ in nil },
        Route("genesys", "GET", "/api/v2/conversations/calls", requiresUser: true) { _, _, _ in nil },
        Route("genesys", "GET", "/api/v2/users/{id}") { $0.one($1, $0.users, id: $2[0]) },
        Route("genesys", "GET", "/api/v2/oauth/clients", permissions: ["oauth:client:view"]) { simulator, call, _ in
            simulator.list(call, simulator.clients)
        },
        Route("genesys", "GET", "/api/v2/oauth/clients/{id}", permissions: ["oauth:client:view"]) {
            $0.one($1, $0.clients, id: $2[0])
        },
    ]

    /// The index of the user who signed in for a token; nil for client credentials.
    private func person(_ token: String) -> Int? { world.withLock { $0.tokens[token]?.person } }

    func valid(_ call: Call, _ json: JSON) -> Answer {
        correlated(Answer(json: json, reason: "valid token"), call)
    }

    /// The refusal of a call whose permissions the client's roles do not include. A missing permission is reported on the call, not
    /// at the token endpoint (section 2).
    ///
    /// - Parameter sufficient: The permissions of which the client requires at least one.
    private func refusal(_ call: Call, requiring sufficient: [String]) -> Answer? {
        let permissions = world.withLock { $0.client.permissions }
        guard let permissions, !sufficient.isEmpty, permissions.isDisjoint(with: sufficient) else { return nil }
        let isOne = sufficient.count == 1
        return genesysError(
            call, 403, isOne ? "missing.permissions" : "missing.any.permissions",
            "Unable to perform the requested action. You "
                + (isOne
                    ? "are missing the following permission(s): "
                    : "must have at least one of the following permissions assigned: ")
                + sufficient.joined(separator: ", "),
            reason: "missing permission"
        )
    }

    // MARK: Errors

    func genesysError(_ call: Call, _ status: Int, _ code: String, _ message: String, reason: String) -> Answer {
        let context = correlationID()
        let json: JSON = [
            "message": .string(message), "code": .string(code), "status": .int(status), "messageParams": [:],
            "contextId": .string(context), "details": [], "errors": [],
        ]
        return Answer(status: status, json: json, reason: reason).with("ININ-Correlation-Id", context)
    }

    /// The usual error code for a configured status.
    func genesysCode(_ status: Int) -> String {
        let codes = [
            400: "bad.request", 401: "bad.credentials", 403: "missing.permissions", 404: "not.found",
            429: "too.many.requests.retry.after", 500: "internal.server.error", 503: "service.unavailable",
            504: "request.timeout",
        ]
        return codes[status] ?? "simulated"
    }

    func genesysNotFound(_ call: Call, reason: String = noSuchResource) -> Answer {
        genesysError(call, 404, "not.found", "The requested resource was not found.", reason: reason)
    }

    /// The refusal of a call that exceeds the limit per minute or per day.
    private func limited(_ call: Call, _ calls: Int, _ reset: Int) -> Answer? {
        if options.callsPerMinute > 0, calls > options.callsPerMinute { return rateLimited(call, reset) }
        guard options.callsPerDay > 0 else { return nil }
        let day = world.withLock { $0.countDay(now: call.now) }
        return day.calls > options.callsPerDay ? rateLimited(call, day.reset) : nil
    }

    private func rateLimited(_ call: Call, _ reset: Int) -> Answer {
        genesysError(
            call, 429, "too.many.requests.retry.after",
            "Rate limit exceeded the maximum. Retry the request in [\(reset)] seconds", reason: "rate limit exceeded"
        ).with("Retry-After", String(reset))
    }

    // MARK: Resources

    private func tokenInformation(_ call: Call) -> Answer {
        guard let timeout = options.idleTimeout else { return lasting(call) { tokenInformation } }
        let last = call.authorization("bearer").flatMap { token in world.withLock { $0.tokens[token]?.lastUse } }
        let idles = JSON.Member("dateTokenIdles", .string(((last ?? call.now) + timeout).rfc3339))
        return valid(call, .object((tokenInformation.members ?? []) + [idles]))
    }

    private var tokenInformation: JSON {
        let organization: JSON = ["id": .string(data.genesysOrganizationID), "name": .string(organizationName)]
        return [
            "organization": organization, "homeOrganization": organization, "authorizedScope": [],
            "OAuthClient": [
                "id": .string(credentials.genesysClientID), "name": "Ringdown simulation",
                "authorizedGrantType": "CLIENT-CREDENTIALS",
                "state": .string(clientState),
                "organization": organization, "roleDivisions": roleDivisions,
            ],
        ]
    }

    private var clientState: String { world.withLock { $0.client.state.rawValue } }

    private var organizationName: String { "Simulated Contact Centre" }

    private var organization: JSON {
        [
            "id": .string(data.genesysOrganizationID), "name": .string(organizationName), "defaultLanguage": "en-us",
            "defaultCountryCode": "US", "thirdPartyOrgName": "simulated", "domain": "simulated.example.com",
            "version": 12,
            "state": "active", "voicemailEnabled": true, "productPlatform": "GenesysCloud", "features": ["chat": true],
            "selfUri": "/api/v2/organizations/\(data.genesysOrganizationID)",
        ]
    }

    /// Whether a list of users is not empty. The platform lists active users by default, and all simulated users are active.
    private func hasUsers(_ call: Call) -> Bool {
        call.queryValue("state").map { ["active", "any"].contains($0) } ?? true
    }

    private var users: Resource {
        Resource(count: data.userCount, id: { self.data.person($0).id }, json: user, number: data.index(ofPerson:))
    }

    private func user(_ index: Int) -> JSON {
        let person = data.person(index)
        let uri = "/api/v2/authorization/divisions/\(data.genesysDivisionID)"
        return [
            "id": .string(person.id), "name": "\(person.firstName) \(person.lastName)",
            "division": ["id": .string(data.genesysDivisionID), "name": "Home", "selfUri": .string(uri)],
            "chat": ["jabberId": "\(person.id)@simulated.orgspan.com"], "department": .string(person.department),
            "email": .string(person.email),
            "primaryContactInfo": [
                ["address": .string(person.email), "mediaType": "EMAIL", "type": "PRIMARY"],
                ["address": .string(person.phone), "mediaType": "PHONE", "type": "PRIMARY"],
            ],
            "addresses": [], "state": "active", "title": .string(person.title),
            "username": .string(person.email), "version": .int(person.version), "acdAutoAnswer": false,
            "selfUri": "/api/v2/users/\(person.id)",
        ]
    }

    private var clients: Resource {
        let id = credentials.genesysClientID
        return Resource(count: 1, id: { _ in id }, json: { _ in self.client })
    }

    private var client: JSON {
        [
            "id": .string(credentials.genesysClientID), "name": "Ringdown simulation",
            "authorizedGrantType": "CLIENT-CREDENTIALS", "state": .string(clientState),
            "roleDivisions": roleDivisions,
            "selfUri": "/api/v2/oauth/clients/\(credentials.genesysClientID)",
        ]
    }
}
