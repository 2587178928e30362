package import RingdownCore

/// A client authentication method (RFC 6749 section 2.3).
public enum ClientAuthentication: String, Sendable, CaseIterable {
    /// HTTP Basic authentication. The client ID and secret are form-encoded first, as section 2.3.1 requires.
    case basic
    /// HTTP Basic authentication without form encoding, for servers that do not decode the credentials.
    case basicRaw = "basic-raw"
    /// `client_id` and `client_secret` in the request body.
    case body
    /// A signed assertion instead of a secret (RFC 7523 section 2.2). ``Grant/client`` contains the private key.
    case privateKeyJWT = "private-key-jwt"
    /// The TLS client certificate (RFC 8705 section 2.1).
    case mtls
    /// No client authentication.
    case none
}

/// The parameters of a token request. Platforms and grant types differ only in these values.
package struct Grant: Sendable {
    /// The location of an endpoint.
    package enum Endpoint: Sendable {
        /// A known URL.
        case fixed(HTTPURL)
        /// The endpoint in the metadata of an issuer (OpenID Connect Discovery).
        case discovered(issuer: HTTPURL)
    }
    /// The format of the request body.
    package enum Format: String, Sendable { case form, json }

    /// A parameter of the request body.
    package struct Parameter: Sendable {
        /// The name of the parameter.
        package var name: String
        /// The value of the parameter.
        package var value: FormURLEncoding.Value

        /// Creates a parameter that is not secret.
        package init(_ name: String, _ value: String) { (self.name, self.value) = (name, .text(value)) }
        /// Creates a secret parameter.
        package init(_ name: String, _ value: Secret) { (self.name, self.value) = (name, .secret(value)) }
    }

    /// The token endpoint.
    package var endpoint: Endpoint
    /// `grant_type` and its parameters, in order. The client credentials belong to ``client``.
    package var parameters: [Parameter]
    /// The format of the request body (default: form).
    package var format: Format = .form
    /// The client credentials; nil for a client without a secret.
    package var client: (id: String, secret: Secret)?
    /// The client authentication method (default: basic).
    package var authentication: ClientAuthentication = .basic
    /// The key ID of the private key at the server.
    package var keyID: String?
    /// The lifetime of a token whose response contains no usable `expires_in` (default: 3600 s). Its use is logged as a warning.
    package var defaultLifetime: Duration = .seconds(3600)
    /// Whether to avoid HTTP/2, for endpoints that fail with it (default: false).
    package var prefersHTTP1 = false

    /// Creates a grant without client credentials.
    package init(endpoint: Endpoint, parameters: [Parameter]) {
        self.endpoint = endpoint
        self.parameters = parameters
    }

    /// The requested scopes, separated by spaces; nil if the request contains none.
    package var scope: String? {
        for parameter in parameters where parameter.name == "scope" {
            if case .text(let text) = parameter.value { return text }
        }
        return nil
    }

    /// Every secret of the request, in every encoding in which a server may echo it.
    package var echoes: [Secret] {
        var secrets = parameters.compactMap { parameter in
            if case .secret(let secret) = parameter.value { secret } else { nil }
        }
        if let client { secrets.append(client.secret) }
        return secrets.flatMap { [$0, FormURLEncoding.encode($0)] } + [basicCredentials].compactMap { $0 }
    }

    /// The Base64 encoding of `id:secret`; nil if the method is not HTTP Basic authentication.
    var basicCredentials: Secret? {
        guard let client else { return nil }
        switch authentication {
        case .basic:
            let id = Secret(FormURLEncoding.encode(client.id) + ":")
            return Base64.encode(Secret(joining: [id, FormURLEncoding.encode(client.secret)]))
        case .basicRaw: return Base64.encode(Secret(joining: [Secret(client.id + ":"), client.secret]))
        case .body, .none, .privateKeyJWT, .mtls: return nil
        }
    }

    /// The cache key of the grant. Grants that could return different tokens have different keys.
    package var cacheKey: CacheKey {
        let place =
            switch endpoint {
            case .fixed(let url): "fixed " + url.description
            case .discovered(let issuer): "issuer " + issuer.description
            }
        var fields = ["ringdown-1", place, client?.id ?? "", authentication.rawValue, format.rawValue].map {
            Array($0.utf8)
        }
        fields.append(client.map { fingerprint($0.secret) } ?? [])
        let sorted = parameters.sorted { $0.name < $1.name }
        for parameter in sorted {
            fields.append(Array(parameter.name.utf8))
            switch parameter.value {
            case .text(let text) where parameter.name == "scope":
                fields.append(Array(Set(text.split(separator: " ")).sorted().joined(separator: " ").utf8))
            case .text(let text): fields.append(Array(text.utf8))
            case .secret(let secret): fields.append(fingerprint(secret))
            }
        }
        return CacheKey(fields: fields)
    }

    private func fingerprint(_ secret: Secret) -> [UInt8] {
        Sodium.fingerprint(secret, key: Array("ringdown secret fingerprint".utf8))
    }
}
