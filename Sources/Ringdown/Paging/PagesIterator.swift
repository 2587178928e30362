internal import RingdownCore

extension Pages {
    /// An iterator over the pages of a list.
    public struct Iterator: AsyncIteratorProtocol {
        private let pages: Pages
        private var ahead: PageRequest?
        private var waiting: ArraySlice<APICall>
        private var seen = RecentItems()
        /// The progress of the current list, without the page in progress.
        private var progress: ListProgress
        /// The warnings of pages that were not returned.
        private var warnings: [ListWarning] = []
        /// The error to throw after the last returned page.
        private var failure: APIError?

        init(_ pages: Pages) {
            self.pages = pages
            waiting = pages.calls[...]
            progress = pages.progress
            failure = pages.failure
            seen.remember(pages.recent)
        }

        /// Returns the next page; nil after the last one.
        public mutating func next() async throws -> Page? {
            while let current = try start() {
                let reading = try await current.reading()
                ahead = nil
                let before = progress
                guard case .success(let whole) = reading else {
                    try end(Paging.decide(reading, after: current.call, progress), current.call)
                    continue
                }
                if current.isFirst, let parts = try pages.split(current.call, whole) {
                    waiting = parts + waiting
                    continue
                }
                var page = seen.unique(whole, by: pages.identity)
                seen.note(whole, newItems: page.count)
                warnings += progress.add(
                    whole, newItems: page.count, isPositional: Paging.isPositional(current.call))
                let decision = Paging.decide(reading, after: current.call, progress, pointer: pages.pointer)
                if case .more = decision, !progress.hasLinks, PagingStyle.isLinked(whole, after: current.call, progress)
                {
                    progress.hasLinks = true
                }
                do { page.next = try end(decision, current.call) } catch {
                    failure = error
                    page.isCutOff = true
                }
                follow(page.next, after: page)
                page.remaining = (page.isCutOff ? [current.call] : [page.next].compactMap { $0 }) + waiting
                page.progress = page.isCutOff ? before : page.next == nil ? ListProgress() : progress
                // The last page is returned even if it is empty, because its position may be stored.
                if page.isEmpty, failure == nil, ahead != nil || !waiting.isEmpty { continue }
                (page.warnings, warnings) = (warnings, [])
                return page
            }
            return nil
        }

        /// Returns the request in progress, or that of the first page of the next list.
        private mutating func start() throws(APIError) -> PageRequest? {
            if let failure { throw failure }
            if let ahead { return ahead }
            guard let first = waiting.popFirst() else { return nil }
            let isResumed = waiting.count + 1 == pages.calls.count
            seen.startList(with: first)
            progress = isResumed ? pages.progress : ListProgress()
            let begun = PageRequest(pages, first, progress, isFirst: true)
            ahead = begun
            return begun
        }

        /// Returns the call for the next page, nil at the end of the list.
        ///
        /// - Throws: ``APIError`` if the list cannot be read to its end.
        @discardableResult
        private mutating func end(_ decision: ListDecision, _ call: APICall) throws(APIError) -> APICall? {
            switch decision {
            case .more(let next): return next
            case .end(nil): return nil
            case .end(let missing?):
                if missing.isExact { throw .incomplete(call, progress, missing) }
                warnings.append(.incomplete(items: progress.items, total: missing.count))
                return nil
            case .unfollowed(let member):
                throw .unfollowed(call, progress, member, pages.client.secretsInUse)
            case .broken(let fault):
                let error = APIError.broken(fault, call, progress)
                failure = error
                throw error
            }
        }

        /// Requests the next page, unless the list does not end.
        private mutating func follow(_ next: APICall?, after page: Page) {
            guard let next else { return }
            let limit = pages.client.callSettings.pagesWithoutNewItem
            if !seen.isNew(next) {
                failure = APIError(
                    .malformedResponse,
                    "the page after \(page.title) repeats a previous page: the list does not end",
                    hint: "report this to the platform; the items before this page are valid")
            } else if seen.pagesWithoutNewItem >= limit {
                failure = APIError(
                    .malformedResponse,
                    "the last \(seen.pagesWithoutNewItem) pages of \(page.title) contain no new item: the list does not end",
                    hint: "report this to the platform; the \(progress.items) items before these pages are valid")
            } else {
                ahead = PageRequest(pages, next, progress, isFirst: false)
            }
        }
    }
}

/// A page that is requested in the background.
private final class PageRequest: Sendable {
    let call: APICall
    let isFirst: Bool
    private let task: Task<Result<Page, PageFault>, any Error>

    init(_ pages: Pages, _ call: APICall, _ progress: ListProgress, isFirst: Bool) {
        (self.call, self.isFirst) = (call, isFirst)
        task = Task {
            // The last response is read only once, although it decides about a retry.
            let last = Locked<Result<Page, PageFault>?>(nil)
            @Sendable func isBroken(_ response: Response) -> Bool {
                let reading = pages.read(response, to: call, progress)
                last.withLock { $0 = reading }
                guard case .failure(let fault) = reading else { return false }
                return fault.isTemporary
            }
            let response = try await pages.client.send(call, isBroken: isBroken)
            return last.withLock { $0 } ?? pages.read(response, to: call, progress)
        }
    }

    deinit { task.cancel() }

    func reading() async throws -> Result<Page, PageFault> {
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

extension Pages {
    /// Parses the response to a call for a page.
    fileprivate func read(
        _ response: Response, to call: APICall, _ progress: ListProgress
    ) -> Result<Page, PageFault> {
        Result { () throws(PageFault) in
            try Page(
                response.body, status: response.status, headers: response.headers, itemsMember: itemsMember,
                title: call.pageTitle, progress: progress, without: client.secretsInUse)
        }
    }
}
