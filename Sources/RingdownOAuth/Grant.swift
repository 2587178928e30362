public import RingdownCore

/// How a client proves who it is (RFC 6749 section 2.3).
public enum ClientAuthentication: String, Sendable, CaseIterable {
    /// In the `Authorization` field, both halves form-encoded first, as section 2.3.1 demands.
    case basic
    /// In the `Authorization` field as they are: for servers that do not decode.
    case basicRaw = "basic-raw"
    /// As `client_id` and `client_secret` in the body.
    case body
    /// With a signed statement in place of a secret (RFC 7523 section 2.2); ``Grant/client`` has the private key.
    case privateKeyJWT = "private-key-jwt"
    /// By the certificate of the connection (RFC 8705 section 2.1).
    case mtls
    /// Not at all.
    case none
}

/// Everything that makes up a token request: the platforms and their grants differ only in these values.
public struct Grant: Sendable {
    public enum Endpoint: Sendable {
        case fixed(HTTPURL)
        /// OpenID Connect discovery finds it at this issuer.
        case discovered(issuer: HTTPURL)
    }
    public enum Format: String, Sendable { case form, json }

    public struct Parameter: Sendable {
        public var name: String
        public var value: FormURLEncoding.Value

        public init(_ name: String, _ value: String) { (self.name, self.value) = (name, .text(value)) }
        public init(_ name: String, _ value: Secret) { (self.name, self.value) = (name, .secret(value)) }
    }

    public var endpoint: Endpoint
    /// `grant_type` and what goes with it, in order. Credentials belong to ``client``.
    public var parameters: [Parameter]
    public var format: Format = .form
    public var client: (id: String, secret: Secret)?
    public var authentication: ClientAuthentication = .basic
    /// The name under which the server knows the private key.
    public var keyID: String?
    /// Used, with a warning, where the response does not say how long the token lives.
    public var defaultLifetime: Duration = .seconds(3600)
    /// The endpoint fails over HTTP/2.
    public var prefersHTTP1 = false

    public init(endpoint: Endpoint, parameters: [Parameter]) {
        self.endpoint = endpoint
        self.parameters = parameters
    }

    /// The scopes that are asked for.
    public var scope: String? {
        for parameter in parameters where parameter.name == "scope" {
            if case .text(let text) = parameter.value { return text }
        }
        return nil
    }

    /// Every secret of the request, in every form in which a server may echo it.
    package var echoes: [Secret] {
        var secrets = parameters.compactMap { parameter in
            if case .secret(let secret) = parameter.value { secret } else { nil }
        }
        if let client { secrets.append(client.secret) }
        return secrets.flatMap { [$0, FormURLEncoding.encode($0)] } + [basicCredentials].compactMap { $0 }
    }

    /// The Base64 of `id:secret`; nil where the client does not authenticate in the header.
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

    /// Differs for any two grants that could be answered with different tokens.
    public var cacheKey: CacheKey {
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
