public import RingdownCore

/// The identity that a token belongs to. Values that the platform does not return are nil.
public struct Identity: Sendable {
    /// The ID of the organisation or tenant.
    public var organizationID: String?
    /// The name of the organisation, business unit, or tenant.
    public var organizationName: String?
    /// The client ID.
    public var clientID: String?
    /// The name of the client.
    public var clientName: String?
    /// The name of the user or employee, if the token belongs to one.
    public var userName: String?
    /// The IDs of the roles.
    public var roles: [String]

    /// The identity as JSON.
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
    /// Requests the identity of the token from the platform.
    ///
    /// - Throws: ``APIError`` if a call fails, `TokenError` if no token is available.
    public func whoami() async throws -> Identity {
        try await profile.platform.identify(self)
    }
}
