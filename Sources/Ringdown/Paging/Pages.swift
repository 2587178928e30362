internal import RingdownCore
internal import RingdownOAuth

/// The pages of one or more lists, each item once. The next page is requested while the caller processes the current one.
///
/// The iteration throws ``APIError``, `TokenError`, and `CancellationError`. Pages before an error are valid.
public struct Pages: AsyncSequence, Sendable {
    let client: APIClient
    /// The calls for the first pages.
    var calls: [APICall]
    let itemsMember: String?
    /// The member that identifies an item, to drop duplicates; nil to keep all items.
    let identity: String?
    /// Splits a call that has more results than one list can return.
    var split: @Sendable (APICall, Page) throws(APIError) -> [APICall]? = { _, _ in nil }
    /// The identities of items before the first of these pages.
    var recent: [String] = []
    /// The error that the iteration throws instead of pages.
    var failure: APIError?

    /// Returns an iterator over the pages.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Returns the list, resumed after the last page that was read.
    ///
    /// - Parameters:
    ///   - remaining: The ``Page/remaining`` calls of the last page.
    ///   - recent: The ``Page/identities`` of the last page (default: none).
    public func resumed(at remaining: [APICall], recent: [String] = []) -> Pages {
        var pages = self
        pages.recent = recent
        pages.calls = remaining.map { call in
            var call = call
            if let first = calls.first { (call.headers, call.isIdempotent) = (first.headers, first.isIdempotent) }
            return call
        }
        return pages
    }

    /// Returns the reason why a position from a file is not a position of this list; nil if it is valid.
    ///
    /// A position refers to pages of the list. It must not change the method or the host, or send a body to another path.
    ///
    /// - Throws: ``APIError`` and `TokenError` if the base URL of the API must be discovered and the discovery fails.
    package func problem(of position: [APICall]) async throws -> String? {
        let first = calls.first ?? APICall("")
        let origin = try await client.baseURL().origin
        for call in position {
            if call.method != first.method {
                return
                    "it has the method \(sanitized(call.method, limit: 20)), but the list uses \(first.method)"
            }
            let isRelative = call.path.hasPrefix("/") && !call.path.hasPrefix("//")
            if !isRelative, (try? HTTPURL(call.path))?.origin != origin {
                return "it refers to another host than \(origin)"
            }
            let isQuery = call.method != "GET" || !call.body.isEmpty
            if isQuery, call.title != first.title { return "it refers to another path than \(first.title)" }
            if first.body.isEmpty, !call.body.isEmpty { return "it has a body, but the list has none" }
        }
        return nil
    }

    /// An iterator over the pages of a list.
    public struct Iterator: AsyncIteratorProtocol {
        private let pages: Pages
        private var ahead: Ahead?
        private var waiting: ArraySlice<APICall>
        private var seen = RecentItems()
        /// The error to throw after the last returned page.
        private var failure: APIError?

        fileprivate init(_ pages: Pages) {
            self.pages = pages
            waiting = pages.calls[...]
            failure = pages.failure
            seen.remember(pages.recent)
        }

        /// Returns the next page; nil after the last one.
        public mutating func next() async throws -> Page? {
            while let current = try start() {
                var page = try await current.page()
                ahead = nil
                if current.isFirst, let parts = try pages.split(current.call, page) {
                    waiting = parts + waiting
                    continue
                }
                if let next = page.next {
                    if seen.isNew(next) {
                        ahead = Ahead(pages, next, isFirst: false)
                    } else {
                        failure = APIError(
                            .malformedResponse,
                            "the page after \(page.title) repeats a previous page: the list does not end",
                            hint: "report this to the platform; the items before this page are valid")
                    }
                }
                page.remaining = [page.next].compactMap { $0 } + waiting
                page = seen.unique(page, by: pages.identity)
                // The last page is returned even if it is empty, because its position may be stored.
                if page.isEmpty, ahead != nil || !waiting.isEmpty { continue }
                return page
            }
            return nil
        }

        /// Returns the page in progress, or the first page of the next list.
        private mutating func start() throws(APIError) -> Ahead? {
            if let failure { throw failure }
            if let ahead { return ahead }
            guard let first = waiting.popFirst() else { return nil }
            seen.startList(with: first)
            let begun = Ahead(pages, first, isFirst: true)
            ahead = begun
            return begun
        }
    }
}

/// A page that is requested in the background.
private final class Ahead: Sendable {
    let call: APICall
    let isFirst: Bool
    private let task: Task<Page, any Error>

    init(_ pages: Pages, _ call: APICall, isFirst: Bool) {
        (self.call, self.isFirst) = (call, isFirst)
        task = Task {
            let response = try await pages.client.send(call)
            var page = try Page(
                response.body, itemsMember: pages.itemsMember, title: call.pageTitle, without: pages.client.secretsInUse
            )
            page.next = Paging.next(after: page, call)
            return page
        }
    }

    deinit { task.cancel() }

    func page() async throws -> Page {
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

/// The recently read items and positions. Items can occur twice if pages shift during reading, and a faulty list may not end.
struct RecentItems: Sendable {
    private static let generation = 100_000
    private var (recent, older): (Set<Int>, Set<Int>) = ([], [])
    private var positions: Set<Int> = []

    /// Records a position of the list. Returns false if it occurred before.
    mutating func isNew(_ call: APICall) -> Bool {
        var hasher = Hasher()
        hasher.combine(call.path)
        hasher.combine(call.body)
        return positions.insert(hasher.finalize()).inserted
    }

    mutating func startList(with call: APICall) {
        positions = []
        _ = isNew(call)
    }

    mutating func remember(_ identities: [String]) {
        for identity in identities { _ = isNew(Array(identity.utf8)[...]) }
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

extension APIClient {
    /// Returns the pages of a list, in any paging style of the platform. A POST call is retried on failure only if it is
    /// declared idempotent.
    ///
    /// - Parameters:
    ///   - call: The call for the first page.
    ///   - itemsMember: The member of a page that contains the items (default: detected).
    ///   - identity: The member that identifies an item, to drop duplicates; nil to keep all items (default: `id`).
    public func pages(_ call: APICall, itemsMember: String? = nil, identity: String? = "id") -> Pages {
        Pages(client: self, calls: [call], itemsMember: itemsMember, identity: identity)
    }

    /// Returns a list that throws an error, because the platform does not have it.
    func noPages(_ name: String, hint: String) -> Pages {
        let error = APIError(
            .configuration, "\(profile.platform.title) has no list of \(name)", hint: hint, recovery: .sendCalls)
        return Pages(client: self, calls: [], itemsMember: nil, identity: nil, failure: error)
    }
}
