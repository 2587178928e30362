public import RingdownCore
public import RingdownOAuth

/// The account of a client: the platform, its hosts and the credentials.
///
/// The values are checked when a client is created. An error names the parameter.
///
/// ```swift
/// let client = try APIClient(.genesysCloud(region: .euWest1, clientID: id, clientSecret: secret))
/// let queues = try await client.get("/api/v2/routing/queues", as: QueueListing.self)
/// ```
public struct ClientConfiguration: Sendable {
    /// An account whose values are valid.
    struct Account {
        var profile: Profile
        /// The settings that the account was read from; nil for an account of parameters.
        var settings: Settings?
    }

    /// Checks the values and returns the account.
    ///
    /// The clock bounds the lookup of secrets.
    let account: @Sendable (_ time: any TimeSource) throws(ConfigurationError) -> Account

    /// Returns the account of a Genesys Cloud OAuth client with the grant type Client Credentials.
    ///
    /// - Parameters:
    ///   - region: The region of the organisation.
    ///   - clientID: The client ID.
    ///   - clientSecret: The client secret.
    ///   - organizationID: The organisation that tokens must belong to; nil to accept any (default: nil).
    ///   - clientAuthentication: The client authentication method (default: HTTP Basic authentication without form encoding).
    ///   - loginURL: The URL of a gateway or simulator for token requests. Requires `apiURL` (default: the login host of the
    ///     region).
    ///   - apiURL: The URL of a gateway or simulator for calls. Requires `loginURL` (default: the API host of the region).
    /// - Returns: The account.
    public static func genesysCloud(
        region: GenesysRegion, clientID: String, clientSecret: SecretSource, organizationID: String? = nil,
        clientAuthentication: ClientAuthentication = .basicRaw, loginURL: String? = nil, apiURL: String? = nil
    ) -> ClientConfiguration {
        ClientConfiguration { time throws(ConfigurationError) in
            let hosts = try Check.both("loginURL", loginURL, "apiURL", apiURL)
            let login = try Check.url(hosts?.0 ?? region.loginURL, "loginURL")
            let api = try Check.url(hosts?.1 ?? region.apiURL, "apiURL")
            var draft = try GrantDraft(
                .fixed(Check.tokenEndpoint(login, "loginURL")), grantType: "client_credentials",
                clientAuthentication)
            draft.grant.defaultLifetime = .seconds(86400)
            try draft.setClient(clientID, clientSecret)
            var profile = draft.profile(.genesys, api: .fixed(api), time)
            profile.region = region.name
            profile.revocation = .call("/api/v2/tokens/me")  // `genesys-cloud.md` section 2
            profile.organizationID = try organizationID.map { id throws(ConfigurationError) in
                try Check.identifier(id, "organizationID")
            }
            return Account(profile: profile)
        }
    }

    /// Returns the account of a Genesys Cloud OAuth client with the grant type Client Credentials.
    ///
    /// - Parameters:
    ///   - region: The region of the organisation.
    ///   - clientID: The client ID.
    ///   - clientSecret: The client secret as text.
    /// - Returns: The account.
    public static func genesysCloud(
        region: GenesysRegion, clientID: String, clientSecret: String
    ) -> ClientConfiguration {
        genesysCloud(region: region, clientID: clientID, clientSecret: .value(clientSecret))
    }

    /// Returns the account of a NICE CXone application.
    ///
    /// The main APIs require the access key of an employee.
    ///
    /// - Parameters:
    ///   - area: The area of the tenant.
    ///   - clientID: The client ID of the registered application.
    ///   - clientSecret: The client secret.
    ///   - accessKeyID: The ID of the access key. Requires `accessKeySecret` (default: nil).
    ///   - accessKeySecret: The secret of the access key. Requires `accessKeyID` (default: nil).
    ///   - tenantID: The tenant ID; nil to use the tenant ID of the token (default: nil).
    ///   - apiVersion: The version of the API, such as `v34.0` (default: the latest documented version).
    ///   - clientAuthentication: The client authentication method (default: HTTP Basic authentication without form encoding).
    ///   - issuerURL: The URL of the issuer (default: the issuer of the area).
    ///   - apiURL: The URL of the API (default: the API host of the tenant).
    ///   - loopbackOrigins: Further origins on loopback to which links of a simulator may lead (default: none).
    /// - Returns: The account.
    public static func cxone(
        area: CXoneArea, clientID: String, clientSecret: SecretSource, accessKeyID: String? = nil,
        accessKeySecret: SecretSource? = nil, tenantID: String? = nil, apiVersion: String? = nil,
        clientAuthentication: ClientAuthentication = .basicRaw, issuerURL: String? = nil, apiURL: String? = nil,
        loopbackOrigins: [String] = []
    ) -> ClientConfiguration {
        ClientConfiguration { time throws(ConfigurationError) in
            let issuer = try Check.url(issuerURL ?? area.issuer, "issuerURL")
            let key = try Check.both("accessKeyID", accessKeyID, "accessKeySecret", accessKeySecret)
            var draft = GrantDraft(
                .discovered(issuer: issuer), grantType: key == nil ? "client_credentials" : "password",
                clientAuthentication)
            if let key { try draft.setAccessKey(key.0, key.1) }
            try draft.setClient(clientID, clientSecret)
            draft.grant.prefersHTTP1 = true  // `cxone.md` section 1.2
            let tenant = CXoneTenant(
                issuer: issuer,
                tenantID: try tenantID.map { id throws(ConfigurationError) in try Check.identifier(id, "tenantID") },
                area: area.name)
            let api = try apiURL.map { url throws(ConfigurationError) in try Check.url(url, "apiURL") }
            var profile = draft.profile(.cxone, api: api.map { .fixed($0) } ?? .tenant(tenant), time)
            profile.region = area.name
            profile.revocation = .discovered(issuer: issuer)
            profile.apiVersion = try Check.version(apiVersion ?? CXone.standardVersion, "apiVersion")
            profile.loopbackOrigins = try Check.loopbackOrigins(loopbackOrigins, "loopbackOrigins")
            return Account(profile: profile)
        }
    }

    /// Returns the account of a NICE CXone application with the access key of an employee.
    ///
    /// - Parameters:
    ///   - area: The area of the tenant.
    ///   - clientID: The client ID of the registered application.
    ///   - clientSecret: The client secret as text.
    ///   - accessKeyID: The ID of the access key.
    ///   - accessKeySecret: The secret of the access key as text.
    /// - Returns: The account.
    public static func cxone(
        area: CXoneArea, clientID: String, clientSecret: String, accessKeyID: String, accessKeySecret: String
    ) -> ClientConfiguration {
        cxone(
            area: area, clientID: clientID, clientSecret: .value(clientSecret), accessKeyID: accessKeyID,
            accessKeySecret: .value(accessKeySecret))
    }

    /// Returns the account of a client at any OAuth 2.0 server with the client credentials grant (RFC 6749 section 4.4).
    ///
    /// - Parameters:
    ///   - tokenURL: The URL of the token endpoint.
    ///   - apiURL: The URL of the API; nil for a client that only requests tokens (default: nil).
    ///   - clientID: The client ID.
    ///   - clientSecret: The client secret, or the private key in PEM format for `.privateKeyJWT`; nil for `.mtls` and `.none`
    ///     (default: nil).
    ///   - clientAuthentication: The client authentication method (default: HTTP Basic authentication).
    ///   - scope: The requested scopes, separated by spaces; nil for the default of the server (default: nil).
    ///   - audience: The requested audience (default: nil).
    ///   - keyID: The ID of the private key at the server (default: nil).
    ///   - revocationURL: The URL of the revocation endpoint (RFC 7009; default: nil).
    /// - Returns: The account.
    public static func custom(
        tokenURL: String, apiURL: String? = nil, clientID: String, clientSecret: SecretSource? = nil,
        clientAuthentication: ClientAuthentication = .basic, scope: String? = nil, audience: String? = nil,
        keyID: String? = nil, revocationURL: String? = nil
    ) -> ClientConfiguration {
        ClientConfiguration { time throws(ConfigurationError) in
            var draft = GrantDraft(
                .fixed(try Check.url(tokenURL, "tokenURL")), grantType: "client_credentials", clientAuthentication)
            for (name, value) in [("scope", scope), ("audience", audience)] {
                guard let value else { continue }
                draft.grant.parameters.append(.init(name, try Check.identifier(value, name)))
            }
            try draft.setClient(clientID, clientSecret)
            draft.grant.keyID = keyID
            let api = try apiURL.map { url throws(ConfigurationError) in try Check.url(url, "apiURL") }
            var profile = draft.profile(.custom, api: api.map { .fixed($0) } ?? .unset(variable: "apiURL"), time)
            if let revocationURL { profile.revocation = .endpoint(try Check.url(revocationURL, "revocationURL")) }
            return Account(profile: profile)
        }
    }

    /// Returns the account of a client at any OAuth 2.0 server.
    ///
    /// - Parameters:
    ///   - tokenURL: The URL of the token endpoint.
    ///   - apiURL: The URL of the API.
    ///   - clientID: The client ID.
    ///   - clientSecret: The client secret as text.
    ///   - clientAuthentication: The client authentication method (default: HTTP Basic authentication).
    /// - Returns: The account.
    public static func custom(
        tokenURL: String, apiURL: String, clientID: String, clientSecret: String,
        clientAuthentication: ClientAuthentication = .basic
    ) -> ClientConfiguration {
        custom(
            tokenURL: tokenURL, apiURL: apiURL, clientID: clientID, clientSecret: .value(clientSecret),
            clientAuthentication: clientAuthentication)
    }

    /// Returns an account of Genesys Cloud with a given access token, which is used until it expires.
    ///
    /// - Parameters:
    ///   - token: The access token.
    ///   - region: The region of the organisation (default: US East, as in the tools of the platform).
    /// - Returns: The account.
    public static func accessToken(_ token: Secret, region: GenesysRegion = .usEast1) -> ClientConfiguration {
        ClientConfiguration { _ throws(ConfigurationError) in
            var profile = Profile(
                .genesys, .accessToken(try Check.token(token)), api: .fixed(try Check.url(region.apiURL, "region")))
            profile.region = region.name
            profile.revocation = .call("/api/v2/tokens/me")
            return Account(profile: profile)
        }
    }

    /// Returns an account of NICE CXone with a given access token, which is used until it expires.
    ///
    /// - Parameters:
    ///   - token: The access token.
    ///   - area: The area of the tenant.
    /// - Returns: The account.
    public static func accessToken(_ token: Secret, area: CXoneArea) -> ClientConfiguration {
        ClientConfiguration { _ throws(ConfigurationError) in
            var profile = Profile(
                .cxone, .accessToken(try Check.token(token)), api: .fixed(try Check.url(area.apiURL, "area")))
            profile.region = area.name
            profile.apiVersion = CXone.standardVersion
            return Account(profile: profile)
        }
    }

    /// The account of the environment variables, such as `GENESYS_CLIENT_ID` or `CXONE_CLIENT_ID`.
    ///
    /// The platform is the only one whose variables are set, or the value of `RINGDOWN_PLATFORM`.
    public static var environment: ClientConfiguration { variables(nil, platform: nil) }

    /// Returns the account of the environment variables for a platform.
    ///
    /// - Parameter platform: The platform.
    /// - Returns: The account.
    public static func environment(platform: Platform) -> ClientConfiguration { variables(nil, platform: platform) }

    /// Returns the account of given variables instead of the environment, for tests and for programs with several accounts.
    ///
    /// - Parameters:
    ///   - variables: The values by the names of the variables.
    ///   - platform: The platform; nil for the only one whose variables are set (default: nil).
    /// - Returns: The account.
    public static func environment(
        _ variables: [String: String], platform: Platform? = nil
    ) -> ClientConfiguration {
        Self.variables(variables, platform: platform)
    }

    private static func variables(_ variables: [String: String]?, platform: Platform?) -> ClientConfiguration {
        ClientConfiguration { _ throws(ConfigurationError) in
            let flags = platform.map { ["RINGDOWN_PLATFORM": $0.name] } ?? [:]
            let settings = Settings(variables: variables ?? environmentVariables(), flags: flags)
            return Account(profile: try Profile(settings), settings: settings)
        }
    }

    /// Returns the account of a profile: the file `ringdown/NAME.env` in `$XDG_CONFIG_HOME` (default: `~/.config`).
    ///
    /// Variables of the environment that would change the account, its region or its hosts are ignored.
    ///
    /// - Parameter name: The name of the profile.
    /// - Returns: The account.
    public static func profile(_ name: String) -> ClientConfiguration {
        profile(name, variables: nil)
    }

    /// For tests: the same with the given environment.
    package static func profile(_ name: String, variables: [String: String]?) -> ClientConfiguration {
        ClientConfiguration { _ throws(ConfigurationError) in
            let variables = variables ?? environmentVariables()
            let file = try ProfileDirectory(variables).file(of: name)
            var settings = Settings(variables: variables)
            try settings.add(file: file)
            _ = settings.preferProfile()
            return Account(profile: try Profile(settings), settings: settings)
        }
    }
}
