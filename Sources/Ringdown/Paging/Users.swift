internal import RingdownCore

/// A user of Genesys Cloud, or an agent of CXone: what both have.
public struct User: Sendable {
    /// Genesys Cloud's UUID, CXone's number.
    public let id: String
    public let name: String
    public let email: String?
    public let username: String?
    public let isActive: Bool?
    /// Everything the platform said about the user, byte for byte.
    public internal(set) var json: [UInt8] = []

    init?(id: String?, name: String?, email: String?, username: String?, isActive: Bool?) {
        guard let id else { return nil }
        (self.id, self.name, self.email, self.username, self.isActive) = (id, name ?? "", email, username, isActive)
    }
}

/// How a platform lists its users.
package struct UserList: Sendable {
    package let firstPath: String
    let itemsMember: String
    let identity: String
    let user: @Sendable (JSON) -> User?
}

extension APIClient {
    /// Every user of the organisation, or every agent of the business unit; asked for `pageSize` at a time.
    public func users(pageSize: Int = 100) -> Items<User> {
        guard let list = profile.platform.users?(profile, pageSize) else {
            return Items(pages: noPages("users", hint: "call the server's own API with 'ringdown api GET PATH'")) { _ in
                nil
            }
        }
        let pages = pages(APICall(list.firstPath), itemsMember: list.itemsMember, identity: list.identity)
        return Items(pages: pages) { bytes in
            guard let json = try? JSONReader.parse(bytes), var user = list.user(json) else { return nil }
            user.json = bytes
            return user
        }
    }
}
