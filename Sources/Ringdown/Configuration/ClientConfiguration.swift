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
    /// Environment variables take precedence over the file.
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
            let file = try ProfileFiles(variables).path(of: name)
            var settings = Settings(variables: variables)
            try settings.add(file: file)
            return Account(profile: try Profile(settings), settings: settings)
        }
    }
}

/// The files of the profiles.
///
/// `ProfileDirectory` of the command-line tool moves here.
private struct ProfileFiles {
    private let directory: String?

    init(_ variables: [String: String]) {
        func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
        directory = (value("XDG_CONFIG_HOME") ?? value("HOME").map { $0 + "/.config" }).map { $0 + "/ringdown" }
    }

    func path(of name: String) throws(ConfigurationError) -> String {
        guard let directory, directory.hasPrefix("/") else {
            throw ConfigurationError(
                "the profile directory is unknown: HOME is not set", hint: "set HOME or XDG_CONFIG_HOME")
        }
        let isName =
            !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".") && !name.hasPrefix("-")
            && name.utf8.allSatisfy { $0.isAlphanumeric || "-_.".utf8.contains($0) }
        guard isName else {
            throw ConfigurationError(
                "'\(sanitized(name, limit: 40))' is not a profile name", hint: "use letters, digits, '-', '_' and '.'")
        }
        let path = "\(directory)/\(name).env"
        if File.resolved(path) != nil { return path }
        let names = TemporaryDirectory.names(in: directory).filter { $0.hasSuffix(".env") }.map {
            String($0.dropLast(4))
        }
        let close = nearest(to: name, among: names)
        throw ConfigurationError(
            "the profile '\(name)' does not exist",
            hint: close.isEmpty ? "create the file \(path)" : "did you mean \(close.joined(separator: " or "))?")
    }
}

/// A grant whose values are checked while it is built.
private struct GrantDraft {
    var grant: Grant
    private var slots: [DeferredGrant.Slot] = []

    init(_ endpoint: Grant.Endpoint, grantType: String, _ authentication: ClientAuthentication) {
        grant = Grant(endpoint: endpoint, parameters: [.init("grant_type", grantType)])
        grant.authentication = authentication
    }

    /// Sets the client ID and the secret that the client authentication method requires.
    mutating func setClient(_ id: String, _ secret: SecretSource?) throws(ConfigurationError) {
        grant.client = (id: try Check.identifier(id, "clientID"), secret: Secret(""))
        switch grant.authentication {
        case .mtls, .none:
            guard secret != nil else { return }
            throw ConfigurationError(
                "clientSecret is not used with the client authentication '\(grant.authentication.rawValue)'",
                hint: "omit clientSecret, or use another clientAuthentication")
        case .basic, .basicRaw, .body, .privateKeyJWT:
            guard let secret else {
                throw ConfigurationError(
                    "clientSecret is required with the client authentication '\(grant.authentication.rawValue)'",
                    hint: "set clientSecret to a value, a file or a provider")
            }
            try set(secret, .clientSecret, "clientSecret", isKey: grant.authentication == .privateKeyJWT)
        }
    }

    /// Sets the access key of a CXone employee.
    mutating func setAccessKey(_ id: String, _ secret: SecretSource) throws(ConfigurationError) {
        grant.parameters += [
            .init("username", try Check.identifier(id, "accessKeyID")), .init("password", Secret("")),
        ]
        try set(secret, .parameter("password"), "accessKeySecret")
    }

    private mutating func set(
        _ source: SecretSource, _ place: DeferredGrant.Slot.Place, _ name: String, isKey: Bool = false
    ) throws(ConfigurationError) {
        try source.check(name, isKey: isKey)
        if case .value(let secret) = source.kind {
            DeferredGrant.fill(&grant, place, secret)
        } else {
            slots.append(.init(name: name, source: source, place: place, isKey: isKey))
        }
    }

    func profile(_ platform: Platform, api: Profile.API, _ time: any TimeSource) -> Profile {
        var profile = Profile(platform, .grant(grant), api: api)
        profile.secretVariable = "clientSecret"
        if !slots.isEmpty { profile.deferred = DeferredGrant(grant, slots, time: time) }
        return profile
    }
}

/// The checks of parameters.
///
/// Every error names the parameter.
private enum Check {
    /// Returns an identifier that is not empty, and contains no control character and no white space at its ends.
    static func identifier(_ text: String, _ name: String) throws(ConfigurationError) -> String {
        let problem: String? =
            if text.isEmpty {
                "is empty"
            } else if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
                "contains a control character"
            } else if text.trimmed != text {
                "starts or ends with white space"
            } else { nil }
        guard let problem else { return text }
        throw ConfigurationError("\(name) \(problem)", hint: "copy the value again, without quotes or line breaks")
    }

    /// Returns an access token that can be sent in a header.
    static func token(_ token: Secret) throws(ConfigurationError) -> Secret {
        if Token.isSendable(token) { return token }
        throw ConfigurationError(
            "the access token is empty or contains a character that is not allowed in a token",
            hint: "copy it again, without quotes or spaces")
    }

    /// Parses a URL.
    ///
    /// Secrets and tokens are sent over HTTPS only, except to loopback addresses.
    static func url(_ text: String, _ name: String) throws(ConfigurationError) -> HTTPURL {
        let url: HTTPURL
        do throws(HTTPURL.Invalid) { url = try HTTPURL(text) } catch {
            throw ConfigurationError("\(name): \(error)", hint: "use a full URL, such as https://login.example.com")
        }
        guard url.origin.scheme == "https" || url.origin.isLoopback else {
            throw ConfigurationError(
                "\(name) uses plain HTTP: the secret and the token would be sent unencrypted",
                hint: "use https://; http:// is allowed for loopback addresses only")
        }
        return url
    }

    /// Returns two values that are only valid together; nil if both are nil.
    static func both<First, Second>(
        _ firstName: String, _ first: First?, _ secondName: String, _ second: Second?
    ) throws(ConfigurationError) -> (First, Second)? {
        if let first, let second { return (first, second) }
        if first == nil, second == nil { return nil }
        let (given, missing) = first == nil ? (secondName, firstName) : (firstName, secondName)
        throw ConfigurationError("\(given) is set without \(missing)", hint: "set both or neither")
    }

    /// Returns the token endpoint of a login host.
    ///
    /// A URL that ends in `/token` is used unchanged.
    static func tokenEndpoint(_ login: HTTPURL, _ name: String) throws(ConfigurationError) -> HTTPURL {
        if login.path.hasSuffix("/token") { return login }
        do throws(HTTPURL.Invalid) { return try login.appending("oauth/token") } catch {
            throw ConfigurationError("\(name): \(error)", hint: "use a full URL, such as https://login.example.com")
        }
    }

    /// Returns a version in the form of the API: `v34.0` for `34`, `v34` and `34.0`.
    static func version(_ text: String, _ name: String) throws(ConfigurationError) -> String {
        let digits = text.lowercased().hasPrefix("v") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ UInt16($0) != nil && !$0.hasPrefix("+") }) else {
            throw ConfigurationError(
                "\(name): '\(sanitized(text, limit: 40))' is not a version", hint: "use a version such as v34.0")
        }
        return "v" + digits + (parts.count == 1 ? ".0" : "")
    }

    /// Returns the origins of URLs on loopback.
    static func loopbackOrigins(_ texts: [String], _ name: String) throws(ConfigurationError) -> [HTTPURL.Origin] {
        var origins: [HTTPURL.Origin] = []
        for text in texts {
            let origin = try url(text, name).origin
            guard origin.isLoopback else {
                throw ConfigurationError(
                    "\(name): \(origin) is not on loopback", hint: "use URLs such as http://127.0.0.1:8080")
            }
            origins.append(origin)
        }
        return origins
    }
}
