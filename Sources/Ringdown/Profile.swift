package import RingdownCore
package import RingdownOAuth

/// The configuration of one account at one platform.
package struct Profile: Sendable {
    /// The source of tokens.
    package enum Credential: Sendable {
        /// A token request.
        case grant(Grant)
        /// A given access token, used until it expires.
        case accessToken(Secret)
        /// A local broker (`RINGDOWN_SOCKET`).
        case broker(BrokerClient)
    }
    /// The base URL of the API.
    package enum API: Sendable {
        /// A known URL.
        case fixed(HTTPURL)
        /// The URL is discovered with the tenant ID of the token (`cxone.md` section 2).
        case tenant(CXoneTenant)
        /// No URL. API calls require this variable.
        case unset(variable: String)
    }

    /// The method of token revocation.
    package enum Revoking: Sendable {
        /// Not supported.
        case none
        /// A DELETE request to this path of the API.
        case call(String)
        /// A revocation endpoint (RFC 7009).
        case endpoint(HTTPURL)
        /// The revocation endpoint (RFC 7009) in the issuer's metadata, if any.
        case discovered(issuer: HTTPURL)
    }

    /// The platform.
    package var platform: Platform
    /// The source of tokens.
    package var credential: Credential
    /// The base URL of the API.
    package var api: API
    /// The sign-in of a user; nil if the tokens belong to a client.
    package var signIn: SignIn?
    /// The variable of the client secret. With the suffix `_NEXT`, it is the variable of the next secret.
    package var secretVariable = ""
    /// The next client secret, which is used if the server rejects the one in the grant.
    package var nextSecret: Secret?
    /// Reads the profile again, including files and commands; nil if the profile was not created from settings.
    var reload: (@Sendable () throws(ConfigurationError) -> Profile)?
    /// The secrets of the grant that are looked up when they are first needed; nil if the grant contains all of them.
    var deferred: DeferredGrant?
    /// The region or area; nil if unknown.
    package var region: String?
    /// The organisation that the token must belong to; nil to accept any.
    package var organizationID: String?
    /// The method of token revocation.
    package var revocation = Revoking.none
    /// Origins on loopback to which links of the API may lead (such as `CXONE_LOOPBACK_ORIGINS`).
    package internal(set) var loopbackOrigins: [HTTPURL.Origin] = []
    /// The version of the platform's API; nil if the API has no versions.
    package var apiVersion: String?

    /// Creates a profile from settings.
    ///
    /// - Throws: ``ConfigurationError`` if a setting is missing or invalid.
    package init(_ settings: Settings) throws(ConfigurationError) {
        self = try Platform.chosen(by: settings).profile(settings)
        try check()
        loopbackOrigins = try Self.loopbackOrigins(settings, platform.variables.loopbackOrigins)
        reload = { () throws(ConfigurationError) in try Profile(settings.reread()) }
        if signIn != nil { try settings.useSignIn() }
        signIn?.account = settings.signInAccount
    }

    /// Rejects URLs with plain HTTP. Secrets and tokens are sent over HTTPS only, except to loopback addresses.
    private func check() throws(ConfigurationError) {
        var urls: [HTTPURL] = []
        if case .grant(let grant) = credential {
            switch grant.endpoint {
            case .fixed(let url), .discovered(let url): urls.append(url)
            }
        }
        switch api {
        case .fixed(let url): urls.append(url)
        case .tenant(let tenant): urls.append(tenant.issuer)
        case .unset: break
        }
        for url in urls where url.origin.scheme != "https" && !url.origin.isLoopback {
            throw ConfigurationError(
                "\(url.origin) uses plain HTTP: the secret and the token would be sent unencrypted",
                hint: "use https://; http:// is allowed for loopback addresses only"
            )
        }
    }

    private static func loopbackOrigins(
        _ settings: Settings, _ variable: String
    ) throws(ConfigurationError) -> [HTTPURL.Origin] {
        var origins: [HTTPURL.Origin] = []
        for text in (try settings.text(variable) ?? "").split(separator: ",") {
            guard let url = try? HTTPURL(String(text)), url.origin.isLoopback else {
                throw ConfigurationError(
                    "\(variable) contains a URL that is not on loopback",
                    hint: "use URLs such as http://127.0.0.1:8080, separated by commas")
            }
            origins.append(url.origin)
        }
        return origins
    }

    init(_ platform: Platform, _ credential: Credential, api: API) {
        self.platform = platform
        self.credential = credential
        self.api = api
    }

    /// The client ID; empty for a given access token.
    package var clientID: String {
        if case .grant(let grant) = credential { grant.client?.id ?? signIn?.clientID ?? "" } else { "" }
    }

    /// The key of the account's token in the store.
    var cacheKey: CacheKey {
        guard case .grant(let grant) = credential else { return CacheKey(fields: []) }
        if let signIn { return signIn.cacheKey(grant, organizationID: organizationID) }
        guard let organizationID, case .fixed = api else { return grant.cacheKey }
        // Tokens with and without a checked organisation have different keys.
        return CacheKey(fields: [grant.cacheKey.bytes, Array(organizationID.utf8)])
    }

    /// Returns the store for the tokens of this profile. Its keys depend on the secrets of the grant.
    func store(_ store: any TokenStore) -> any TokenStore {
        let known = signIn == nil && !(store is MemoryOnly) ? nextSecret : nil
        let store: any TokenStore = known.map { NextSecretStore(store: store, secret: $0) } ?? store
        guard let deferred, signIn == nil, !(store is MemoryOnly) else { return store }
        return DeferredKeyStore(store: store, grant: deferred) { grant in
            var profile = self
            profile.credential = .grant(grant)
            return profile.cacheKey
        }
    }

    /// The account name for logs, such as `genesys us-east-1 6f3a…`.
    package var account: String {
        [platform.name, region ?? "", clientID].filter { !$0.isEmpty }.map { sanitized($0, limit: 80) }
            .joined(separator: " ")
    }

    /// The hint for a given access token that was rejected.
    var hintForGivenToken: String {
        let variable = reload == nil ? nil : platform.variables.vendorAccessToken
        return "the access token\(variable.map { " in \($0)" } ?? "") was rejected or has expired: obtain a new one"
    }
}
