public import RingdownCore

/// Whose token it is, as far as the platform says.
public struct Identity: Sendable {
    public var organizationID: String?
    /// The organisation, business unit or tenant.
    public var organizationName: String?
    public var clientID: String?
    public var clientName: String?
    /// The employee behind the token, where there is one.
    public var userName: String?
    public var roles: [String]

    public var json: JSON {
        [
            "organization": ["id": .optional(organizationID), "name": .optional(organizationName)],
            "client": ["id": .optional(clientID), "name": .optional(clientName)],
            "user": .optional(userName),
            "roles": .array(roles.map { .string($0) }),
        ]
    }
}

extension APIClient {
    /// Asks the platform whose token this is. Throws ``APIError`` and `TokenError`.
    public func whoami() async throws -> Identity {
        try await profile.platform.identify(self)
    }
}
