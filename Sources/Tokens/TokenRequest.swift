public import Foundations
public import HTTPModel

extension Grant {
    /// The HTTP request of this grant at its token endpoint.
    func request(to endpoint: HTTPURL) throws(TokenError) -> Request {
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
                "\(endpoint.origin) is plain HTTP: a secret is sent there only over https, or on loopback",
                endpoint: endpoint
            )
        }
        var request = Request(
            "POST", endpoint, headers: headers, body: .secret(format == .form ? formBody : jsonBody),
            limits: .init(connect: .seconds(5), total: .seconds(20), responseInBytes: 1 << 20)
        )
        request.prefersHTTP1 = prefersHTTP1
        return request
    }

    /// The request that ends a token (RFC 7009 section 2.1), with the client's credentials as for a token request.
    public func revocationRequest(
        of token: Secret, hint: String, at endpoint: HTTPURL
    ) throws(TokenError) -> Request {
        var grant = self
        // A public client says who it is in the body.
        grant.parameters =
            [Parameter("token", token), Parameter("token_type_hint", hint)]
            + parameters.filter { $0.name == "client_id" }
        grant.format = .form
        return try grant.request(to: endpoint)
    }

    /// The parameters, with the client's own where they belong into the body.
    private var bodyParameters: [Parameter] {
        guard let client, authentication == .body else { return parameters }
        return parameters + [Parameter("client_id", client.id), Parameter("client_secret", client.secret)]
    }

    private var formBody: Secret {
        FormURLEncoding.encode(bodyParameters.map { ($0.name, $0.value) })
    }

    private var jsonBody: Secret {
        var parts: [Secret] = []
        for parameter in bodyParameters {
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
