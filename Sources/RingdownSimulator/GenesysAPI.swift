internal import RingdownCore

extension Simulator {
    /// `api.<domain>`: what a client-credentials token can call (`genesys-cloud.md` sections 3 to 5).
    func genesysAPI(_ call: Call, domain: String) -> Answer {
        // There is no token endpoint here, and nobody is asked for a token to hear that.
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
        // To ask about a token can leave its idle time alone.
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
        switch (call.request.method, call.url.path) {
        case ("GET", "/api/v2/tokens/me"):
            guard let timeout = options.idleTimeout else { return lasting(call) { tokenInformation } }
            let last = world.withLock { $0.tokens[token]?.lastUse } ?? call.now
            return valid(
                call,
                .object(
                    (tokenInformation.members ?? [])
                        + [.init("dateTokenIdles", .string((last + timeout).rfc3339))]))
        case ("HEAD", "/api/v2/tokens/me"): return correlated(Answer(reason: "valid token"), call)
        case ("DELETE", "/api/v2/tokens/me"):
            world.withLock { $0.revoke(token) }
            return correlated(Answer(status: 204, reason: "token revoked"), call)
        case ("GET", "/api/v2/organizations/me"): return lasting(call) { organization }
        case ("GET", "/api/v2/users"): return list(call, users, chosen: hasUsers(call) ? nil : [])
        case ("GET", "/api/v2/users/me") where person(token) != nil: return valid(call, user(person(token) ?? 0))
        case (let method, let path) where isForPeople(method, path) && person(token) == nil:
            return genesysError(
                call, 400, "not.a.user",
                "This request requires a user context. Client credentials cannot be used for requests to this resource.",
                reason: "a client is not a user"
            )
        // Every client may list them (section 3).
        case ("GET", "/api/v2/authorization/divisions"): return list(call, divisions)
        case ("GET", "/api/v2/routing/queues"):
            return permitted(call, "routing:queue:view") { list(call, queues, chosen: visibleQueues) }
        case ("GET", "/api/v2/routing/skills"): return permitted(call, "routing:skill:view") { list(call, skills) }
        case ("GET", "/api/v2/teams"): return permitted(call, "groups:team:view") { teams(call) }
        case ("GET", "/api/v2/externalcontacts/scan/contacts"):
            return permitted(call, "externalContacts:contact:view") { scanContacts(call) }
        case ("GET", "/api/v2/scim/users"), ("GET", "/api/v2/scim/v2/users"): return scimUsers(call)
        case ("GET", "/api/v2/oauth/clients"): return permitted(call, "oauth:client:view") { list(call, clients) }
        case (let method, _): return routed(call, method, Array(call.segments.dropFirst(2)))
        }
    }

    /// Resources with an id in their path.
    private func routed(_ call: Call, _ method: String, _ parts: [String]) -> Answer {
        switch (method, parts.first, parts.count) {
        case ("GET", "users", 2): return one(call, users, id: parts[1])
        case ("GET", "teams", 2): return permitted(call, "groups:team:view") { one(call, teams, id: parts[1]) }
        case ("GET", "authorization", 3) where parts[1] == "divisions": return one(call, divisions, id: parts[2])
        case ("GET", "routing", 3) where parts[1] == "skills":
            return permitted(call, "routing:skill:view") { one(call, skills, id: parts[2]) }
        case ("GET", "routing", 3) where parts[1] == "queues":
            return permitted(call, "routing:queue:view") { queue(call, id: parts[2]) }
        case ("GET", "externalcontacts", 3) where parts[1] == "contacts":
            return permitted(call, "externalContacts:contact:view") { one(call, contacts, id: parts[2]) }
        case ("GET", "oauth", 3) where parts[1] == "clients":
            return permitted(call, "oauth:client:view") { one(call, clients, id: parts[2]) }
        case ("GET", "scim", 3) where parts[1] == "users", ("GET", "scim", 4) where parts[1...2] == ["v2", "users"]:
            return scimUser(call, id: parts.last ?? "")
        case (_, "analytics", _):
            return permitted(call, "analytics:conversationDetail:view", "analytics:agentConversationDetail:view") {
                analytics(call, parts) ?? genesysNotFound(call)
            }
        default: return genesysNotFound(call)
        }
    }

    /// Calls that make sense only for somebody who signed in.
    private func isForPeople(_ method: String, _ path: String) -> Bool {
        switch (method, path) {
        case (_, "/api/v2/users/me"), ("GET", "/api/v2/voicemail/mailbox"), ("GET", "/api/v2/voicemail/messages"),
            ("GET", "/api/v2/conversations/calls"):
            true
        default: false
        }
    }

    /// Who signed in for a token; nil for a client's own.
    private func person(_ token: String) -> Int? { world.withLock { $0.tokens[token]?.person } }

    func valid(_ call: Call, _ json: JSON) -> Answer {
        correlated(Answer(json: json, reason: "valid token"), call)
    }

    /// Roles decide what a client may do; a missing permission shows on the call, never at the token endpoint (section 2).
    /// Where several are named, one of them is enough.
    private func permitted(_ call: Call, _ sufficient: String..., answer: () -> Answer) -> Answer {
        let permissions = world.withLock { $0.client.permissions }
        guard let permissions, permissions.isDisjoint(with: sufficient) else { return answer() }
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

    /// The usual code of an error, for a status that somebody chose.
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

    /// The refusal of a call beyond the limit of the minute, or of the day.
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

    /// Without another state being asked for, only active users are listed; here all are.
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
