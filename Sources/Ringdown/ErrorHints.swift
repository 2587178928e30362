package import RingdownCore
package import RingdownOAuth

/// Hints for failures: the most likely cause or the next command.
package enum ErrorHints {
    /// Returns a failed token request of a profile with its hint.
    package static func advised(_ error: TokenError, _ profile: Profile) -> TokenError {
        var error = error
        if error.hint.isEmpty { error.hint = hint(for: error, profile) }
        // A client of another region is unknown, but its secret is not wrong.
        if error.code == .credentialsRefused, profile.signIn == nil, profile.platform.capabilities.hasRegionalClients,
            error.oauthDescription != "authentication failed"
        {
            error.special = .findRegion
        }
        return error
    }

    private static func hint(for error: TokenError, _ profile: Profile) -> String {
        if error.code == .signInRequired { return "sign in again for the same profile" }
        if profile.signIn != nil { return forPeople(error) }
        return profile.platform.advice(error, profile)
    }

    private static func forPeople(_ error: TokenError) -> String {
        switch error.code {
        case .credentialsRefused where error.oauthError == "invalid_grant":
            return "the authorization code is expired or already used: sign in again"
        case .credentialsRefused:
            return
                "most likely the client secret is wrong, or a PKCE client has one; otherwise check the client ID and the host"
        case .grantRefused:
            return "the client does not allow the authorization code grant or the redirect URI"
        case .scopeRefused: return "request only scopes that are assigned to the client"
        default: return general(error)
        }
    }

    static func general(_ error: TokenError) -> String {
        if let transport = error.transport { return hint(for: transport) }
        switch error.code {
        case .credentialsRefused:
            return "most likely the client secret is wrong; otherwise check the client ID and the host"
        case .wrongOrganization:
            return "the client belongs to another organisation, or GENESYS_ORGANIZATION_ID is wrong"
        case .grantRefused: return "the client is not allowed to use this grant type at the server"
        case .scopeRefused: return "request only scopes that are assigned to the client"
        case .rateLimited:
            let wait = error.retryAfter.map { " in \(Int($0.inSeconds.rounded(.up))) s" } ?? " in a minute"
            return "too many token requests: retry\(wait), and share one token between programs"
        case .serverFailed:
            return "the platform is unavailable: retry in a minute, and check its status page"
        case .malformedResponse:
            return "the URL is not a token endpoint, or a proxy or sign-in page responded instead: check the URL"
        case .tooShort: return "request a shorter validity, or increase the token lifetime of the client"
        case .intercepted:
            return
                "something between this machine and the platform answered, such as a proxy or a firewall: "
                + "check HTTPS_PROXY and NO_PROXY, and that the network allows the host"
        case .discoveryFailed: return "check the issuer URL"
        case .secretUnavailable:
            return "check the file or the provider of the secret; it is read again for the next request"
        case .requestRefused where (300..<400).contains(error.status ?? 0):
            return "the token endpoint has moved, or the URL is incomplete: set the final URL"
        default: return "check the URL of the token endpoint"
        }
    }

    /// Returns the hint for a failure of the transport.
    package static func hint(for error: TransportError) -> String {
        switch error.code {
        case .nameResolution: "check the spelling of the host name, and that this machine can resolve host names"
        case .connection: "check the host and port, the firewall, and whether HTTPS_PROXY must be set"
        case .timeout: "the host does not respond: check the firewall and the proxy, or retry"
        case .certificate where error.message.contains("expired"):
            "check the clock of this machine ('date'); if it is correct, the server certificate must be renewed"
        case .certificate where error.message.contains("the CA file "):
            "if your network uses its own certificate authority, add its certificate to that file"
        case .certificate:
            "if your network uses its own certificate authority, set RINGDOWN_CA_FILE to its certificate file"
        case .tls:
            "check that the port uses TLS; if the server requires a client certificate, set RINGDOWN_CLIENT_CERT"
        case .proxy: "check HTTPS_PROXY and NO_PROXY"
        case .proxyAuthentication: "add the percent-encoded user name and password of the proxy to HTTPS_PROXY"
        case .responseTooLarge: "request less at a time, such as a smaller page or a shorter interval, or check the URL"
        case .brokenResponse: "a proxy or gateway may have closed the connection: retry"
        case .cancelled: "run the command again"
        case .setup where error.message.contains("CA file"):
            "set RINGDOWN_CA_FILE to a file with the certificate of the authority in PEM format, or unset it"
        case .setup: "install the library named in the error"
        case .fileDescriptors: "increase the limit (ulimit -n), or lower the number of open files and connections"
        }
    }
}
