public import RingdownCore

/// A conversation of Genesys Cloud, or a completed contact of CXone: what both have.
public struct Conversation: Sendable {
    public let id: String
    public let start: Timestamp?
    /// Nil for one that is still going on.
    public let end: Timestamp?
    /// `inbound` or `outbound`, by who began it.
    public let direction: String?
    /// `voice`, `chat`, `email` … in the platform's own words.
    public let media: String?
    /// Everything the platform said about it, byte for byte.
    public let json: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard let json = try? JSONReader.parse(bytes), let id = (json["conversationId"] ?? json["contactId"])?.text
        else {
            return nil
        }
        func time(_ name: String) -> Timestamp? { json[name]?.string.flatMap { Timestamp(rfc3339: $0) } }
        self.id = id
        self.json = bytes
        let start = time("conversationStart") ?? time("contactStartDate")
        let duration = json["totalDurationSeconds"]?.double
        self.start = start
        end =
            time("conversationEnd")
            ?? duration.flatMap { seconds in start.map { $0 + .seconds(min(max(seconds, 0), 1e9)) } }
        direction = json["originatingDirection"]?.string ?? json["isOutbound"]?.bool.map { $0 ? "outbound" : "inbound" }
        let session = json["participants"]?.array?.lazy.compactMap { $0["sessions"]?.array?.first }.first
        media = session?["mediaType"]?.string ?? json["mediaTypeName"]?.string
    }
}

extension APIClient {
    /// Every conversation of an interval, or every completed contact, once each.
    ///
    /// Genesys Cloud gives those that *started on a day that the interval touches* (`genesys-cloud.md` section 6). Intervals of
    /// more than a week are asked for week by week.
    public func conversations(in interval: Interval) -> Items<Conversation> {
        let pages =
            profile.platform.conversations?(self, interval)
            ?? noPages("conversations", hint: "call the server's own API with 'ringdown api GET PATH'")
        return Items(pages: pages) { Conversation($0) }
    }

    /// Genesys Cloud's query (section 6, synchronous).
    func conversationDetails(in interval: Interval) -> Pages {
        let calls = interval.parts(noLongerThan: .seconds(7 * 86400)).map(Self.detailsQuery)
        return Pages(
            client: self, calls: calls, itemsMember: "conversations", identity: "conversationId",
            split: Self.splitDetails)
    }

    private static func detailsQuery(_ interval: Interval) -> APICall {
        APICall(
            "POST", "/api/v2/analytics/conversations/details/query",
            json: [
                "interval": .string(interval.description), "order": "asc", "orderBy": "conversationStart",
                "paging": ["pageSize": 100, "pageNumber": 1],
            ], isIdempotent: true)
    }

    /// How many results the platform pages through; beyond it, it answers 400.
    private static let detailsWindow = 100_000

    /// An interval with more results than can be paged through is asked for in two halves.
    @Sendable private static func splitDetails(_ call: APICall, _ page: Page) throws(APIError) -> [APICall]? {
        guard let total = page.total, total > detailsWindow, let body = try? JSONReader.parse(call.body),
            body["paging"]?["pageNumber"]?.int == 1, let interval = try? Interval(body["interval"]?.string ?? "")
        else { return nil }
        let days = Int((interval.duration.inSeconds / 86400).rounded(.up))
        guard days > 1 else {
            throw APIError(
                .refused,
                "\(total) conversations on one day are more than the \(detailsWindow) that can be paged through",
                hint: "use the asynchronous query: 'ringdown conversations --job'")
        }
        return interval.parts(noLongerThan: .seconds(Double((days + 1) / 2) * 86400)).map(detailsQuery)
    }

    /// CXone's completed contacts (`cxone.md` section 3.1).
    func completedContacts(in interval: Interval, version: String) -> Pages {
        let path =
            "/incontactapi/services/\(version)/contacts/completed?startDate=\(percentEncoded(interval.start.rfc3339))"
            + "&endDate=\(percentEncoded(interval.end.rfc3339))&skip=0&top=1000"
        return pages(APICall(path), itemsMember: "completedContacts", identity: "contactId")
    }
}
