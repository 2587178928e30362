internal import RingdownCore

/// The members of pages that describe the place of a page in its list, on the platforms and in common styles of other APIs.
enum PageMembers {
    /// The members in which paging members can be nested.
    static let containers = ["_links", "links", "meta", "paging", "pagination", "page", "pageInfo", "cursors"]

    /// The members that contain the total, most specific first.
    private static let totals = [
        ("totalRecords", true), ("totalResults", true), ("totalHits", false), ("total", true), ("totalCount", true),
        ("total_count", true), ("totalItems", true), ("total_items", true), ("totalElements", true),
        ("total_records", true), ("@odata.count", true), ("hits", false), ("count", true),
    ]
    /// The parameters that set the size of a page.
    static let sizeParameters = [
        "pageSize", "limit", "top", "count", "per_page", "perPage", "page_size", "size", "$top", "maxResults",
    ]
    private static let flags = [
        "has_more", "hasMore", "has_next", "hasNext", "hasNextPage", "has_next_page", "hasMoreResults", "moreResults",
    ]
    private static let pageNumbers = ["pageNumber", "page_number", "currentPage", "current_page", "page", "number"]
    private static let pageCounts = [
        "pageCount", "totalPages", "total_pages", "page_count", "lastPage", "last_page", "pages",
    ]
    private static let others = ["cursor", "scrollToken", "aggregations", "pageSize", "startIndex", "skip", "offset"]

    /// Whether a member describes the place of a page.
    static func isPaging(_ name: String) -> Bool {
        totals.contains { $0.0 == name } || flags.contains(name) || pageNumbers.contains(name)
            || pageCounts.contains(name) || containers.contains(name) || others.contains(name) || isNext(name)
    }

    /// Returns the total among the members of an object.
    static func total(of members: [Page.Member], in body: [UInt8]) -> Int? {
        for (name, _) in totals {
            guard let range = members.last(where: { $0.name == name })?.range else { continue }
            if let count = number(try? JSONReader.parse(body, in: range)) { return count }
        }
        return nil
    }

    /// Whether the name of a member announces a next page.
    static func isNext(_ name: String) -> Bool {
        let letters = name.lowercased().filter { $0.isLetter }
        return [
            "next", "nextpage", "nextpagetoken", "nextlink", "nexturi", "nexturl", "nexthref", "nextpageuri",
            "nextpageurl", "nextpagelink", "nexttoken", "nextcursor", "nextkey", "nextoffset", "nextstart",
            "nextmarker", "nextrecordsurl", "nextid", "nextposition", "odatanextlink", "continuationtoken",
            "continuation", "paginationtoken", "scrollid", "scrolltoken", "lastevaluatedkey", "cursor", "endcursor",
        ].contains(letters)
    }

    static func number(_ json: JSON?) -> Int? { json?.text.flatMap { Int(fromServer: $0) } }

    fileprivate static func find<Value>(_ names: [String], _ page: Page, _ read: (JSON) -> Value?) -> (String, Value)? {
        for name in names {
            if let value = page.member(name).flatMap(read) { return (name, value) }
            for container in ["meta", "paging", "pagination", "page", "pageInfo"] {
                if let value = page.value(at: [container, name]).flatMap(read) {
                    return ("\(container).\(name)", value)
                }
            }
        }
        return nil
    }

    fileprivate static func total(_ page: Page) -> ListTotal? {
        for (name, isExact) in totals {
            if let (found, count) = find([name], page, { number($0) }) {
                return ListTotal(found, count, isExact: isExact)
            }
        }
        for name in ["X-Total-Count", "X-Total"] {
            if let count = page.headers[name].flatMap({ Int(fromServer: $0) }) { return ListTotal(name, count) }
        }
        return nil
    }

    fileprivate static func flag(_ page: Page) -> (name: String, value: Bool)? {
        find(flags, page) { $0.bool ?? $0.string.flatMap { Bool($0.lowercased()) } }.map { ($0.0, $0.1) }
    }

    fileprivate static func pageNumber(_ page: Page) -> (name: String, number: Int)? {
        find(pageNumbers, page) { number($0) }.map { ($0.0, $0.1) }
    }

    fileprivate static func pageCount(_ page: Page) -> (name: String, count: Int)? {
        find(pageCounts, page) { number($0) }.map { ($0.0, $0.1) }
    }
}

extension Page {
    /// The total that the page announces.
    var announcedTotal: ListTotal? { PageMembers.total(self) }
    /// The member that says whether there are more items.
    var hasMore: (name: String, value: Bool)? { PageMembers.flag(self) }
    /// The member with the number of this page.
    var pageNumber: (name: String, number: Int)? { PageMembers.pageNumber(self) }
    /// The member with the number of pages.
    var pageCount: (name: String, count: Int)? { PageMembers.pageCount(self) }

    /// The member that announces a next page in a way that no style explains; nil if the page has no such member.
    var unexplainedNext: String? {
        if let flag = hasMore { return flag.value ? flag.name : nil }
        // Results of an asynchronous query that is still running (`genesys-cloud.md` section 5, style H).
        if let status = member("queryStatus")?.string?.lowercased(), ["running", "queued", "pending"].contains(status) {
            return "queryStatus"
        }
        func isSet(_ json: JSON?) -> Bool {
            switch json {
            case nil, .null?, .bool(false)?, .string("")?, .number("0")?, .array([])?: false
            // A link without a target: `{"href": null}`.
            case .object(let members)?: members.contains { isSet($0.value) }
            default: true
            }
        }
        for name in memberNames {
            if PageMembers.isNext(name), isSet(member(name)) { return name }
            guard PageMembers.containers.contains(name) else { continue }
            for member in member(name)?.members ?? [] where PageMembers.isNext(member.name) && isSet(member.value) {
                return "\(name).\(member.name)"
            }
        }
        return nil
    }
}
