internal import RingdownCore

/// A user of Genesys Cloud or an agent of CXone, with the values that both have.
public struct User: Sendable {
    /// The ID: a UUID on Genesys Cloud, a number on CXone.
    public let id: String
    /// The display name.
    public let name: String
    /// The email address; nil if the platform does not return it.
    public let email: String?
    /// The user name; nil if the platform does not return it.
    public let username: String?
    /// Whether the user is active; nil if the platform does not return it.
    public let isActive: Bool?
    /// The JSON of the platform, byte for byte.
    public internal(set) var json: [UInt8] = []

    init?(id: String?, name: String?, email: String?, username: String?, isActive: Bool?) {
        guard let id else { return nil }
        (self.id, self.name, self.email, self.username, self.isActive) = (id, name ?? "", email, username, isActive)
    }
}

/// The list of users on a platform.
package struct UserList: Sendable {
    /// The path of the first page.
    package let firstPath: String
    let itemsMember: String
    let identity: String
    let user: @Sendable (JSON) -> User?
}

extension APIClient {
    /// Returns the users of the organisation, or the agents of the business unit.
    ///
    /// - Parameter pageSize: The number of users per page (default: 100).
    public func users(pageSize: Int = 100) -> Items<User> {
        guard let list = profile.platform.users?(profile, pageSize) else {
            return Items(pages: noPages("users", hint: "send the calls of its API")) { _ in
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
