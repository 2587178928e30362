package import RingdownCore

extension Grant {
    /// Returns the token request of this grant.
    ///
    /// - Throws: ``TokenError`` if a secret would be sent over plain HTTP to another machine, or if signing fails.
    func request(to endpoint: HTTPURL, at now: Timestamp = .now()) throws(TokenError) -> Request {
        let parameters = try bodyParameters(endpoint, now)
        var headers: Headers = ["Accept": "application/json", "Cache-Control": "no-store"]
        do {
            try headers.set(
                "Content-Type", format == .form ? "application/x-www-form-urlencoded" : "application/json"
            )
            if let basicCredentials {
                try headers.set("Authorization", Secret(joining: [Secret("Basic "), basicCredentials]))
            }
        } catch { throw TokenError(.requestRefused, "\(error)", endpoint: endpoint) }
        guard endpoint.origin.scheme == "https" || endpoint.origin.isLoopback else {
            throw TokenError(
                .requestRefused,
                "\(endpoint.origin) uses plain HTTP: secrets are sent over HTTPS only, except to loopback addresses",
                endpoint: endpoint
            )
        }
        var request = Request(
            "POST", endpoint, headers: headers,
            body: .secret(format == .form ? Self.formBody(parameters) : Self.jsonBody(parameters)),
            limits: .init(connect: .seconds(5), total: .seconds(20), responseInBytes: 1 << 20)
        )
        request.prefersHTTP1 = prefersHTTP1
        return request
    }

    /// Returns the request that revokes a token (RFC 7009 section 2.1), with the client authentication of the grant.
    ///
    /// - Parameters:
    ///   - token: The token to revoke.
    ///   - hint: The type of the token: `access_token` or `refresh_token`.
    ///   - endpoint: The revocation endpoint.
    /// - Throws: ``TokenError`` if a secret would be sent over plain HTTP to another machine, or if signing fails.
    package func revocationRequest(
        of token: Secret, hint: String, at endpoint: HTTPURL
    ) throws(TokenError) -> Request {
        var grant = self
        // A package client identifies itself in the body.
        grant.parameters =
            [Parameter("token", token), Parameter("token_type_hint", hint)]
            + parameters.filter { $0.name == "client_id" }
        grant.format = .form
        return try grant.request(to: endpoint)
    }

    /// The parameters, with the client authentication if the method uses the body.
    private func bodyParameters(_ endpoint: HTTPURL, _ now: Timestamp) throws(TokenError) -> [Parameter] {
        guard let client else { return parameters }
        switch authentication {
        case .body:
            return parameters + [Parameter("client_id", client.id), Parameter("client_secret", client.secret)]
        case .mtls: return parameters + [Parameter("client_id", client.id)]
        case .privateKeyJWT:
            let assertion = try ClientAssertion(clientID: client.id, key: client.secret, keyID: keyID)
                .text(for: endpoint, at: now)
            return parameters + [
                Parameter("client_id", client.id),
                Parameter("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                Parameter("client_assertion", assertion),
            ]
        case .basic, .basicRaw, .none: return parameters
        }
    }

    private static func formBody(_ parameters: [Parameter]) -> Secret {
        FormURLEncoding.encode(parameters.map { ($0.name, $0.value) })
    }

    private static func jsonBody(_ parameters: [Parameter]) -> Secret {
        var parts: [Secret] = []
        for parameter in parameters {
            parts.append(Secret((parts.isEmpty ? "{" : ",") + JSON.string(parameter.name).description + ":"))
            switch parameter.value {
            case .text(let text): parts.append(Secret(JSON.string(text).description))
            case .secret(let secret):
                var text = JSON.string(secret.reveal()).bytes()
                parts.append(Secret(bytes: text))
                wipe(&text)
            }
        }
        return Secret(joining: parts + [Secret("}")])
    }
}
