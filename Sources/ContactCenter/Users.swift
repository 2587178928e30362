internal import Foundations
internal import HTTPModel

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
struct UserList: Sendable {
    let firstPath: String
    let itemsMember: String
    /// The path or link of the page that follows.
    let next: @Sendable (Page) -> String?
    let user: @Sendable (JSON) -> User?
}

/// Every user or agent, page after page. Throws ``APIError`` and `TokenError`.
public struct Users: AsyncSequence, Sendable {
    let client: APIClient
    let pageSize: Int

    public func makeAsyncIterator() -> Iterator {
        Iterator(client: client, list: client.profile.platform.users?(client.profile, pageSize))
    }

    public struct Iterator: AsyncIteratorProtocol {
        private let client: APIClient
        private let list: UserList?
        private var path: String?
        private var visited: Set<String> = []
        private var users: ArraySlice<User> = []

        fileprivate init(client: APIClient, list: UserList?) {
            (self.client, self.list, path) = (client, list, list?.firstPath)
        }

        public mutating func next() async throws -> User? {
            guard let list else {
                throw APIError(
                    .configuration, "\(client.profile.platform.title) has no list of users",
                    hint: "call the server's own API with 'ringdown api GET PATH'"
                )
            }
            while users.isEmpty {
                guard let path else { return nil }
                if visited.contains(path) {
                    throw APIError(
                        .malformedResponse, "the page after \(path) is itself: the list does not end",
                        hint: "report it to the platform")
                }
                let page = try Page(try await client.send("GET", path), itemsMember: list.itemsMember, path: path)
                users = try page.items(list.user)[...]
                visited.insert(path)
                self.path = list.next(page)
            }
            return users.removeFirst()
        }
    }
}

extension APIClient {
    /// Every user of the organisation, or every agent of the business unit; asked for `pageSize` at a time.
    public func users(pageSize: Int = 100) -> Users { Users(client: self, pageSize: pageSize) }
}
