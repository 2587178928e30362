package import RingdownCore

/// How much of a list has been read. Stored with a position, it makes the checks of a resumed list as exact as without the
/// interruption.
public struct ListProgress: Sendable, Equatable {
    /// The number of pages read so far, including empty ones.
    public internal(set) var pages = 0
    /// The number of items read so far, without duplicates.
    public internal(set) var items = 0
    /// The number of duplicate items that were dropped.
    public internal(set) var duplicates = 0
    /// Whether the numbers cover the list from its start. Otherwise totals are not checked.
    var isComplete = true
    /// The last total that a page announced.
    var total: ListTotal?
    /// The form of the pages; nil before the first page with items.
    var form: PageForm?
    /// The largest number of items on a page.
    var pageSize = 0
    /// Whether a link or token has led to a page. Such a list ends with the first page without one.
    var hasLinks = false
    private var warned: Set<String> = []

    /// Creates the progress of a list that is not read yet.
    public init() {}

    /// The progress of a list that was read to an unknown extent.
    static var unknown: ListProgress {
        var progress = ListProgress()
        progress.isComplete = false
        return progress
    }

    /// Adds a page.
    ///
    /// - Parameters:
    ///   - page: The page as received.
    ///   - newItems: The number of its items that are not duplicates (default: all).
    ///   - isPositional: Whether the call for the page contains a page number or an offset. Such a list shifts if items are inserted
    ///     or deleted while it is read.
    /// - Returns: The warnings, each kind once for a list.
    package mutating func add(_ page: Page, newItems: Int? = nil, isPositional: Bool = false) -> [ListWarning] {
        let new = newItems ?? page.count
        (pages, items, duplicates) = (pages + 1, items + new, duplicates + page.count - new)
        pageSize = max(pageSize, page.count)
        form = form ?? page.form
        var warnings: [ListWarning] = []
        let announced = page.announcedTotal
        if isPositional, pages > 1 {
            if let total, let announced, total.count != announced.count {
                warnings.append(.totalChanged(from: total.count, to: announced.count))
            }
            if new < page.count { warnings.append(.overlap(items: page.count - new)) }
        }
        total = announced ?? total
        return warnings.filter { warned.insert($0.kind).inserted }
    }

    /// The total that the list has not reached; nil if it has, or if no total is known.
    package var missing: ListTotal? {
        guard isComplete, let total else { return nil }
        // The parts of a split list can overlap, which an approximate total does not contradict.
        return (total.isExact ? items : items + duplicates) < total.count ? total : nil
    }

    /// The progress as JSON.
    package var json: JSON {
        [
            "pages": .int(pages), "items": .int(items), "duplicates": .int(duplicates), "isComplete": .bool(isComplete),
            "pageSize": .int(pageSize), "hasLinks": .bool(hasLinks), "total": total?.json ?? .null,
            "form": form?.json ?? .null,
        ]
    }

    /// Parses the progress; nil if the JSON has another form.
    package init?(_ json: JSON) {
        guard let pages = json["pages"]?.count, let items = json["items"]?.count,
            let duplicates = json["duplicates"]?.count, let isComplete = json["isComplete"]?.bool,
            let pageSize = json["pageSize"]?.count
        else { return nil }
        (self.pages, self.items, self.duplicates) = (pages, items, duplicates)
        (self.isComplete, self.pageSize) = (isComplete, pageSize)
        hasLinks = json["hasLinks"]?.bool ?? false
        total = json["total"].flatMap { ListTotal($0) }
        form = json["form"].flatMap { PageForm($0) }
    }
}

/// The number of items in a list, as a page announces it.
package struct ListTotal: Sendable, Equatable {
    /// The name of the member or header field.
    package var name: String
    /// The number of items.
    package var count: Int
    /// Whether the number is exact. `totalHits` (`genesys-cloud.md` section 6) and `hits` (`cxone.md` section 3.2) are not.
    package var isExact: Bool

    init(_ name: String, _ count: Int, isExact: Bool = true) {
        (self.name, self.count, self.isExact) = (name, count, isExact)
    }

    var json: JSON { ["name": .string(name), "count": .int(count), "isExact": .bool(isExact)] }

    init?(_ json: JSON) {
        guard let name = json["name"]?.string, let count = json["count"]?.count, let isExact = json["isExact"]?.bool
        else { return nil }
        self.init(name, count, isExact: isExact)
    }
}

/// A sign that a list changed while it was read, or that its total is approximate. The items are valid.
public enum ListWarning: Sendable, Equatable, CustomStringConvertible {
    /// The list ended before an approximate total was reached.
    case incomplete(items: Int, total: Int)
    /// The total changed between two pages of a list with page numbers or offsets. Items may be missing.
    case totalChanged(from: Int, to: Int)
    /// Items of a previous page were repeated on a page of a list with page numbers or offsets. They are returned once.
    case overlap(items: Int)

    /// The warning in words.
    public var description: String {
        switch self {
        case .incomplete(let items, let total):
            "the list ended after \(items) items, but its approximate total is \(total)"
        case .totalChanged(let old, let new):
            "the total changed from \(old) to \(new) between two pages: the list changed, and items may be missing"
        case .overlap(let items):
            "a page repeated \(items) items of a previous page: the list changed, and items may be missing"
        }
    }

    fileprivate var kind: String {
        switch self {
        case .incomplete: "incomplete"
        case .totalChanged: "totalChanged"
        case .overlap: "overlap"
        }
    }
}

/// The form of the pages of a list: an array of items, or an object with a member that contains them.
enum PageForm: Sendable, Equatable {
    case array
    case object(itemsMember: String)

    var json: JSON {
        switch self {
        case .array: []
        case .object(let member): .string(member)
        }
    }

    init?(_ json: JSON) {
        switch json {
        case .array: self = .array
        case .string(let member): self = .object(itemsMember: member)
        default: return nil
        }
    }
}
