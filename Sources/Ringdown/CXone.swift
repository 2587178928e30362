internal import RingdownCore
internal import RingdownOAuth

extension Platform {
    /// NICE CXone. One issuer serves all areas, and each area has an API host (`cxone.md`).
    public static let cxone = Platform(
        name: "cxone", title: "NICE CXone",
        signs: ["CXONE_CLIENT_ID", "CXONE_ACCESS_KEY_ID"],
        variables: PlatformVariables(prefix: "CXONE"), capabilities: CXone.capabilities,
        trustedDomains: [
            "niceincontact.com", "nice-incontact.com", "nicecxone-gov.com", "nicecxone-sov1.au", "nicecxone-sov1.eu",
            "nicecxone-sov1.uk", "nicecxone-sov2.uk",
        ],
        questions: [
            Question("CXONE_REGION", "Area, such as na1 (empty if unknown)", .region, standard: ""),
            Question("CXONE_CLIENT_ID", "Client ID of the registered application"),
            Question("CXONE_CLIENT_SECRET", "Client secret", .secret),
            Question("CXONE_ACCESS_KEY_ID", "Access key ID of the employee whose permissions are used"),
            Question("CXONE_ACCESS_KEY_SECRET", "Access key secret (ends in ====)", .secret),
        ],
        options: [
            "CXONE_LOOPBACK_ORIGINS", "CXONE_ISSUER", "CXONE_TOKEN_URL", "CXONE_API_URL", "CXONE_TENANT_ID",
            "CXONE_API_VERSION",
            "CXONE_CLIENT_AUTH", "CXONE_SCOPE",
        ],
        profile: { settings throws(ConfigurationError) in try CXone.profile(settings) },
        fault: CXone.fault,
        users: { profile, pageSize in
            CXone.agents(version: profile.apiVersion ?? CXone.standardVersion, pageSize: pageSize)
        },
        lists: { CXone.lists(version: $0.apiVersion ?? CXone.standardVersion) },
        conversations: { client, interval in
            client.completedContacts(in: interval, version: client.profile.apiVersion ?? CXone.standardVersion)
        },
        probe: { "/incontactapi/services/\($0.apiVersion ?? CXone.standardVersion)/business-unit" },
        identify: CXone.identify,
        advice: CXone.advice
    )
}

enum CXone {
    static let capabilities: PlatformCapabilities = {
        var capabilities = PlatformCapabilities()
        capabilities.jobs = [.files]
        capabilities.pathPrefixes = ["/incontactapi/", "/data-extraction/", "/engager/"]
        capabilities.needsAccessKey = true
        return capabilities
    }()

    /// The latest API version with a published description (section 3.1).
    static let standardVersion = "v34.0"

    /// The grants of section 1: flow A, client credentials, flow B, flow E, and authorization code.
    enum GrantName: String, CaseIterable {
        case password
        case clientCredentials = "client_credentials"
        case accessKey = "access_key"
        case digital
        case authorizationCode = "authorization_code"
    }

    static func profile(_ settings: Settings) throws(ConfigurationError) -> Profile {
        let area = try area(settings)
        let standard = try standardIssuer(area)
        let issuer = try settings.url("CXONE_ISSUER") ?? standard
        let tenant = CXoneTenant(issuer: issuer, tenantID: try settings.text("CXONE_TENANT_ID"), area: area)
        let name = try grantName(settings)
        let grant = try grant(name, settings, issuer: issuer, area: area)
        let override = try settings.url("CXONE_API_URL")
        let digital = name == .digital ? try standardURL(digitalHost(issuer, area)) : nil
        var profile = Profile(.cxone, .grant(grant), api: (override ?? digital).map { .fixed($0) } ?? .tenant(tenant))
        if name == .authorizationCode {
            profile.signIn = SignIn(
                authorization: .discovered(issuer: issuer), clientID: try settings.text("CXONE_CLIENT_ID") ?? "",
                scope: try settings.text("CXONE_SCOPE") ?? "openid")
        }
        profile.secretVariable = "CXONE_CLIENT_SECRET"
        profile.nextSecret = try settings.secret("CXONE_CLIENT_SECRET_NEXT")
        profile.region = area
        if case .discovered(let issuer) = grant.endpoint { profile.revocation = .discovered(issuer: issuer) }
        let version = try settings.text("CXONE_API_VERSION") ?? standardVersion
        profile.apiVersion =
            (version.lowercased().hasPrefix("v") ? "" : "v") + version + (version.contains(".") ? "" : ".0")
        return profile
    }

    private static func grantName(_ settings: Settings) throws(ConfigurationError) -> GrantName {
        let hasKey = settings.has("CXONE_ACCESS_KEY_ID")
        let hasClient = settings.has("CXONE_CLIENT_ID")
        return try settings.choice(
            "CXONE_GRANT", default: hasKey ? (hasClient ? .password : .accessKey) : .clientCredentials
        )
    }

    private static func grant(
        _ name: GrantName, _ settings: Settings, issuer: HTTPURL, area: String?
    ) throws(ConfigurationError) -> Grant {
        let discovered = Grant.Endpoint.discovered(issuer: issuer)
        let override = fixed(try settings.url("CXONE_TOKEN_URL"))
        var grant: Grant
        switch name {
        case .password:
            grant = Grant(
                endpoint: override ?? discovered,
                parameters: [
                    .init("grant_type", "password"),
                    .init(
                        "username",
                        try settings.required(try settings.text("CXONE_ACCESS_KEY_ID"), "CXONE_ACCESS_KEY_ID")),
                    .init(
                        "password",
                        try settings.required(try settings.secret("CXONE_ACCESS_KEY_SECRET"), "CXONE_ACCESS_KEY_SECRET")
                    ),
                ])
        case .clientCredentials:
            grant = Grant(endpoint: override ?? discovered, parameters: [.init("grant_type", "client_credentials")])
        case .accessKey:
            // This endpoint is regional and accepts JSON without client credentials (section 1.3).
            var endpoint = override ?? discovered
            if override == nil {
                endpoint = .fixed(try standardURL(regionalHost(issuer, area) + "/authentication/v1/token/access-key"))
            }
            grant = Grant(
                endpoint: endpoint,
                parameters: [
                    .init(
                        "accessKeyId",
                        try settings.required(try settings.text("CXONE_ACCESS_KEY_ID"), "CXONE_ACCESS_KEY_ID")),
                    .init(
                        "accessKeySecret",
                        try settings.required(try settings.secret("CXONE_ACCESS_KEY_SECRET"), "CXONE_ACCESS_KEY_SECRET")
                    ),
                ])
            grant.format = .json
        case .authorizationCode:
            grant = SignIn.grant(
                at: override ?? discovered,
                clientID: try settings.required(try settings.text("CXONE_CLIENT_ID"), "CXONE_CLIENT_ID"),
                secret: try settings.secret("CXONE_CLIENT_SECRET"),
                authentication: try settings.choice("CXONE_CLIENT_AUTH", default: .basicRaw))
            grant.prefersHTTP1 = true
            return grant
        case .digital:
            let standard = try standardURL(digitalHost(issuer, area) + "/engager/2.0/token")
            grant = Grant(
                endpoint: override ?? .fixed(standard),
                parameters: [.init("grant_type", "client_credentials")])
            grant.format = .json
        }
        if let scope = try settings.text("CXONE_SCOPE") { grant.parameters.append(.init("scope", scope)) }
        if name != .accessKey {
            grant.client = (
                id: try settings.required(try settings.text("CXONE_CLIENT_ID"), "CXONE_CLIENT_ID"),
                secret: try settings.required(try settings.secret("CXONE_CLIENT_SECRET"), "CXONE_CLIENT_SECRET")
            )
        }
        // NICE's API description does not form-encode the credentials. Digital Engagement accepts them in the body only.
        let standard: ClientAuthentication = name == .digital ? .body : name == .accessKey ? .none : .basicRaw
        grant.authentication = try settings.choice("CXONE_CLIENT_AUTH", default: standard)
        grant.prefersHTTP1 = true  // section 1.2: according to one source, the token endpoint fails over HTTP/2
        return grant
    }

    private static func area(_ settings: Settings) throws(ConfigurationError) -> String? {
        guard let text = try settings.text("CXONE_REGION") else { return nil }
        let area = text.trimmed.lowercased()
        let letters = area.prefix { $0.isLetter }
        if (2...4).contains(letters.count), area.dropFirst(letters.count).count == 1, area.last?.isNumber == true {
            if !CXoneArea.all.contains(where: { $0.name == area }) {
                Logger.current.warning(
                    "region.unverified", "the CXone area '\(area)' is unknown; using it unchanged")
            }
            return area
        }
        let close = nearest(to: area, among: CXoneArea.all.map(\.name))
        let names = close.isEmpty ? CXoneArea.all.map(\.name) : close
        throw ConfigurationError(
            "'\(sanitized(text, limit: 60))' is not a CXone area",
            hint:
                "did you mean \(names.joined(separator: ", "))? AWS region names are not areas", recovery: .chooseRegion
        )
    }

    private static func standardIssuer(_ area: String?) throws(ConfigurationError) -> HTTPURL {
        try standardURL(CXoneArea(name: area ?? "na1", place: "").issuer)
    }

    private static func regionalHost(_ issuer: HTTPURL, _ area: String?) throws(ConfigurationError) -> String {
        // A simulator or gateway serves the endpoint on the issuer's host. One source attests the platform's host (section 1.3).
        if !isOfficial(issuer) { return issuer.origin.description }
        guard let area else {
            throw ConfigurationError(
                "CXONE_REGION is not set",
                hint: "set it to na1, eu1, uk1, au1, ca1 or jp1: the access key endpoint is regional"
            )
        }
        return "https://\(area).nice-incontact.com"
    }

    /// Returns the Digital Engagement host (section 1.6). A simulator or gateway serves the endpoint on the issuer's host.
    private static func digitalHost(_ issuer: HTTPURL, _ area: String?) -> String {
        if !isOfficial(issuer) { return issuer.origin.description }
        return area == "na2"
            ? "https://api-de-na2.nicecxone-gov.com" : "https://api-de-\(area ?? "na1").niceincontact.com"
    }

    private static func isOfficial(_ issuer: HTTPURL) -> Bool {
        Platform.cxone.trustedDomains.contains { issuer.host == $0 || issuer.host.hasSuffix("." + $0) }
    }

    private static func fixed(_ url: HTTPURL?) -> Grant.Endpoint? { url.map { .fixed($0) } }

    private static func standardURL(_ text: String) throws(ConfigurationError) -> HTTPURL {
        do { return try HTTPURL(text) } catch { throw ConfigurationError("\(error)", hint: "check CXONE_REGION") }
    }

    @Sendable static func advice(_ error: TokenError, _ profile: Profile) -> String {
        let isPlain = grantType(profile) == "client_credentials"
        switch error.code {
        case .grantRefused where isPlain:
            return
                "the main CXone APIs require an access key of an employee: set CXONE_ACCESS_KEY_ID and "
                + "CXONE_ACCESS_KEY_SECRET, or CXONE_GRANT=digital for Digital Engagement"
        case .credentialsRefused where isPlain:
            return
                "most likely the client secret is wrong; otherwise check the client ID and its registration; the main CXone "
                + "APIs also require an access key: set CXONE_ACCESS_KEY_ID and CXONE_ACCESS_KEY_SECRET"
        case .credentialsRefused where error.oauthError == "invalid_grant":
            return
                "most likely the access key secret is wrong (it includes the ==== at the end); otherwise check whether the "
                + "key or its employee was deactivated"
        case .credentialsRefused:
            return
                "most likely the client secret is wrong; otherwise check the client ID, whether NICE has approved the "
                + "registration, and the issuer of the tenant (CXONE_ISSUER)"
        case .requestRefused where error.status == 404:
            return "check or unset CXONE_TOKEN_URL: by default, the token endpoint is discovered at the issuer"
        default: return ErrorHints.general(error)
        }
    }

    private static func grantType(_ profile: Profile) -> String? {
        guard case .grant(let grant) = profile.credential else { return nil }
        for parameter in grant.parameters where parameter.name == "grant_type" {
            if case .text(let text) = parameter.value { return text }
        }
        return nil
    }
}
