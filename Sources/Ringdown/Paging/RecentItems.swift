internal import RingdownCore

/// The recently read items and positions. Items can occur twice if pages shift during reading, and a faulty list may not end.
struct RecentItems: Sendable {
    private static let generation = 100_000
    private var (recent, older): (Set<Int>, Set<Int>) = ([], [])
    private var positions: Set<Int> = []
    private var contents: Set<Int> = []
    /// The number of consecutive pages without a new item.
    private(set) var pagesWithoutNewItem = 0

    /// Records a position of the list. Returns false if it occurred before.
    mutating func isNew(_ call: APICall) -> Bool {
        var hasher = Hasher()
        hasher.combine(call.path)
        hasher.combine(call.body)
        return positions.insert(hasher.finalize()).inserted
    }

    mutating func startList(with call: APICall) {
        (positions, contents, pagesWithoutNewItem) = ([], [], 0)
        _ = isNew(call)
    }

    mutating func remember(_ identities: [String]) {
        for identity in identities { _ = isNew(Array(identity.utf8)[...]) }
    }

    /// Counts the page if it has no new item: no item, duplicates only, or the content of a previous page of the list.
    ///
    /// - Parameters:
    ///   - page: The page as received.
    ///   - newItems: The number of its items that are not duplicates.
    mutating func note(_ page: Page, newItems: Int) {
        var hasher = Hasher()
        for item in page.items { item.withUnsafeBytes { hasher.combine(bytes: $0) } }
        let isRepeated = !contents.insert(hasher.finalize()).inserted
        pagesWithoutNewItem = newItems == 0 || isRepeated ? pagesWithoutNewItem + 1 : 0
    }

    /// Returns the page without items that occurred before.
    mutating func unique(_ page: Page, by identity: String?) -> Page {
        guard let identity else { return page }
        return page.keeping(identity) { isNew($0) }
    }

    private mutating func isNew(_ identity: ArraySlice<UInt8>) -> Bool {
        var hasher = Hasher()
        identity.withUnsafeBytes { hasher.combine(bytes: $0) }
        let id = hasher.finalize()
        if recent.count >= Self.generation { (older, recent) = (recent, []) }
        return !older.contains(id) && recent.insert(id).inserted
    }
}
