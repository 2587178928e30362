internal import RingdownCore
internal import RingdownOAuth

/// The pages of one or several lists, one after the other, each item once. The page that follows is on its way while the one
/// at hand is worked on.
///
/// Throws ``APIError``, `TokenError` and `CancellationError`; what came before an error is not lost.
public struct Pages: AsyncSequence, Sendable {
    let client: APIClient
    /// The calls for the first pages.
    var calls: [APICall]
    let itemsMember: String?
    /// The member by which an item that comes twice is known; nil where every item is one of its own.
    let identity: String?
    /// Splits a call that promises more than one list can hold.
    var split: @Sendable (APICall, Page) throws(APIError) -> [APICall]? = { _, _ in nil }
    /// Identities of items that came before the first of these pages.
    var recent: [String] = []
    /// Why there is no such list.
    var failure: APIError?

    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// The same list from where it was left: at the `remaining` calls of the last page that was read, and its `identities`.
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

    /// Why a position that was read from a file is not one of this list; nil if it may be followed. A position names pages of the
    /// list: it cannot change the method, lead to another host, or send a body to another path.
    ///
    /// - Throws: ``APIError`` and `TokenError` where the API's address has to be discovered first.
    package func problem(of position: [APICall]) async throws -> String? {
        let first = calls.first ?? APICall("")
        let origin = try await client.baseURL().origin
        for call in position {
            if call.method != first.method {
                return
                    "it has the method \(sanitized(call.method, limit: 20)), but the list is read with \(first.method)"
            }
            let isRelative = call.path.hasPrefix("/") && !call.path.hasPrefix("//")
            if !isRelative, (try? HTTPURL(call.path))?.origin != origin {
                return "it leads to another host than \(origin)"
            }
            let isQuery = call.method != "GET" || !call.body.isEmpty
            if isQuery, call.title != first.title { return "it leads to another path than \(first.title)" }
            if first.body.isEmpty, !call.body.isEmpty { return "it has a body, which the list has not" }
        }
        return nil
    }

    public struct Iterator: AsyncIteratorProtocol {
        private let pages: Pages
        private var ahead: Ahead?
        private var waiting: ArraySlice<APICall>
        private var seen = RecentItems()
        /// What ends the list after the page that was given last.
        private var failure: APIError?

        fileprivate init(_ pages: Pages) {
            self.pages = pages
            waiting = pages.calls[...]
            failure = pages.failure
            seen.remember(pages.recent)
        }

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
                            "the page after \(page.title) is one that came before: the list does not end",
                            hint: "what was read so far is complete up to here; report it to the platform")
                    }
                }
                page.remaining = [page.next].compactMap { $0 } + waiting
                page = seen.unique(page, by: pages.identity)
                // Empty pages are of use to those only who keep the position.
                if page.isEmpty, ahead != nil || !waiting.isEmpty { continue }
                return page
            }
            return nil
        }

        /// The page that is fetched at the moment, or the first one of the next list.
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

/// A page that is being fetched.
private final class Ahead: Sendable {
    let call: APICall
    let isFirst: Bool
    private let task: Task<Page, any Error>

    init(_ pages: Pages, _ call: APICall, isFirst: Bool) {
        (self.call, self.isFirst) = (call, isFirst)
        task = Task {
            let response = try await pages.client.send(call)
            var page: Page
            do throws(APIError) {
                page = try Page(response.body, itemsMember: pages.itemsMember, title: call.pageTitle)
            } catch { throw error.without(pages.client.cachedToken.map { [$0.value] } ?? []) }
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

/// What was seen lately: pages that shift while they are read bring an item twice, and a list that is broken does not end.
struct RecentItems: Sendable {
    private static let generation = 100_000
    private var (recent, older): (Set<Int>, Set<Int>) = ([], [])
    private var positions: Set<Int> = []

    /// Whether a position of the list was not there before.
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

    /// The page without items that came before.
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
    /// The pages of a list, in whichever of its ways the platform pages it. `itemsMember` names the list inside a page, where
    /// it cannot be told; of items with the same `identity` only the first is kept. A POST is repeated after failures, as
    /// queries may be.
    public func pages(_ call: APICall, itemsMember: String? = nil, identity: String? = "id") -> Pages {
        var call = call
        if call.method == "POST" { call.isIdempotent = true }
        return Pages(client: self, calls: [call], itemsMember: itemsMember, identity: identity)
    }

    /// A list that the platform does not have.
    func noPages(_ name: String, hint: String) -> Pages {
        let error = APIError(.configuration, "\(profile.platform.title) has no list of \(name)", hint: hint)
        return Pages(client: self, calls: [], itemsMember: nil, identity: nil, failure: error)
    }
}
