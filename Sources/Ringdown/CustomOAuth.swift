internal import RingdownCore
internal import RingdownOAuth

extension Platform {
    /// Any OAuth 2.0 server with the client credentials grant (RFC 6749 section 4.4).
    public static let custom = Platform(
        name: "custom", title: "OAuth 2.0",
        signs: ["OAUTH_CLIENT_ID", "OAUTH_TOKEN_URL"],
        variables: PlatformVariables(prefix: "OAUTH"), capabilities: PlatformCapabilities(),
        trustedDomains: [],
        questions: [
            Question("OAUTH_TOKEN_URL", "URL of the token endpoint"), Question("OAUTH_CLIENT_ID", "Client ID"),
            Question("OAUTH_CLIENT_SECRET", "Client secret", .secret),
            Question("OAUTH_SCOPE", "Scope (empty for none)", standard: ""),
        ],
        options: ["OAUTH_AUDIENCE", "OAUTH_API_URL", "OAUTH_REVOCATION_URL", "OAUTH_CLIENT_AUTH"],
        profile: { settings throws(ConfigurationError) in try CustomOAuth.profile(settings) },
        fault: CustomOAuth.fault,
        users: nil,
        lists: { _ in [:] },
        conversations: nil,
        probe: { _ in nil },
        identify: CustomOAuth.identify,
        advice: CustomOAuth.advice
    )
}

private enum CustomOAuth {
    static func profile(_ settings: Settings) throws(ConfigurationError) -> Profile {
        let endpoint = try settings.required(try settings.url("OAUTH_TOKEN_URL"), "OAUTH_TOKEN_URL")
        var grant = Grant(endpoint: .fixed(endpoint), parameters: [.init("grant_type", "client_credentials")])
        if let scope = try settings.text("OAUTH_SCOPE") { grant.parameters.append(.init("scope", scope)) }
        if let audience = try settings.text("OAUTH_AUDIENCE") { grant.parameters.append(.init("audience", audience)) }
        grant.authentication = try settings.choice("OAUTH_CLIENT_AUTH", default: .basic)
        grant.client = (
            id: try settings.required(try settings.text("OAUTH_CLIENT_ID"), "OAUTH_CLIENT_ID"),
            secret: try proof(grant.authentication, settings)
        )
        grant.keyID = try settings.text("OAUTH_PRIVATE_KEY_ID")
        let api = try settings.url("OAUTH_API_URL")
        var profile = Profile(.custom, .grant(grant), api: api.map { .fixed($0) } ?? .unset(variable: "OAUTH_API_URL"))
        profile.secretVariable = "OAUTH_CLIENT_SECRET"
        profile.nextSecret = try settings.secret("OAUTH_CLIENT_SECRET_NEXT")
        if let url = try settings.url("OAUTH_REVOCATION_URL") { profile.revocation = .endpoint(url) }
        return profile
    }

    /// The secret of the client authentication method: a client secret, a private key, or nothing for a client certificate.
    private static func proof(
        _ authentication: ClientAuthentication, _ settings: Settings
    ) throws(ConfigurationError) -> Secret {
        switch authentication {
        case .privateKeyJWT:
            return try settings.required(try settings.secret("OAUTH_PRIVATE_KEY"), "OAUTH_PRIVATE_KEY_FILE")
        case .mtls:
            _ = try settings.required(try settings.text("RINGDOWN_CLIENT_CERT"), "RINGDOWN_CLIENT_CERT")
            return Secret("")
        case .basic, .basicRaw, .body, .none:
            return try settings.required(try settings.secret("OAUTH_CLIENT_SECRET"), "OAUTH_CLIENT_SECRET")
        }
    }

    @Sendable static func fault(_ response: Response) -> Platform.Fault {
        let body = try? JSONReader.parse(response.body)
        let message = (body?["error_description"] ?? body?["message"] ?? body?["error"])?.string
        return .init(code: body?["error"]?.string ?? body?["code"]?.text, message: message, correlationID: nil)
    }

    @Sendable static func identify(_ client: APIClient) async throws -> Identity {
        // OAuth 2.0 does not define such a request, so only the configuration is returned.
        Identity(
            organizationID: nil, organizationName: nil, clientID: client.profile.clientID, clientName: nil,
            userName: nil,
            roles: []
        )
    }

    @Sendable static func advice(_ error: TokenError, _ profile: Profile) -> String {
        guard error.code == .credentialsRefused else { return ErrorHints.general(error) }
        if case .grant(let grant) = profile.credential, grant.authentication == .privateKeyJWT {
            return
                "most likely the server has a different public key for this client, or requires its key ID (OAUTH_PRIVATE_KEY_ID)"
        }
        return
            "most likely the client secret is wrong; otherwise check the client ID, or try OAUTH_CLIENT_AUTH=basic-raw or body, "
            + "because some servers do not decode the credentials or read them from the body only"
    }
}
