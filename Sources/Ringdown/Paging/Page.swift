internal import RingdownCore

/// One page of a list: its items where they stand, and what it says about the pages around it.
public struct Page: Sendable {
    /// The items as the platform wrote them, byte for byte.
    public var items: some Sequence<ArraySlice<UInt8>> { ranges.lazy.map { body[$0] } }
    /// How many there are.
    public var count: Int { ranges.count }
    public var isEmpty: Bool { ranges.isEmpty }
    /// The call that asks for the page that follows; nil for the last one of a list.
    public internal(set) var next: APICall?
    /// The calls that ask for all that is not read yet: where to go on from later. Empty after the last page.
    public internal(set) var remaining: [APICall] = []
    /// The values by which the items are told apart, as JSON; empty where they are not.
    public internal(set) var identities: [String] = []
    private let body: [UInt8]
    private var ranges: [Range<Int>]
    let title: String
    private typealias Member = (name: String, range: Range<Int>, elements: [Range<Int>]?)
    private let members: [Member]

    /// Throws ``APIError`` where the answer is no page. 204 and an empty body are an empty page (`cxone.md` section 3.2).
    package init(_ body: [UInt8], itemsMember: String?, title: String) throws(APIError) {
        (self.body, self.title) = (body, title)
        guard !body.isEmpty else {
            (members, ranges) = ([], [])
            return
        }
        do {
            if body.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "[") {
                members = []
                ranges = try JSONReader.elements(of: body)
                return
            }
            let outer = try JSONReader.lists(of: body)
            // Older versions of CXone's API wrap everything (`cxone.md` section 3.1).
            let wrapper = outer.count == 1 && outer[0].name == "resultSet" ? outer[0].range : nil
            members =
                try wrapper.map { range throws(JSONReader.Malformed) in
                    try JSONReader.lists(of: body, in: range)
                } ?? outer
            ranges = try Self.list(members, body, itemsMember, title) ?? []
        } catch let error as APIError { throw error } catch {
            throw APIError(
                .malformedResponse, "the page \(title) cannot be read (\(error)): \(sanitized(body))",
                hint: "a proxy or gateway may have answered in the API's place; call again"
            )
        }
    }

    /// The platforms' own names of lists, most particular first (`genesys-cloud.md` section 5, `cxone.md` section 3).
    private static let listNames = [
        "entities", "conversations", "userDetails", "results", "Resources", "agents", "completedContacts",
        "activeContacts",
        "contacts", "users", "skills", "teams", "data", "items",
    ]

    /// Where the items stand. Past the end some lists leave the member out, which is an empty page and nil here.
    private static func list(
        _ members: [Member], _ body: [UInt8], _ wanted: String?, _ title: String
    ) throws(APIError) -> [Range<Int>]? {
        if let wanted {
            guard let member = members.last(where: { $0.name == wanted }) else { return nil }
            if let elements = member.elements { return elements }
            throw APIError(
                .malformedResponse, "'\(sanitized(wanted, limit: 60))' of the page \(title) is not a list",
                hint: "its members are: " + members.map { sanitized($0.name, limit: 40) }.joined(separator: ", "))
        }
        let arrays = members.filter { $0.elements != nil }
        for name in listNames {
            if let member = arrays.last(where: { $0.name == name }) { return member.elements }
        }
        let isNamed = members.contains { listNames.contains($0.name) }
        let isCounted = members.contains { ["total", "totalHits", "totalRecords", "totalResults"].contains($0.name) }
        if arrays.count == 1, !isNamed { return arrays[0].elements }
        if arrays.isEmpty, isNamed || isCounted || members.contains(where: { $0.name == "cursor" }) { return nil }
        throw APIError(
            .malformedResponse, "the page \(title) has no list of items: \(sanitized(body))",
            hint: "name the member that holds the list with --items, of: "
                + members.prefix(20).map { sanitized($0.name, limit: 40) }.joined(separator: ", "))
    }

    /// How many items the whole list has, as far as the platform says. Of a list that is growing it is only nearly right.
    public var total: Int? {
        ["total", "totalHits", "totalRecords", "totalResults"].lazy.compactMap {
            member($0)?.text.flatMap { Int(fromServer: $0) }
        }
        .first
    }

    func member(_ name: String) -> JSON? {
        guard let range = members.last(where: { $0.name == name })?.range else { return nil }
        return try? JSONReader.parse(body, in: range)
    }

    /// The page without the items that `isWanted` does not want, which sees a member of each: nil where it has none.
    func keeping(_ member: String, _ isWanted: (ArraySlice<UInt8>) -> Bool) -> Page {
        var page = self
        page.identities = []
        page.ranges = ranges.filter { range in
            guard let place = JSONReader.firstMember(member, of: body, in: range) else { return true }
            page.identities.append(String(decoding: body[place], as: UTF8.self))
            return isWanted(body[place])
        }
        return page
    }
}
