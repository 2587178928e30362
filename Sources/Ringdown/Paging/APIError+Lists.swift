internal import RingdownCore

extension APIError {
    /// The error for a response that is not a page of the list.
    static func broken(_ fault: PageFault, _ call: APICall, _ progress: ListProgress) -> APIError {
        APIError(
            .malformedResponse, "\(page(progress.pages + 1, call)) cannot be read: \(fault.reason)\(items(progress))",
            hint: fault.hint, recovery: fault.isOtherObject && !fault.isTemporary ? .nameItems : nil)
    }

    /// The error for a list that ended before its exact total was reached.
    static func incomplete(_ call: APICall, _ progress: ListProgress, _ missing: ListTotal) -> APIError {
        let dropped = progress.duplicates == 0 ? "" : " and \(progress.duplicates) duplicates"
        return APIError(
            .incompleteList,
            "the list ended on \(page(progress.pages, call)) after \(progress.items) items\(dropped), "
                + "but '\(missing.name)' announces \(missing.count)",
            hint: progress.duplicates == 0
                ? "read the list again; if the number stays the same, report it to the platform"
                : "read the list again; if items share a value, identify them by another member")
    }

    /// The error for a page that announces more items in a way that is not understood.
    static func unfollowed(
        _ call: APICall, _ progress: ListProgress, _ member: String, _ secrets: [Secret]
    ) -> APIError {
        let name = sanitized(member, without: secrets, limit: 80)
        return APIError(
            .unknownPaging,
            "the list continues after \(page(progress.pages, call)), but '\(name)' does not lead to the next page; "
                + "\(progress.items) items were read",
            hint:
                "name the member with the next link or token, or begin with an explicit position such as skip=0 or page=1",
            recovery: .nameNextPage)
    }

    private static func page(_ number: Int, _ call: APICall) -> String { "page \(number) (\(call.pageTitle))" }

    private static func items(_ progress: ListProgress) -> String {
        progress.pages == 0 ? "" : "; \(progress.items) items were read before it"
    }
}
