internal import RingdownCore

/// A page of a list: the byte ranges of its items, and its paging information.
public struct Page: Sendable {
    /// A member of the page. `elements` are the ranges of the elements if its value is an array.
    typealias Member = (name: String, range: Range<Int>, elements: [Range<Int>]?)

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
    /// How much of the list has been read, to resume the list later.
    public internal(set) var progress = ListProgress()
    /// The warnings since the previous page.
    public internal(set) var warnings: [ListWarning] = []
    /// Whether the list cannot be read beyond this page although it has more items. The iteration then throws an error, and
    /// ``remaining`` contains the call for this page.
    package internal(set) var isCutOff = false

    let title: String
    /// The form of the page; nil for a page without items whose form is unknown.
    let form: PageForm?
    /// Whether the response has no content (204), which is the end of a list (`cxone.md` section 3.2).
    let isAbsent: Bool
    let headers: Headers
    private let body: [UInt8]
    private let members: [Member]
    private var ranges: [Range<Int>]
    /// The numbers of the items in the response, if items were dropped.
    private var numbers: [Int]?

    init(
        _ body: [UInt8], _ title: String, _ headers: Headers, form: PageForm?, isAbsent: Bool = false,
        members: [Member] = [], items: [Range<Int>] = []
    ) {
        (self.body, self.title, self.headers, self.form, self.isAbsent) = (body, title, headers, form, isAbsent)
        (self.members, ranges) = (members, items)
    }

    /// The number of items in the whole list, if the platform returns it. For a growing list, the number is approximate.
    public var total: Int? { announcedTotal?.count }

    /// The names of the members.
    var memberNames: [String] { members.map(\.name) }

    func member(_ name: String) -> JSON? {
        guard let range = members.last(where: { $0.name == name })?.range else { return nil }
        return try? JSONReader.parse(body, in: range)
    }

    /// Returns the member at a path, such as `paging`, `next`; nil if it does not exist or is `null`.
    func value(at path: [String]) -> JSON? {
        guard let first = path.first, let value = path.dropFirst().reduce(member(first), { $0?[$1] }), value != .null
        else { return nil }
        return value
    }

    /// The whole page as JSON.
    var whole: JSON? { try? JSONReader.parse(body) }

    /// Returns the page with the items for which `isWanted` returns true. `isWanted` receives a member of each item. Items in which
    /// the member is missing, `null` or empty are included: such a value identifies nothing.
    func keeping(_ member: String, _ isWanted: (ArraySlice<UInt8>) -> Bool) -> Page {
        var page = self
        page.identities = []
        let kept = ranges.indices.filter { index in
            guard let place = JSONReader.firstMember(member, of: body, in: ranges[index]),
                !Self.nonIdentities.contains(where: { $0.elementsEqual(body[place]) })
            else { return true }
            page.identities.append(String(decoding: body[place], as: UTF8.self))
            return isWanted(body[place])
        }
        page.ranges = kept.map { ranges[$0] }
        page.numbers = kept.map(number)
        return page
    }

    private static let nonIdentities = ["null", "\"\"", "{}", "[]"].map { Array($0.utf8) }

    /// Returns the number of an item in the response of the server, from 0.
    func number(of index: Int) -> Int { numbers?[index] ?? index }
}
