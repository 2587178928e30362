public import RingdownCore
public import RingdownOAuth

/// Everything that a client needs to know about one account at one platform.
public struct Profile: Sendable {
    public enum Credential: Sendable {
        case grant(Grant)
        /// A token that came from elsewhere; it is used while it lasts.
        case accessToken(Secret)
        /// A broker on this machine has the secret (`RINGDOWN_SOCKET`).
        case broker(BrokerClient)
    }
    /// Where API calls go.
    public enum API: Sendable {
        case fixed(HTTPURL)
        /// Found out from the tenant in the token (`cxone.md` section 2).
        case tenant(CXoneTenant)
        /// There is none until this variable is set: tokens are all this profile is for.
        case unset(variable: String)
    }

    public enum Revoking: Sendable {
        /// There is no way.
        case none
        /// A DELETE of this path of the API.
        case call(String)
        /// RFC 7009, at this address.
        case endpoint(HTTPURL)
        /// RFC 7009, where the issuer's metadata names an endpoint.
        case discovered(issuer: HTTPURL)
    }

    public var platform: Platform
    public var credential: Credential
    public var api: API
    /// How a person signs in, where tokens are a person's.
    public var signIn: SignIn?
    /// The variable of the client's secret; with `_NEXT` behind it, that of the one that is to take its place.
    public var secretVariable = ""
    /// The client's secret that is to take the place of the one in the grant: tried where that is refused.
    public var nextSecret: Secret?
    /// Reads everything again, files and commands too; nil where the profile did not come from settings.
    var reload: (@Sendable () throws(ConfigurationError) -> Profile)?
    /// The region or area, where one is known.
    public var region: String?
    /// The organisation that the token must belong to.
    public var organizationID: String?
    /// How a token is ended at the platform.
    public var revocation = Revoking.none
    /// Which version of the platform's API is called, where it has several.
    public var apiVersion: String?

    /// The profile that the settings describe. Throws ``ConfigurationError`` where one is missing or wrong.
    public init(_ settings: Settings) throws(ConfigurationError) {
        self = try Platform.chosen(by: settings).profile(settings)
        try check()
        reload = { () throws(ConfigurationError) in try Profile(settings.reread()) }
        signIn?.account = settings.signInAccount
    }

    /// Secrets and tokens travel over https only, but for servers on this machine.
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
                "\(url.origin) is plain HTTP: anyone on the way could read the secret and the token",
                hint: "write https://; http:// is for servers on this machine only"
            )
        }
    }

    init(_ platform: Platform, _ credential: Credential, api: API) {
        self.platform = platform
        self.credential = credential
        self.api = api
    }

    /// The client's identifier; empty for a token that came from elsewhere.
    public var clientID: String {
        if case .grant(let grant) = credential { grant.client?.id ?? signIn?.clientID ?? "" } else { "" }
    }

    /// Under which the account's token is stored.
    var cacheKey: CacheKey {
        guard case .grant(let grant) = credential else { return CacheKey(fields: []) }
        if let signIn { return signIn.cacheKey(grant, organizationID: organizationID) }
        guard let organizationID, case .fixed = api else { return grant.cacheKey }
        // A token that was not checked must not be found under the key of one that was.
        return CacheKey(fields: [grant.cacheKey.bytes, Array(organizationID.utf8)])
    }

    /// Whose tokens these are, in a few words: `genesys us-east-1 6f3a…`.
    public var account: String {
        [platform.name, region ?? "", clientID].filter { !$0.isEmpty }.map { sanitized($0, limit: 80) }
            .joined(separator: " ")
    }
}
