internal import RingdownCore

/// A queue, a skill or a team: what all of them have on both platforms.
public struct Resource: Sendable {
    /// Genesys Cloud's UUID, CXone's number.
    public let id: String
    public let name: String
    /// False for one that is switched off; nil where the platform does not say.
    public let isActive: Bool?
    /// Everything the platform said about it, byte for byte.
    public let json: [UInt8]
}

/// How a platform lists resources of one kind.
struct NamedList: Sendable {
    let path: String
    let itemsMember: String
    let id: String
    let name: String

    func resource(_ bytes: [UInt8]) -> Resource? {
        guard let json = try? JSONReader.parse(bytes), let id = json[id]?.text else { return nil }
        let isActive = json["isActive"]?.bool ?? json["state"]?.string.map { $0 == "active" }
        return Resource(id: id, name: json[name]?.string ?? "", isActive: isActive, json: bytes)
    }
}

extension APIClient {
    /// The queues of a Genesys Cloud organisation.
    public func queues() -> Items<Resource> { list("queues") }

    /// The skills of an organisation or business unit; CXone's are what its contacts wait in.
    public func skills() -> Items<Resource> { list("skills") }

    public func teams() -> Items<Resource> { list("teams") }

    private func list(_ name: String) -> Items<Resource> {
        let lists = profile.platform.lists(profile)
        guard let list = lists[name] else {
            let known = lists.keys.sorted().joined(separator: ", ")
            let hint = known.isEmpty ? "call the server's own API" : "it has: \(known)"
            return Items(pages: noPages(name, hint: hint)) { _ in nil }
        }
        return Items(
            pages: pages(APICall(list.path), itemsMember: list.itemsMember, identity: list.id), read: list.resource)
    }
}
