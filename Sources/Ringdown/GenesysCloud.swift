internal import RingdownCore
internal import RingdownOAuth

extension Platform {
    /// Genesys Cloud. Each region has a login host and an API host (`genesys-cloud.md`).
    public static let genesys = Platform(
        name: "genesys", title: "Genesys Cloud",
        signs: ["GENESYS_CLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_ACCESS_TOKEN"],
        variables: GenesysCloud.variables, capabilities: GenesysCloud.capabilities,
        // Links and redirects of one region stay on its API host.
        trustedDomains: [],
        questions: [
            Question(
                "GENESYS_REGION", "Region, such as eu-west-1", .region, alias: "GENESYSCLOUD_REGION",
                standard: "us-east-1"),
            Question(
                "GENESYS_CLIENT_ID", "Client ID (Admin > Integrations > OAuth, grant type Client Credentials)",
                alias: "GENESYSCLOUD_OAUTHCLIENT_ID"),
            Question("GENESYS_CLIENT_SECRET", "Client secret", .secret, alias: "GENESYSCLOUD_OAUTHCLIENT_SECRET"),
        ],
        options: [
            "GENESYS_LOGIN_URL", "GENESYS_API_URL", "GENESYS_ORGANIZATION_ID", "GENESYS_CLIENT_AUTH", "GENESYS_SCOPE",
        ],
        profile: { settings throws(ConfigurationError) in try GenesysCloud.profile(settings) },
        fault: GenesysCloud.fault,
        users: { _, pageSize in GenesysCloud.users(pageSize: pageSize) },
        lists: { _ in GenesysCloud.lists },
        conversations: { client, interval in client.conversationDetails(in: interval) },
        probe: { _ in "/api/v2/tokens/me" },
        identify: GenesysCloud.identify,
        advice: GenesysCloud.advice
    )
}

enum GenesysCloud {
    static let variables: PlatformVariables = {
        var variables = PlatformVariables(prefix: "GENESYS")
        variables.vendorAccessToken = "GENESYSCLOUD_ACCESS_TOKEN"
        variables.vendorRegion = "GENESYSCLOUD_REGION"
        variables.vendorClientSecret = "GENESYSCLOUD_OAUTHCLIENT_SECRET"
        return variables
    }()

    static let capabilities: PlatformCapabilities = {
        var capabilities = PlatformCapabilities()
        capabilities.jobs = [.conversations]
        capabilities.pathPrefixes = ["/api/v2/"]
        capabilities.hasRegionalClients = true
        capabilities.hasClientRoles = true
        capabilities.correlationHeader = "ININ-Correlation-Id"  // section 3
        // Section 3.
        capabilities.rateLimitHeaders = .init(
            count: "inin-ratelimit-count", allowed: "inin-ratelimit-allowed", reset: "inin-ratelimit-reset")
        capabilities.regionCheck = { text throws(ConfigurationError) in _ = try GenesysRegion.named(text) }
        return capabilities
    }()

    static func profile(_ settings: Settings) throws(ConfigurationError) -> Profile {
        let login = try settings.url("GENESYS_LOGIN_URL")
        var region: GenesysRegion?
        let regionVariables = [variables.region, "GENESYSCLOUD_REGION"]
        // The region is optional if both hosts are set.
        if let text = try settings.text("GENESYS_REGION", "GENESYSCLOUD_REGION") {
            region = try GenesysRegion.named(text)
        }
        let hosts = region ?? GenesysRegion.all[0]
        func url(_ text: String) throws(ConfigurationError) -> HTTPURL {
            do { return try HTTPURL(text) } catch {
                throw ConfigurationError("\(error)", hint: "report this as a bug")
            }
        }
        let (standardLogin, standardAPI) = (try url(hosts.loginURL), try url(hosts.apiURL))
        var api = Profile.API.fixed(try settings.url("GENESYS_API_URL") ?? standardAPI)
        // A region of the working directory must not choose the API host for a configured login host.
        let regionOrigin = regionVariables.lazy.compactMap { settings.origin(of: $0) }.first
        let hasRegion = region != nil && regionOrigin?.isTrusted == true
        if let login, !hasRegion, try settings.text("GENESYS_API_URL") == nil {
            // A token of a configured login host must not be sent to a default API host.
            api = sibling(of: login).map { .fixed($0) } ?? .unset(variable: "GENESYS_API_URL")
        }
        let host = login ?? standardLogin
        let isPersons = try settings.choice("GENESYS_GRANT", default: GrantName.clientCredentials) == .authorizationCode
        let credential = try isPersons ? personsCredential(settings, login: host) : credential(settings, login: host)
        var profile = Profile(.genesys, credential, api: api)
        if isPersons {
            let id = try settings.required(
                try settings.text("GENESYS_CLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_ID"), "GENESYS_CLIENT_ID")
            profile.signIn = SignIn(
                authorization: .fixed(try authorizationEndpoint(host)), clientID: id,
                scope: try settings.text("GENESYS_SCOPE"))
        }
        profile.region = login == nil ? hosts.name : region?.name
        profile.secretVariable = "GENESYS_CLIENT_SECRET"
        profile.nextSecret = try settings.secret("GENESYS_CLIENT_SECRET_NEXT")
        profile.revocation = .call("/api/v2/tokens/me")  // section 2
        profile.organizationID = try settings.text("GENESYS_ORGANIZATION_ID")
        return profile
    }

    enum GrantName: String, CaseIterable {
        case clientCredentials = "client_credentials"
        case authorizationCode = "authorization_code"
    }

    /// The credential of a signed-in user. The client may have a secret (grant type Code Authorization) or none (PKCE).
    private static func personsCredential(
        _ settings: Settings, login: HTTPURL
    ) throws(ConfigurationError) -> Profile.Credential {
        let id = try settings.text("GENESYS_CLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_ID")
        var grant = SignIn.grant(
            at: .fixed(try tokenEndpoint(login)), clientID: try settings.required(id, "GENESYS_CLIENT_ID"),
            secret: try settings.secret("GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET"),
            authentication: try settings.choice("GENESYS_CLIENT_AUTH", default: .basicRaw))
        grant.defaultLifetime = .seconds(86400)
        return .grant(grant)
    }

    private static func authorizationEndpoint(_ login: HTTPURL) throws(ConfigurationError) -> HTTPURL {
        let path = login.path.hasSuffix("/token") ? String(login.path.dropLast(5)) + "authorize" : "/oauth/authorize"
        do {
            return login.path.hasSuffix("/token")
                ? try HTTPURL(login.origin.description + path) : try login.appending(String(path.dropFirst()))
        } catch {
            throw ConfigurationError(
                "GENESYS_LOGIN_URL: \(error)", hint: "use a full URL, such as https://login.mypurecloud.ie")
        }
    }

    private static func credential(_ settings: Settings, login: HTTPURL) throws(ConfigurationError)
        -> Profile.Credential
    {
        let id = try settings.text("GENESYS_CLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_ID")
        if id == nil, let token = try settings.secret("GENESYSCLOUD_ACCESS_TOKEN") {
            if Token.isSendable(token) { return .accessToken(token) }
            throw ConfigurationError(
                "GENESYSCLOUD_ACCESS_TOKEN contains a character that is not allowed in a token",
                hint: "copy it again, without quotes or spaces"
            )
        }
        var grant = Grant(
            endpoint: .fixed(try tokenEndpoint(login)), parameters: [.init("grant_type", "client_credentials")]
        )
        if let scope = try settings.text("GENESYS_SCOPE") { grant.parameters.append(.init("scope", scope)) }
        let secret = try settings.secret("GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET")
        grant.client = (
            id: try settings.required(id, "GENESYS_CLIENT_ID"),
            secret: try settings.required(secret, "GENESYS_CLIENT_SECRET")
        )
        // The official tools do not form-encode the credentials (section 2).
        grant.authentication = try settings.choice("GENESYS_CLIENT_AUTH", default: .basicRaw)
        grant.defaultLifetime = .seconds(86400)
        return .grant(grant)
    }

    /// Returns `https://api.…` for `https://login.…`, as the official SDKs do; nil for other hosts.
    private static func sibling(of login: HTTPURL) -> HTTPURL? {
        guard login.host.hasPrefix("login.") else { return nil }
        return try? HTTPURL("\(login.origin.scheme)://api.\(login.origin.authority.dropFirst(6))")
    }

    /// Returns the token endpoint of a login host. A URL that ends in `/token` is used unchanged, for gateways and other paths.
    private static func tokenEndpoint(_ login: HTTPURL) throws(ConfigurationError) -> HTTPURL {
        if login.path.hasSuffix("/token") { return login }
        do { return try login.appending("oauth/token") } catch {
            throw ConfigurationError(
                "GENESYS_LOGIN_URL: \(error)", hint: "use a full URL, such as https://login.mypurecloud.ie")
        }
    }

    /// Reads `message`, `code`, and a correlation ID in the header or the body (section 3).
    @Sendable static func fault(_ response: Response) -> Platform.Fault {
        let body = try? JSONReader.parse(response.body)
        let correlationID =
            capabilities.correlationHeader.flatMap { response.headers[$0] } ?? body?["contextId"]?.string
        return .init(code: body?["code"]?.string, message: body?["message"]?.string, correlationID: correlationID)
    }

    /// Paging style A of section 5.
    static func users(pageSize: Int) -> UserList {
        UserList(
            firstPath: "/api/v2/users?pageSize=\(pageSize)&pageNumber=1", itemsMember: "entities", identity: "id",
            user: { json in
                User(
                    id: json["id"]?.text, name: json["name"]?.string, email: json["email"]?.string,
                    username: json["username"]?.string, isActive: json["state"]?.string.map { $0 == "active" }
                )
            }
        )
    }

    /// Paging styles A and B of section 5.
    static let lists: [String: NamedList] = [
        "queues": NamedList(
            path: "/api/v2/routing/queues?pageSize=100&pageNumber=1", itemsMember: "entities", id: "id", name: "name"),
        "skills": NamedList(
            path: "/api/v2/routing/skills?pageSize=100&pageNumber=1", itemsMember: "entities", id: "id", name: "name"),
        "teams": NamedList(path: "/api/v2/teams?pageSize=100", itemsMember: "entities", id: "id", name: "name"),
    ]

    @Sendable static func identify(_ client: APIClient) async throws -> Identity {
        // `/users/me` does not support client credentials (section 4), but this call does.
        let token = try await client.get("/api/v2/tokens/me")
        let organization = try await client.get("/api/v2/organizations/me")
        let oauthClient = token["OAuthClient"]
        // The signed-in user. A client is not a user (section 4).
        let user: JSON? = client.profile.signIn == nil ? nil : try await client.get("/api/v2/users/me")
        return Identity(
            organizationID: (token["organization"]?["id"] ?? organization["id"])?.string,
            organizationName: (organization["name"] ?? token["organization"]?["name"])?.string,
            clientID: oauthClient?["id"]?.string, clientName: oauthClient?["name"]?.string,
            userName: user?["username"]?.string ?? user?["name"]?.string,
            roles: (oauthClient?["roleDivisions"]?.array ?? []).compactMap { $0["roleId"]?.string }
        )
    }

    @Sendable static func advice(_ error: TokenError, _ profile: Profile) -> String {
        let region = profile.region ?? "the host in GENESYS_LOGIN_URL"
        switch (error.code, error.oauthDescription) {
        case (.credentialsRefused, "client not found"):
            return "most likely the client belongs to another region than \(region); otherwise check the client ID"
        case (.credentialsRefused, "authentication failed"):
            return
                "most likely the client secret is wrong, was regenerated, or was copied with white space or quotes; "
                + "copy it again from Admin > Integrations > OAuth"
        case (.credentialsRefused, _):
            return "most likely the client secret is wrong; otherwise check the client ID and the region (\(region))"
        case (.grantRefused, _):
            return
                "the grant type of the OAuth client is not Client Credentials: change it in Admin > Integrations > OAuth"
        case (.scopeRefused, _):
            return "client credentials do not use scopes: unset GENESYS_SCOPE, and assign roles to the client"
        case (.rateLimited, _):
            return "too many token requests from this client: wait a minute, and share one token with the cache"
        case (.requestRefused, _) where error.status == 404:
            return "the token endpoint is https://login.<region's domain>/oauth/token; check GENESYS_LOGIN_URL"
        default: return ErrorHints.general(error)
        }
    }
}
