public import RingdownCore

/// A conversation of Genesys Cloud or a completed contact of CXone, with the values that both have.
public struct Conversation: Sendable {
    /// The conversation ID or contact ID.
    public let id: String
    /// The start; nil if the platform does not return it.
    public let start: Timestamp?
    /// The end; nil if the conversation is in progress.
    public let end: Timestamp?
    /// The direction: `inbound` or `outbound`.
    public let direction: String?
    /// The media type in the terms of the platform, such as `voice`, `chat`, or `email`.
    public let media: String?
    /// The JSON of the platform, byte for byte.
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
    /// Returns the conversations or completed contacts of an interval, each once.
    ///
    /// Genesys Cloud returns the conversations that *started on a day that overlaps the interval* (`genesys-cloud.md` section 6).
    /// Intervals longer than a week are requested week by week.
    public func conversations(in interval: Interval) -> Items<Conversation> {
        let pages =
            profile.platform.conversations?(self, interval)
            ?? noPages("conversations", hint: "send the calls of its API")
        return Items(pages: pages) { Conversation($0) }
    }

    /// Returns the pages of the synchronous query of Genesys Cloud (section 6).
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

    /// The maximum number of results of a query. The platform returns 400 for pages beyond it.
    private static let detailsWindow = 100_000

    /// Splits an interval into two halves if it has more results than a query can return.
    @Sendable private static func splitDetails(_ call: APICall, _ page: Page) throws(APIError) -> [APICall]? {
        guard let total = page.total, total > detailsWindow, let body = try? JSONReader.parse(call.body),
            body["paging"]?["pageNumber"]?.int == 1, let interval = try? Interval(body["interval"]?.string ?? "")
        else { return nil }
        let days = Int((interval.duration.inSeconds / 86400).rounded(.up))
        guard days > 1 else {
            throw APIError(
                .refused,
                "cannot read the \(total) conversations of one day: the query returns at most \(detailsWindow)",
                hint: "request them as a job", recovery: .useJob)
        }
        return interval.parts(noLongerThan: .seconds(Double((days + 1) / 2) * 86400)).map(detailsQuery)
    }

    /// Returns the pages of completed contacts of CXone (`cxone.md` section 3.1).
    func completedContacts(in interval: Interval, version: String) -> Pages {
        let path =
            "/incontactapi/services/\(version)/contacts/completed?startDate=\(percentEncoded(interval.start.rfc3339))"
            + "&endDate=\(percentEncoded(interval.end.rfc3339))&skip=0&top=1000"
        return pages(APICall(path), itemsMember: "completedContacts", identity: "contactId")
    }
}
