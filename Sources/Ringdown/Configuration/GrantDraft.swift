internal import RingdownCore
internal import RingdownOAuth

/// A grant whose values are checked while it is built.
struct GrantDraft {
    var grant: Grant
    private var slots: [DeferredGrant.Slot] = []

    init(_ endpoint: Grant.Endpoint, grantType: String, _ authentication: ClientAuthentication) {
        grant = Grant(endpoint: endpoint, parameters: [.init("grant_type", grantType)])
        grant.authentication = authentication
    }

    /// Sets the client ID and the secret that the client authentication method requires.
    mutating func setClient(_ id: String, _ secret: SecretSource?) throws(ConfigurationError) {
        grant.client = (id: try Check.identifier(id, "clientID"), secret: Secret(""))
        switch grant.authentication {
        case .mtls, .none:
            guard secret != nil else { return }
            throw ConfigurationError(
                "clientSecret is not used with the client authentication '\(grant.authentication.rawValue)'",
                hint: "omit clientSecret, or use another clientAuthentication")
        case .basic, .basicRaw, .body, .privateKeyJWT:
            guard let secret else {
                throw ConfigurationError(
                    "clientSecret is required with the client authentication '\(grant.authentication.rawValue)'",
                    hint: "set clientSecret to a value, a file or a provider")
            }
            try set(secret, .clientSecret, "clientSecret", isKey: grant.authentication == .privateKeyJWT)
        }
    }

    /// Sets the access key of a CXone employee.
    mutating func setAccessKey(_ id: String, _ secret: SecretSource) throws(ConfigurationError) {
        grant.parameters += [
            .init("username", try Check.identifier(id, "accessKeyID")), .init("password", Secret("")),
        ]
        try set(secret, .parameter("password"), "accessKeySecret")
    }

    private mutating func set(
        _ source: SecretSource, _ place: DeferredGrant.Slot.Place, _ name: String, isKey: Bool = false
    ) throws(ConfigurationError) {
        try source.check(name, isKey: isKey)
        if case .value(let secret) = source.kind {
            DeferredGrant.fill(&grant, place, secret)
        } else {
            slots.append(.init(name: name, source: source, place: place, isKey: isKey))
        }
    }

    func profile(_ platform: Platform, api: Profile.API, _ time: any TimeSource) -> Profile {
        var profile = Profile(platform, .grant(grant), api: api)
        profile.secretVariable = "clientSecret"
        if !slots.isEmpty { profile.deferred = DeferredGrant(grant, slots, time: time) }
        return profile
    }
}
