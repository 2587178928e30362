package import RingdownCore

/// A page of a list: the byte ranges of its items, and its paging information.
public struct Page: Sendable {
    /// The items of the page as JSON, byte for byte.
    public var items: some Sequence<ArraySlice<UInt8>> { ranges.lazy.map { body[$0] } }
    /// The number of items.
    public var count: Int { ranges.count }
    /// Whether the page has no items.
    public var isEmpty: Bool { ranges.isEmpty }
    /// The call for the next page; nil for the last page of a list.
    public internal(set) var next: APICall?
    /// The calls for all pages that are not read yet, to resume the list later. Empty after the last page.
    public internal(set) var remaining: [APICall] = []
    /// The values that identify the items, as JSON; empty if items are not identified.
    public internal(set) var identities: [String] = []
    private let body: [UInt8]
    private var ranges: [Range<Int>]
    /// The numbers of the items in the response, if items were dropped.
    private var numbers: [Int]?
    let title: String
    private typealias Member = (name: String, range: Range<Int>, elements: [Range<Int>]?)
    private let members: [Member]

    /// Parses a page. An empty body, as with status 204, is an empty page (`cxone.md` section 3.2).
    ///
    /// - Throws: ``APIError`` if the body is not a page of a list.
    package init(
        _ body: [UInt8], itemsMember: String?, title: String, without secrets: @autoclosure () -> [Secret] = []
    ) throws(APIError) {
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
            // Older versions of the CXone API wrap the response (`cxone.md` section 3.1).
            let wrapper = outer.count == 1 && outer[0].name == "resultSet" ? outer[0].range : nil
            members =
                try wrapper.map { range throws(JSONReader.Malformed) in
                    try JSONReader.lists(of: body, in: range)
                } ?? outer
            ranges = try Self.list(members, body, itemsMember, title, secrets) ?? []
        } catch let error as APIError { throw error } catch {
            throw APIError(
                .malformedResponse,
                "the page \(title) cannot be read (\(error)): \(sanitized(body, without: secrets()))",
                hint: "a proxy or gateway may have responded instead of the API: retry"
            )
        }
    }

    /// The names of list members on the platforms, most specific first (`genesys-cloud.md` section 5, `cxone.md` section 3).
    private static let listNames = [
        "entities", "conversations", "userDetails", "results", "Resources", "agents", "completedContacts",
        "activeContacts",
        "contacts", "users", "skills", "teams", "data", "items",
    ]

    /// Returns the byte ranges of the items. Some lists omit the member after the last page, which results in nil for an empty
    /// page.
    private static func list(
        _ members: [Member], _ body: [UInt8], _ wanted: String?, _ title: String, _ secrets: () -> [Secret]
    ) throws(APIError) -> [Range<Int>]? {
        if let wanted {
            guard let member = members.last(where: { $0.name == wanted }) else { return nil }
            if let elements = member.elements { return elements }
            let secrets = secrets()
            throw APIError(
                .malformedResponse, "'\(sanitized(wanted, limit: 60))' of the page \(title) is not a list",
                hint: "its members are: "
                    + members.map { sanitized($0.name, without: secrets, limit: 40) }.joined(separator: ", "))
        }
        let arrays = members.filter { $0.elements != nil }
        for name in listNames {
            if let member = arrays.last(where: { $0.name == name }) { return member.elements }
        }
        let isNamed = members.contains { listNames.contains($0.name) }
        let isCounted = members.contains { ["total", "totalHits", "totalRecords", "totalResults"].contains($0.name) }
        if arrays.count == 1, !isNamed { return arrays[0].elements }
        if arrays.isEmpty, isNamed || isCounted || members.contains(where: { $0.name == "cursor" }) { return nil }
        let secrets = secrets()
        throw APIError(
            .malformedResponse, "the page \(title) has no list of items: \(sanitized(body, without: secrets))",
            hint: "name the member that contains the list, one of: "
                + members.prefix(20).map { sanitized($0.name, without: secrets, limit: 40) }.joined(separator: ", "),
            recovery: .nameItems)
    }

    /// The number of items in the whole list, if the platform returns it. For a growing list, the number is approximate.
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

    /// Returns the page with the items for which `isWanted` returns true. `isWanted` receives a member of each item. Items without
    /// the member are included.
    func keeping(_ member: String, _ isWanted: (ArraySlice<UInt8>) -> Bool) -> Page {
        var page = self
        page.identities = []
        let kept = ranges.indices.filter { index in
            guard let place = JSONReader.firstMember(member, of: body, in: ranges[index]) else { return true }
            page.identities.append(String(decoding: body[place], as: UTF8.self))
            return isWanted(body[place])
        }
        page.ranges = kept.map { ranges[$0] }
        page.numbers = kept.map(number)
        return page
    }

    /// Returns the number of an item in the response of the server, from 0.
    func number(of index: Int) -> Int { numbers?[index] ?? index }
}
