public import RingdownCore
public import RingdownOAuth

/// Says what most likely lies behind a failure, and what to do next.
public enum ErrorHints {
    public static func hint(for error: TokenError, _ profile: Profile) -> String {
        if error.code == .signInRequired { return "sign in with 'ringdown login', as the same profile" }
        if profile.signIn != nil { return forPeople(error) }
        return profile.platform.advice(error, profile)
    }

    private static func forPeople(_ error: TokenError) -> String {
        switch error.code {
        case .credentialsRefused where error.oauthError == "invalid_grant":
            return "the code was used or is too old: sign in again with 'ringdown login'"
        case .credentialsRefused:
            return
                "most likely the client's secret is wrong, or it must have none (PKCE); else the client ID, else the host"
        case .grantRefused:
            return "the client must allow the authorization code grant, and the address to come back to (--port)"
        case .scopeRefused: return "ask only for scopes that the client was given"
        default: return general(error)
        }
    }

    static func general(_ error: TokenError) -> String {
        if let transport = error.transport { return hint(for: transport) }
        switch error.code {
        case .credentialsRefused: return "most likely the client secret is wrong, else the client ID, else the host"
        case .wrongOrganization:
            return "the client belongs to another organisation, or GENESYS_ORGANIZATION_ID is wrong"
        case .grantRefused: return "the server does not allow this client the grant that was used"
        case .scopeRefused: return "ask only for scopes that the client was given"
        case .rateLimited:
            let wait = error.retryAfter.map { " in \(Int($0.inSeconds.rounded(.up))) s" } ?? " in a minute"
            return "too many token requests: try again\(wait), and let programs share one token"
        case .serverFailed:
            return "the platform fails at the moment: try again in a minute, and look at its status page"
        case .malformedResponse:
            return "this is no token endpoint, or a proxy or a sign-in page answered in its place: check the URL"
        case .tooShort: return "ask for less with --min-ttl, or have the client's token lifetime raised"
        case .discoveryFailed: return "check the issuer's URL"
        case .requestRefused where (300..<400).contains(error.status ?? 0):
            return "the token endpoint has moved, or the URL lacks something: set its final address"
        default: return "check the token endpoint's URL"
        }
    }

    public static func hint(for error: TransportError) -> String {
        switch error.code {
        case .nameResolution: "check the host name for a typing mistake, and that this machine can resolve names"
        case .connection: "check the host and port, and whether a firewall or a missing HTTPS_PROXY is in the way"
        case .timeout: "the host does not answer: check firewall and proxy, or try again"
        case .certificate where error.message.contains("expired"):
            "check this machine's clock ('date'); if it is right, the server's certificate must be renewed"
        case .certificate: "if your network has its own certificate authority, name its file in RINGDOWN_CA_FILE"
        case .tls:
            "check that the port speaks TLS; a server that asks for a client certificate wants RINGDOWN_CLIENT_CERT"
        case .proxy: "check HTTPS_PROXY and NO_PROXY"
        case .proxyAuthentication: "put the proxy's user name and password into HTTPS_PROXY, percent-encoded"
        case .responseTooLarge: "this is no answer to such a request: check the URL"
        case .brokenResponse: "try again; if it stays, a proxy or gateway cuts the connection"
        case .cancelled: "run it again"
        case .setup: "install the library that is named"
        }
    }
}
