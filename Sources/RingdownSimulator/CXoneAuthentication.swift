internal import RingdownCore

/// The login hosts of CXone.
struct CXoneAuthentication: CXoneFamily, SignInPages {
    let simulator: Simulator

    /// The issuer and the regional host: discovery, the token endpoint, the access-key endpoint (`cxone.md` sections 1, 2).
    func answer(_ call: Call) -> Answer {
        let found = Self.router.match(call.request.method, Router.segments(of: call.url.path))
        return found.flatMap { $0.route.handle(simulator, call, $0.values) }
            ?? Answer(status: 404, reason: Simulator.noSuchResource)
    }

    private static let router = Router(routes)
    static let routes: [Route] = [
        route("GET", "/.well-known/openid-configuration") { family, call, _ in
            Answer(json: family.metadata(call.addresses.cxoneIssuer), reason: "discovery")
        },
        route("GET", "/.well-known/cxone-configuration") { family, call, _ in family.configuration(call)
        },
        route("POST", "/auth/token") { family, call, _ in family.globalToken(call) },
        route("POST", "/authentication/v1/token/access-key") { family, call, _ in
            family.accessKeyToken(call)
        },
        route("*", "/auth/authorize") { family, call, _ in
            family.signIn(call, client: family.credentials.cxoneClientID)
        },
        route("GET", "/auth/userinfo") { family, call, _ in family.userInformation(call) },
        // One address for both, as behind a gateway.
        route("POST", "/engager/2.0/token") { family, call, _ in family.digital(call) },
    ]

    /// The hosts of other areas than the tenant's. The responses of the real hosts are UNVERIFIED.
    func elsewhere(_ call: Call) -> Answer {
        let reason = "tenant belongs to another area"
        // Discovery does not require a token (section 2).
        switch call.url.path {
        case "/.well-known/openid-configuration":
            return Answer(json: metadata("https://\(call.url.host)"), reason: "discovery")
        case "/.well-known/cxone-configuration":
            return Answer(status: 404, json: ["message": "tenant not found"], reason: reason)
        default: break
        }
        if call.request.method == "POST", call.url.path.contains("token") {
            var answer = cxoneRefusal(
                assumptions.number(.cxoneOtherAreaStatus), "invalid_client", "Client authentication failed")
            answer.reason = reason
            return answer
        }
        return Answer(status: assumptions.number(.cxoneOtherAreaStatus), reason: reason).with(
            "icStatusDescription", "Token is invalid or has expired")
    }

    /// Digital Engagement's own client credentials (section 1.4): JSON in, an opaque token out.
    func digital(_ call: Call) -> Answer {
        guard call.request.method == "POST", call.url.path == "/engager/2.0/token" else {
            return Answer(status: 404, reason: Simulator.noSuchResource)
        }
        let parameters = TokenParameters(call, format: .json)
        guard parameters.values["grant_type"] == "client_credentials" else {
            return cxoneRefusal(400, "unsupported_grant_type", "grant_type must be client_credentials")
        }
        guard isKnownClient(parameters) else {
            return cxoneRefusal(401, "invalid_client", "Client authentication failed")
        }
        return granted(call, client: credentials.cxoneClientID, isOpaque: true)
    }

    private func globalToken(_ call: Call) -> Answer {
        let isJSON = call.isJSON && assumptions.isAccepted(.cxoneTokenRequestInJSON)
        let parameters = TokenParameters(call, format: isJSON ? .json : .form, encoding: options.secretEncoding)
        guard let grant = parameters.values["grant_type"] else {
            return cxoneRefusal(400, "invalid_request", "grant_type is missing")
        }
        // Public clients have no secret, and a refresh does not require client authentication (section 1, flow C).
        let isPublic =
            (["authorization_code", "refresh_token"].contains(grant) && !parameters.hasSecret
                && parameters.values["client_id"] == credentials.cxoneClientID)
            || (grant == "refresh_token" && parameters.clients.isEmpty)
        guard isPublic || isKnownClient(parameters) else {
            return cxoneRefusal(
                401, "invalid_client", "Client authentication failed", client: parameters.clients.first?.id)
        }
        if grant == "authorization_code" {
            guard let person = redeem(parameters, client: credentials.cxoneClientID, now: call.now) else {
                return cxoneRefusal(400, "invalid_grant", "Code is not valid", client: credentials.cxoneClientID)
            }
            return granted(call, client: credentials.cxoneClientID, person: person)
        }
        if grant == "refresh_token" {
            // Each response contains a new refresh token. Whether the old one remains valid is UNVERIFIED.
            let isGoodOnce = assumptions.text(.cxoneRefreshToken) == "once"
            let known = parameters.values["refresh_token"].flatMap { token in
                world.withLock { world in
                    isGoodOnce ? world.refreshTokens.removeValue(forKey: token) : world.refreshTokens[token]
                }
            }
            guard let known, known.end > call.now else {
                return cxoneRefusal(
                    400, "invalid_grant", "Refresh token is invalid or has expired", client: credentials.cxoneClientID)
            }
            return granted(call, client: credentials.cxoneClientID, person: known.person)
        }
        // The real response to client_credentials is UNVERIFIED. The defaults follow RFC 6749 section 5.2.
        guard grant == "password" else {
            return cxoneRefusal(
                assumptions.number(.cxoneClientCredentialsStatus), assumptions.text(.cxoneClientCredentialsError),
                "Unsupported grant type: \(sanitized(grant, limit: 40))",
                client: credentials.cxoneClientID
            )
        }
        let key = (parameters.values["username"] ?? "", parameters.values["password"] ?? "")
        guard options.acceptsAnyClient || key == (credentials.cxoneAccessKeyID, credentials.cxoneAccessKeySecret) else {
            return cxoneRefusal(
                assumptions.number(.cxoneWrongKeyStatus), "invalid_grant", "Invalid username or password",
                client: credentials.cxoneClientID)
        }
        return granted(call, client: credentials.cxoneClientID)
    }

    /// A token for the client credentials grant, as tutorials describe it.
    func lenientToken(_ call: Call) -> Answer {
        let parameters = TokenParameters(call, format: call.isJSON ? .json : .form, encoding: options.secretEncoding)
        guard parameters.values["grant_type"] == "client_credentials" else { return globalToken(call) }
        guard isKnownClient(parameters) else {
            return cxoneRefusal(
                401, "invalid_client", "Client authentication failed", client: parameters.clients.first?.id)
        }
        return granted(call, client: credentials.cxoneClientID)
    }

    private func accessKeyToken(_ call: Call) -> Answer {
        guard call.site != .cxoneIssuer || assumptions.isAccepted(.cxoneKeyEndpointAtIssuer) else {
            return Answer(status: 404, reason: "the access-key endpoint is on the area's host only")
        }
        let values = TokenParameters(call, format: .json).values
        let isKnown =
            values["accessKeyId"] == credentials.cxoneAccessKeyID
            && values["accessKeySecret"] == credentials.cxoneAccessKeySecret
        guard isKnown || options.acceptsAnyClient else {
            return cxoneRefusal(
                assumptions.number(.cxoneWrongKeyStatusOfKeyEndpoint), "invalid_client", "Access key is not valid",
                client: values["accessKeyId"])
        }
        return granted(call, client: credentials.cxoneAccessKeyID)
    }

    private func isKnownClient(_ parameters: TokenParameters) -> Bool {
        if options.acceptsAnyClient, parameters.clients.contains(where: { !$0.secret.isEmpty }) { return true }
        let known = currentCredentials
        return parameters.clients.contains { $0 == (known.cxoneClientID, known.cxoneClientSecret) }
    }

    private func metadata(_ issuer: String) -> JSON {
        [
            "issuer": .string(issuer), "authorization_endpoint": "\(issuer)/auth/authorize",
            "token_endpoint": "\(issuer)/auth/token", "userinfo_endpoint": "\(issuer)/auth/userinfo",
            "jwks_uri": "\(issuer)/auth/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "end_session_endpoint": "\(issuer)/auth/authorize/logout", "scopes_supported": ["openid"],
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "request_object_signing_alg_values_supported": ["none"], "display_values_supported": ["page", "popup"],
            "claim_types_supported": ["normal"], "code_challenge_methods_supported": ["S256"],
        ]
    }

    private func configuration(_ call: Call) -> Answer {
        let tenantID = call.queryValue("tenantId")
        guard tenantID == credentials.cxoneTenantID || (tenantID == nil && call.site == .cxoneRegional) else {
            return Answer(status: 404, json: ["message": "tenant not found"], reason: "unknown tenant")
        }
        let addresses = call.addresses
        let json: JSON = [
            "private": false, "area": .string(options.cxoneArea), "cluster": "B32", "domain": "niceincontact.com",
            "acdDomain": "nice-incontact.com",
            "uhDomain": "nice-incontact.com", "ui_endpoint": .string(addresses.cxoneRegional),
            "auth_endpoint": .string(addresses.cxoneRegional), "api_endpoint": .string(addresses.cxoneAPI),
            "tenantId": .string(credentials.cxoneTenantID),
        ]
        return Answer(json: json, reason: "discovery")
    }
}
