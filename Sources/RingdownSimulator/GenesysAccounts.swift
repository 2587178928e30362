internal import RingdownCore

/// The token, the organisation, users and OAuth clients.
struct GenesysAccounts: GenesysFamily {
    let simulator: Simulator

    static let routes: [Route] = [
        route("GET", "/api/v2/tokens/me") { family, call, _ in family.tokenInformation(call) },
        route("HEAD", "/api/v2/tokens/me") { family, call, _ in
            family.correlated(Answer(reason: "valid token"), call)
        },
        route("DELETE", "/api/v2/tokens/me") { family, call, _ in
            if let token = call.authorization("bearer") { family.simulator.revoke(token) }
            return family.correlated(Answer(status: 204, reason: "token revoked"), call)
        },
        route("GET", "/api/v2/organizations/me") { family, call, _ in
            family.lasting(call) { family.organization }
        },
        route("GET", "/api/v2/users") { family, call, _ in
            family.list(call, family.users, chosen: family.hasUsers(call) ? nil : [])
        },
        route("GET", "/api/v2/users/me", requiresUser: true) { family, call, _ in
            let person = call.authorization("bearer").flatMap { family.person($0) }
            return family.valid(call, family.user(person ?? 0))
        },
        // Only their refusal of client credentials is simulated.
        route("*", "/api/v2/users/me", requiresUser: true) { _, _, _ in nil },
        route("GET", "/api/v2/voicemail/mailbox", requiresUser: true) { _, _, _ in nil },
        route("GET", "/api/v2/voicemail/messages", requiresUser: true) { _, _, _ in nil },
        route("GET", "/api/v2/conversations/calls", requiresUser: true) { _, _, _ in nil },
        route("GET", "/api/v2/users/{id}") { $0.one($1, $0.users, id: $2[0]) },
        route("GET", "/api/v2/oauth/clients", permissions: ["oauth:client:view"]) { family, call, _ in
            family.list(call, family.clients)
        },
        route("GET", "/api/v2/oauth/clients/{id}", permissions: ["oauth:client:view"]) {
            $0.one($1, $0.clients, id: $2[0])
        },
    ]

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
                "organization": organization, "roleDivisions": GenesysRouting(simulator: simulator).roleDivisions,
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
            "roleDivisions": GenesysRouting(simulator: simulator).roleDivisions,
            "selfUri": "/api/v2/oauth/clients/\(credentials.genesysClientID)",
        ]
    }
}
