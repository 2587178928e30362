internal import RingdownCore

/// A queue, skill, or team, with the values that both platforms have.
public struct Resource: Sendable {
    /// The ID: a UUID on Genesys Cloud, a number on CXone.
    public let id: String
    /// The name.
    public let name: String
    /// Whether the resource is active; nil if the platform does not return it.
    public let isActive: Bool?
    /// The JSON of the platform, byte for byte.
    public let json: [UInt8]
}

/// The list of one kind of resources on a platform.
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
    /// Returns the queues of a Genesys Cloud organisation.
    public func queues() -> Items<Resource> { list("queues") }

    /// Returns the skills of an organisation or business unit. On CXone, contacts are queued by skill.
    public func skills() -> Items<Resource> { list("skills") }

    /// Returns the teams of an organisation or business unit.
    public func teams() -> Items<Resource> { list("teams") }

    private func list(_ name: String) -> Items<Resource> {
        let lists = profile.platform.lists(profile)
        guard let list = lists[name] else {
            let known = lists.keys.sorted().joined(separator: ", ")
            let hint =
                known.isEmpty ? "send the calls of its API" : "available lists: \(known)"
            return Items(pages: noPages(name, hint: hint)) { _ in nil }
        }
        return Items(
            pages: pages(APICall(list.path), itemsMember: list.itemsMember, identity: list.id), read: list.resource)
    }
}
