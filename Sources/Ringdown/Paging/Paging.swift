internal import RingdownCore

/// What follows a page of a list.
package enum ListDecision: Sendable {
    /// There is another page.
    case more(APICall)
    /// The list has ended. `missing` is the total that it has not reached; nil if it is complete.
    case end(missing: ListTotal?)
    /// The response is not a page of the list.
    case broken(PageFault)
    /// The page announces more items, in a member or header field that is not understood.
    case unfollowed(member: String)
}

/// Decides whether a list has another page.
///
/// The style is detected from the page and the call, because each resource uses one of several styles (`genesys-cloud.md` section 5,
/// styles A to I; `cxone.md` section 3.2). A link or token means more, also after an empty page. Without either, a list whose total
/// is not reached is incomplete. Without a link, a token and a total, the list has ended.
package enum Paging {
    /// Returns what follows a page. It has no side effects.
    ///
    /// - Parameters:
    ///   - page: The page, or the fault of the response.
    ///   - call: The call that returned it.
    ///   - progress: The progress of the list, including this page.
    ///   - pointer: The place of the next link or token; nil to infer it.
    package static func decide(
        _ page: Result<Page, PageFault>, after call: APICall, _ progress: ListProgress, pointer: NextPointer? = nil
    ) -> ListDecision {
        let current: Page
        switch page {
        case .failure(let fault): return .broken(fault)
        case .success(let page): current = page
        }
        if current.isAbsent { return .end(missing: progress.missing) }
        let context = PagingStyle.Context(page: current, call: call, progress: progress)
        let step =
            if let pointer { PagingStyle.byPointer(pointer, context) } else {
                (PagingStyle.linked + (progress.hasLinks ? [] : PagingStyle.counted)).lazy.compactMap { $0(context) }
                    .first
            }
        switch step {
        case .next(let next)?: return .more(next)
        case .last?: return .end(missing: progress.missing)
        case .unclear(let member)?: return .unfollowed(member: member)
        case nil: break
        }
        if let member = current.unexplainedNext { return .unfollowed(member: member) }
        // A total on the first page, without any position: the style is unknown.
        if let missing = progress.missing, missing.isExact, progress.pages == 1 {
            return .unfollowed(member: missing.name)
        }
        return .end(missing: progress.missing)
    }

    /// Whether a call contains a page number or an offset, so that its list shifts if items are inserted or deleted.
    static func isPositional(_ call: APICall) -> Bool {
        if call.method == "GET" {
            return (PagingStyle.offsetNames + PagingStyle.numberNames + ["startIndex"]).contains {
                call.queryValue($0).flatMap { Int(fromServer: $0) } != nil
            }
        }
        guard let body = try? JSONReader.parse(call.body) else { return false }
        return body["paging"]?["pageNumber"] != nil
            || (PagingStyle.offsetNames + PagingStyle.numberNames).contains { body[$0]?.count != nil }
    }
}
