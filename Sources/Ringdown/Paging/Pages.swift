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
    /// The place of the next link or token; nil to infer it.
    var pointer: NextPointer?
    /// The identities of items before the first of these pages.
    var recent: [String] = []
    /// The progress of the first of these lists.
    var progress = ListProgress()
    /// The error that the iteration throws instead of pages.
    var failure: APIError?

    /// Returns an iterator over the pages.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// The calls for the first pages, as a position.
    package var start: [APICall] { calls }

    /// Returns the list, resumed after the last page that was read.
    ///
    /// - Parameters:
    ///   - remaining: The ``Page/remaining`` calls of the last page.
    ///   - recent: The ``Page/identities`` of the last page (default: none).
    ///   - progress: The ``Page/progress`` of the last page; nil if it is unknown, in which case the total of the list is not checked
    ///     (default: nil).
    public func resumed(at remaining: [APICall], recent: [String] = [], progress: ListProgress? = nil) -> Pages {
        var pages = self
        pages.recent = recent
        pages.progress = progress ?? .unknown
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
        let base = try await client.baseURL()
        for call in position {
            if call.method != first.method {
                return
                    "it has the method \(sanitized(call.method, limit: 20)), but the list uses \(first.method)"
            }
            let isRelative = call.path.hasPrefix("/") && !call.path.hasPrefix("//")
            if !isRelative, (try? HTTPURL(call.path)).map({ client.mayReceiveToken($0, base) }) != true {
                return "it refers to another host than \(base.origin)"
            }
            let isQuery = call.method != "GET" || !call.body.isEmpty
            if isQuery, call.title != first.title { return "it refers to another path than \(first.title)" }
            if first.body.isEmpty, !call.body.isEmpty { return "it has a body, but the list has none" }
        }
        return nil
    }
}

extension APIClient {
    /// Returns the pages of a list, in any paging style of the platform. A POST call is retried on failure only if it is
    /// declared idempotent.
    ///
    /// - Parameters:
    ///   - call: The call for the first page.
    ///   - itemsMember: The member of a page that contains the items (default: detected).
    ///   - identity: The member that identifies an item, to drop duplicates; nil to keep all items (default: `id`). Items in which
    ///     it is missing, `null` or empty are kept.
    ///   - next: The place of the next link or token in a page; nil to infer it (default: nil).
    /// - Returns: The pages. The iteration throws ``APIError`` with the code ``APIError/Code/unknownPaging`` or
    ///   ``APIError/Code/incompleteList`` if the list has more items than can be read.
    public func pages(
        _ call: APICall, itemsMember: String? = nil, identity: String? = "id", next: NextPointer? = nil
    ) -> Pages {
        Pages(client: self, calls: [call], itemsMember: itemsMember, identity: identity, pointer: next)
    }

    /// Returns a list that throws an error, because the platform does not have it.
    func noPages(_ name: String, hint: String) -> Pages {
        let error = APIError(
            .configuration, "\(profile.platform.title) has no list of \(name)", hint: hint, recovery: .sendCalls)
        return Pages(client: self, calls: [], itemsMember: nil, identity: nil, failure: error)
    }
}
