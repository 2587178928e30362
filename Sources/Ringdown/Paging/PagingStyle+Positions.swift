internal import RingdownCore

/// The styles that count pages or items.
extension PagingStyle {
    /// The parameters for the number of items before a page.
    static let offsetNames = ["skip", "offset", "$skip", "start", "from"]
    /// The parameters for the number of a page.
    static let numberNames = ["pageNumber", "page", "page_number", "pageNo"]

    /// The page number or position in the body of a POST call (E, F, and the search of UserHub).
    static func byBody(_ context: Context) -> Step? {
        let (page, call, progress) = (context.page, context.call, context.progress)
        guard !context.isGet, let body = try? JSONReader.parse(call.body) else { return nil }
        if let paging = body["paging"], case .object = paging {
            return numbered(context, paging, isToTheEnd: true) { paging in
                call.settingInBody("paging", .object(paging))
            }
        }
        if let count = page.pageCount {
            let name = numberNames.first { body[$0]?.count != nil } ?? (count.name == "pageCount" ? "pageNumber" : nil)
            let number = name.flatMap { body[$0]?.count } ?? page.pageNumber?.number ?? 1
            guard number < count.count else { return .last }
            return name.flatMap { call.settingInBody($0, .int(number + 1)) }.map(Step.next) ?? .unclear(count.name)
        }
        if body["pageNumber"]?.count != nil {
            return numbered(context, body, isToTheEnd: false) { call.with(body: .object($0)) }
        }
        let name = offsetNames.first { body[$0]?.count != nil } ?? (page.member("totalRecords") == nil ? nil : "skip")
        guard let name else { return nil }
        let (start, size) = (body[name]?.count ?? 0, size(context) { body[$0]?.count })
        let next = start + (page.isEmpty ? size : page.count)
        guard next > start, let isMore = progress.total.map({ next < $0.count }) ?? page.hasMore?.value else {
            return nil
        }
        return isMore ? call.settingInBody(name, .int(next)).map(Step.next) : .last
    }

    /// Page numbers in the body of a POST call. A server may return fewer items than requested, so the list continues until its total
    /// is reached or a page is empty.
    ///
    /// - Parameters:
    ///   - paging: The object with `pageNumber` and `pageSize`.
    ///   - isToTheEnd: Whether the list continues after a page that is not full if no total is known.
    ///   - call: Returns the call with other members of the object.
    private static func numbered(
        _ context: Context, _ paging: JSON, isToTheEnd: Bool, _ call: ([JSON.Member]) -> APICall?
    ) -> Step? {
        let (page, progress) = (context.page, context.progress)
        let number = max(1, paging["pageNumber"]?.count ?? 1)
        let requested = paging["pageSize"]?.count ?? 25
        // After a page 1 that is not full, the size that was received is requested: page 2 then begins where page 1 ended.
        let isCapped = number == 1 && !page.isEmpty && page.count < requested
        let total = progress.total
        let isReached = total.map { context.read(position: (number - 1) * requested + page.count) >= $0.count }
        let hasMore: Bool
        if page.isEmpty {
            // Only an exact total continues after an empty page.
            hasMore = total.map { $0.isExact && number * requested < $0.count } ?? false
        } else if page.count < requested {
            hasMore = isReached.map { !$0 } ?? isToTheEnd
        } else {
            // An approximate total does not end a list whose page is full.
            hasMore = !(isReached == true && total?.isExact == true)
        }
        guard hasMore else { return .last }
        var members = (paging.members ?? []).filter { $0.name != "pageNumber" && !(isCapped && $0.name == "pageSize") }
        if isCapped { members.append(.init("pageSize", .int(page.count))) }
        return call(members + [.init("pageNumber", .int(number + 1))]).map(Step.next)
    }

    /// A number of items before the page, without a link.
    static func byOffset(_ context: Context) -> Step? {
        let (page, call) = (context.page, context.call)
        guard context.isGet, page.member("_links") == nil else { return nil }
        let given = offsetNames.lazy.compactMap { name in number(name, call).map { (name, $0) } }.first
        let echoed = ["offset", "skip"].lazy.compactMap { name in page.value(at: [name])?.count.map { (name, $0) } }
            .first
        guard let (name, start) = given ?? echoed else { return nil }
        let next = start + (page.isEmpty ? size(context) { number($0, call) } : page.count)
        guard let isMore = page.announcedTotal.map({ next < $0.count }) ?? page.hasMore?.value else { return nil }
        guard isMore, next > start else { return .last }
        return .next(call.setting(name, "\(next)"))
    }

    /// A page number without a link (A).
    static func byNumber(_ context: Context) -> Step? {
        let (page, call, progress) = (context.page, context.call, context.progress)
        guard context.isGet else { return nil }
        let given = numberNames.lazy.compactMap { name in number(name, call).map { (name, $0) } }.first
        let echoed = page.pageNumber.map { ($0.name.split(separator: ".").last.map(String.init) ?? "", $0.number) }
        let isPlatform = page.pageCount?.name == "pageCount"
        // The number of the answer counts, because a call without a number receives the first page.
        guard let number = echoed?.1 ?? given?.1 ?? (isPlatform ? 1 : nil) else {
            return page.pageCount.flatMap { $0.count > 1 && progress.pages == 1 ? .unclear($0.name) : nil }
        }
        let name = given?.0 ?? (isPlatform ? "pageNumber" : parameter(for: echoed?.0))
        let isMore: Bool
        if let count = page.pageCount {
            // A list that counts pages from 0 would otherwise be asked for a page beyond its end.
            let isReached = progress.isComplete && progress.total?.isExact == true && progress.missing == nil
            isMore = number < count.count && !isReached
        } else if let total = page.announcedTotal {
            let size = size(context) { self.number($0, call) }
            isMore =
                page.isEmpty
                ? number * size < total.count : context.read(position: (number - 1) * size + page.count) < total.count
        } else if let flag = page.hasMore {
            isMore = flag.value
        } else {
            return nil
        }
        guard isMore else { return .last }
        let member = page.pageCount?.name ?? page.announcedTotal?.name ?? page.hasMore?.name ?? ""
        return name.map { .next(call.setting($0, "\(number + 1)")) } ?? .unclear(member)
    }

    private static func parameter(for member: String?) -> String? {
        switch member {
        case "pageNumber", "page", "page_number": member
        case "currentPage", "current_page": "page"
        default: nil
        }
    }

    private static func number(_ name: String, _ call: APICall) -> Int? {
        call.queryValue(name).flatMap { Int(fromServer: $0) }
    }

    /// The requested size of a page; the largest size so far if the call does not contain it.
    private static func size(_ context: Context, _ parameter: (String) -> Int?) -> Int {
        PageMembers.sizeParameters.lazy.compactMap(parameter).first { $0 > 0 } ?? context.progress.pageSize
    }
}
