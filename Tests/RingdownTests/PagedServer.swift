import RingdownCore

@testable import Ringdown

/// A server with one list of random length, in one paging style. Pages may be empty, smaller than requested, or repeat rows; rows may
/// have no identity; one response may be broken.
final class PagedServer: Sendable {
    enum Style: CaseIterable {
        // Links and tokens
        case nextURI, embeddedLinks, links, linkHeader, next, nextLink, odata, metaNext, pagingNext, cursor, scan,
            scroll
        case pageToken, hasMore, bodyCursor
        // Page numbers and offsets
        case pageCount, totalPages, pageAndTotal, scim, skip, offset, details, search, bodySkip

        var isLinked: Bool {
            Self.allCases.firstIndex(of: self).unsafelyUnwrapped
                < Self.allCases.firstIndex(of: .pageCount).unsafelyUnwrapped
        }
        var isPost: Bool { [.bodyCursor, .details, .search, .bodySkip].contains(self) }
    }

    let rowCount: Int
    /// Whether the list may fail: it has a permanent fault, or repeats rows at positions.
    let mayFail: Bool
    let hasOverlap: Bool
    private let style: Style
    private let rows: [JSON]
    /// The pages of a linked list.
    private let plan: [[Int]]
    private let (requested, cap): (Int, Int)
    private let fault: (request: Int, body: String, isPermanent: Bool)?
    private let requests = Locked(0)

    /// - Parameter isCalm: Whether no response is broken.
    init(_ style: Style, seed: UInt64, isCalm: Bool = false) {
        var random = SeededRandom(seed: seed &* 1000 &+ UInt64(Style.allCases.firstIndex(of: style).unsafelyUnwrapped))
        self.style = style
        rowCount = [0, 1, random.below(8), random.below(60)][random.below(4)]
        requested = 1 + random.below(9)
        cap = random.below(3) == 0 ? 1 + random.below(9) : 100
        var (rows, plan, position, overlaps) = ([JSON](), [[Int]](), 0, false)
        for number in 0..<rowCount {
            let identity: JSON = [.string("id\(number)"), .int(number), .null, ""][
                random.below(8) < 6 ? random.below(2) : 2 + random.below(2)]
            rows.append(["n": .int(number), "id": identity])
        }
        func hasIdentity(_ number: Int) -> Bool { rows[number]["id"].map { $0 != "" } ?? false }
        while position < rowCount || plan.isEmpty {
            if random.below(4) == 0, style != .scroll { plan.append([]) }
            let end = min(rowCount, position + 1 + random.below(min(requested, cap)))
            var page = Array(position..<end)
            if random.below(5) == 0, position > 0, hasIdentity(position - 1) {
                page.insert(position - 1, at: 0)
                overlaps = true
            }
            plan.append(page)
            position = end
        }
        (self.rows, self.plan, hasOverlap) = (rows, plan, overlaps && style.isLinked)
        let bodies = ["", " ", #"{"items":[{"n""#, #"{"items":null}"#, #"{"message":"x","status":500}"#]
        let isPermanent = random.below(4) == 0
        fault =
            isCalm || random.below(2) == 0
            ? nil : (1 + random.below(6), bodies[random.below(bodies.count)], isPermanent)
        mayFail = fault?.isPermanent == true
    }

    /// The call for the first page.
    var firstCall: APICall {
        switch style {
        case .pageCount: APICall("/list?pageSize=\(requested)")
        case .totalPages, .pageAndTotal: APICall("/list?per_page=\(requested)&page=1")
        case .scim: APICall("/list?count=\(requested)")
        case .skip: APICall("/list?skip=0&top=\(requested)")
        case .offset: APICall("/list?limit=\(requested)&offset=0")
        case .bodyCursor: APICall("POST", "/list", json: ["filter": 1], isIdempotent: true)
        case .details:
            APICall(
                "POST", "/list", json: ["paging": ["pageSize": .int(requested), "pageNumber": 1]], isIdempotent: true)
        case .search:
            APICall("POST", "/list", json: ["pageSize": .int(requested), "pageNumber": 1], isIdempotent: true)
        case .bodySkip: APICall("POST", "/list", json: ["skip": 0, "top": .int(requested)], isIdempotent: true)
        default: APICall("/list")
        }
    }

    func response(to request: Request) -> Response {
        if request.url.path == "/token" { return Response(json: ["access_token": "t", "expires_in": 36000]) }
        let number = requests.withLock { count in
            count += 1
            return count
        }
        if let fault, number == fault.request || (fault.isPermanent && number > fault.request) {
            return Response(status: 200, body: Array(fault.body.utf8))
        }
        return style.isLinked ? linked(request) : positioned(request)
    }

    private func body(_ request: Request) -> JSON {
        guard case .bytes(let bytes) = request.body else { return .null }
        return (try? JSONReader.parse(bytes)) ?? .null
    }

    private func linked(_ request: Request) -> Response {
        let token =
            request.url.queryValue("token") ?? body(request)["cursor"]?.string ?? request.url.queryValue("cursor")
        let place =
            (token ?? request.url.queryValue("pageToken") ?? request.url.queryValue("scrollToken")).flatMap { Int($0) }
            ?? 0
        let items = plan.indices.contains(place) ? plan[place].map { rows[$0] } : []
        let next = place + 1 < plan.count ? "\(place + 1)" : nil
        var members: [JSON.Member] = [.init("items", .array(items))]
        var headers: Headers = [:]
        let link = next.map { JSON.string("/list?token=\($0)") } ?? .null
        switch style {
        case .nextURI: members.append(.init("nextUri", link))
        case .embeddedLinks: members.append(.init("_links", ["self": "/list", "next": link]))
        case .links: members.append(.init("links", ["next": ["href": link]]))
        case .linkHeader:
            if let next { headers = ["Link": "</list?token=0>; rel=\"first\", </list?token=\(next)>; rel=\"next\""] }
        case .next: members += [.init("count", .int(rowCount)), .init("next", link)]
        case .nextLink: members.append(.init("nextLink", link))
        case .odata: members.append(.init("@odata.nextLink", next.map { .string("list?token=\($0)") } ?? .null))
        case .metaNext: members.append(.init("meta", ["next": link, "total": .int(rowCount)]))
        case .pagingNext: members.append(.init("paging", ["next": ["href": link]]))
        case .cursor, .bodyCursor: members.append(.init("cursor", .optional(next)))
        case .scan: members.append(.init("cursors", ["after": .optional(next)]))
        case .scroll: members += [.init("hits", .int(rowCount)), .init("scrollToken", .string("\(place + 1)"))]
        case .pageToken: members.append(.init("nextPageToken", .optional(next)))
        case .hasMore:
            members += [.init("has_more", .bool(next != nil)), .init("next_cursor", .string("\(place + 1)"))]
        default: break
        }
        return Response(status: 200, headers: headers, body: JSON.object(members).bytes())
    }

    private func positioned(_ request: Request) -> Response {
        let body = body(request)
        func value(_ name: String) -> Int? {
            (style.isPost ? (body["paging"] ?? body)[name]?.int : request.url.queryValue(name).flatMap { Int($0) })
        }
        let names = ["pageSize", "per_page", "count", "top", "limit"]
        let size = min(names.lazy.compactMap(value).first ?? requested, cap)
        let number = value("pageNumber") ?? value("page") ?? 1
        let start = value("skip") ?? value("offset") ?? value("startIndex").map { $0 - 1 } ?? (number - 1) * size
        let range = min(start, rowCount)..<min(start + size, rowCount)
        let pageCount = JSON.int((rowCount + size - 1) / size)
        let total = JSON.int(rowCount)
        let more: [JSON.Member] =
            switch style {
            case .pageCount: [.init("pageNumber", .int(number)), .init("pageCount", pageCount), .init("total", total)]
            case .totalPages: [.init("totalPages", pageCount)]
            case .pageAndTotal, .offset: [.init("total", total)]
            case .scim: [.init("startIndex", .int(start + 1)), .init("totalResults", total)]
            case .skip, .bodySkip: [.init("totalRecords", total)]
            case .details: [.init("totalHits", total)]
            case .search: [.init("pageCount", pageCount), .init("pageNumber", .int(number)), .init("total", total)]
            default: []
            }
        // After the end, the query omits the list.
        let isOmitted = style == .details && range.isEmpty
        let items: [JSON.Member] = isOmitted ? [] : [.init("items", .array(range.map { rows[$0] }))]
        return Response(status: 200, body: JSON.object(items + more).bytes())
    }
}
