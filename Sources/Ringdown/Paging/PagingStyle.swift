internal import RingdownCore

/// The paging styles. Each is a function that returns nil if a page does not have the style.
enum PagingStyle {
    /// A page, the call that returned it, and the progress of the list including the page.
    struct Context {
        let page: Page
        let call: APICall
        let progress: ListProgress

        var isGet: Bool { call.method == "GET" }
        /// The number of items read so far. If it is unknown, `position` is the number of items before the end of the page.
        func read(position: Int) -> Int { progress.isComplete ? progress.items : position }
    }

    enum Step {
        case next(APICall)
        /// The style is understood, and this is the last page.
        case last
        /// The member announces more, but cannot be followed.
        case unclear(String)
    }

    /// The styles with a link or token, in the order in which they are tried.
    static let linked: [@Sendable (Context) -> Step?] = [byLink, byHeader, byCursor, byScroll]
    /// The styles that count pages or items, in the order in which they are tried.
    static let counted: [@Sendable (Context) -> Step?] = [byIndex, byBody, byOffset, byNumber]

    /// Whether a link or token leads to the next page.
    static func isLinked(_ page: Page, after call: APICall, _ progress: ListProgress) -> Bool {
        let context = Context(page: page, call: call, progress: progress)
        return linked.contains { if case .next? = $0(context) { true } else { false } }
    }

    /// A place that the caller names.
    static func byPointer(_ pointer: NextPointer, _ context: Context) -> Step? {
        let (page, call) = (context.page, context.call)
        guard let text = pointer.value(in: page) else {
            // A pointer that finds nothing on the first page is more likely mistyped than a list of one page.
            let isDone = page.isEmpty || (page.announcedTotal != nil && context.progress.missing == nil)
            return isDone || pointer.isOptional || context.progress.pages > 1 ? .last : .unclear(pointer.description)
        }
        if text.isEmpty { return .last }
        if !isLink(text) {
            return setting(pointer.parameter, text, call).map(Step.next) ?? .unclear(pointer.description)
        }
        return call.following(link: text).map(Step.next) ?? .unclear(pointer.description)
    }

    /// The members that contain a link, as text or as an object with `href`.
    private static let links = [
        ["_links", "next"], ["links", "next"], ["nextUri"], ["nextLink"], ["@odata.nextLink"], ["odata.nextLink"],
        ["meta", "next"], ["paging", "next"], ["pagination", "next"], ["meta", "nextLink"], ["next"], ["nextUrl"],
        ["next_url"], ["nextPageUrl"], ["next_page_url"], ["nextPageLink"], ["nextPage"],
    ]

    /// A link to the next page in the body: relative (A, B), or absolute on a host of the platform (CXone).
    static func byLink(_ context: Context) -> Step? {
        let (page, call) = (context.page, context.call)
        for path in links {
            guard let value = page.value(at: path), let text = (value["href"] ?? value).string, !text.isEmpty else {
                continue
            }
            let isCertain = ["nextUri", "nextLink", "@odata.nextLink"].contains(path.last) || path.first == "_links"
            guard isCertain || isLink(text) else { continue }
            // A search with POST returns links for GET beside its own page numbers.
            if let next = call.following(link: text) { return .next(next) }
        }
        let list = page.member("links")?.array?.first { $0["rel"]?.string?.equalsIgnoringCase("next") == true }
        return list?["href"]?.string.flatMap { call.following(link: $0) }.map(Step.next)
    }

    /// A link in the `Link` header field (RFC 8288).
    static func byHeader(_ context: Context) -> Step? {
        LinkHeader.next(in: context.page.headers).flatMap { context.call.following(link: $0) }.map(Step.next)
    }

    /// The members that contain a token, and the parameters that receive it.
    private static let tokens = [
        (["cursor"], "cursor"), (["nextPageToken"], "pageToken"), (["next_page_token"], "page_token"),
        (["nextCursor"], "cursor"), (["next_cursor"], "cursor"), (["nextToken"], "nextToken"),
        (["continuationToken"], "continuationToken"), (["meta", "next_cursor"], "cursor"),
        (["meta", "nextCursor"], "cursor"), (["paging", "cursors", "after"], "after"),
        (["paging", "next", "after"], "after"), (["pagination", "next_cursor"], "cursor"),
        (["pagination", "nextCursor"], "cursor"), (["response_metadata", "next_cursor"], "cursor"),
    ]

    /// A token in the body (C, D, H, I). Some APIs return a token with each page, and a flag that says whether it leads to a page.
    static func byCursor(_ context: Context) -> Step? {
        let (page, call) = (context.page, context.call)
        var found = tokens.lazy.compactMap { path, name in text(page.value(at: path)).map { (name, $0) } }.first
        if let after = text(page.value(at: ["cursors", "after"])), found == nil {
            found = (page.member("queryStatus") == nil ? "cursor" : "after", after)
        }
        // In the answer to a search with POST, `nextPage` is a link for GET.
        if found == nil, context.isGet, let token = text(page.member("nextPage")) ?? text(page.member("next_page")) {
            let name = numberNames.first { call.queryValue($0).flatMap { Int(fromServer: $0) } != nil }
            let isNumber = Int(fromServer: token) != nil
            found = (isNumber ? name ?? (page.member("nextPage") == nil ? "page" : "nextPage") : "nextPage", token)
        }
        guard let found else { return nil }
        if page.hasMore?.value == false { return .last }
        return setting(found.0, found.1, call).map(Step.next)
    }

    /// The scroll token of DFO. Each page has one, so the list ends with an empty page if its number of hits is reached.
    static func byScroll(_ context: Context) -> Step? {
        guard let token = text(context.page.member("scrollToken")) else { return nil }
        if context.page.isEmpty, context.progress.missing == nil { return .last }
        return setting("scrollToken", token, context.call).map(Step.next)
    }

    /// A position that starts at 1 (G, SCIM).
    static func byIndex(_ context: Context) -> Step? {
        let page = context.page
        guard let start = page.member("startIndex")?.count, let total = page.member("totalResults")?.count else {
            return nil
        }
        // The next position depends on the number of returned items, not on the requested page size.
        let step = page.isEmpty ? page.member("itemsPerPage")?.count ?? context.progress.pageSize : page.count
        let next = start + step
        guard next <= total, step > 0 else { return .last }
        return setting("startIndex", "\(next)", context.call).map(Step.next)
    }

    private static func text(_ json: JSON?) -> String? { json?.text.flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether a text is a link and not a token.
    static func isLink(_ text: String) -> Bool {
        let lower = text.lowercased()
        return lower.hasPrefix("http://") || lower.hasPrefix("https://") || lower.hasPrefix("/") || lower.hasPrefix("?")
            || (lower.contains("?") && lower.contains("="))
    }

    /// Returns the call with a parameter: in the query, or in the body of a POST call.
    static func setting(_ name: String, _ value: String, _ call: APICall) -> APICall? {
        if call.method == "GET" { return call.setting(name, value) }
        return call.settingInBody(name, .string(value))
    }
}
