internal import RingdownCore

/// Filters requests and responses for a trace. The values of header fields, query parameters and JSON members are stored only if
/// their names are known to be harmless. Other values are replaced by ``removed``; all names are stored.
enum TraceFilter {
    static let removed = "REMOVED"
    private static let bodyLimit = 256 << 10

    private static let headers: Set<String> = [
        "accept", "accept-encoding", "accept-language", "age", "allow", "cache-control", "connection",
        "content-encoding",
        "content-language", "content-length", "content-type", "date", "etag", "expires", "host", "inin-correlation-id",
        "inin-ratelimit-allowed", "inin-ratelimit-count", "inin-ratelimit-reset", "keep-alive", "last-modified",
        "pragma",
        "retry-after", "server", "transfer-encoding", "user-agent", "vary", "via", "x-amz-target", "x-ringdown-hint",
    ]
    /// Header fields and JSON members whose values are URLs.
    private static let addresses: Set<String> = [
        "location", "content-location", "selfuri", "nexturi", "previousuri", "firsturi", "lasturi", "next", "self",
        "href",
    ]
    private static let parameters: Set<String> = [
        "api-version", "count", "enddate", "expand", "fields", "from", "grant_type", "interval", "limit", "offset",
        "order",
        "orderby", "page", "pagenumber", "pagesize", "skip", "sortby", "sortorder", "startdate", "startindex", "to",
        "top",
        "updatedsince",
    ]
    /// Harmless JSON members, in addition to ``parameters``.
    private static let members: Set<String> = [
        "code", "contextid", "correlationid", "dataavailabilitydate", "direction", "error", "error_description",
        "errorcode",
        "expires_in", "id", "itemsperpage", "jobid", "mediatype", "message", "pagecount", "querystatus", "resultscount",
        "state", "status", "token_type", "total", "totalhits", "totalrecords", "totalresults", "type",
    ]

    /// The filtered header fields of a request or response.
    static func json(_ headers: Headers, without secrets: [Secret]) -> JSON {
        .array(
            headers.fields.map { field in
                var value = removed
                let name = field.name.lowercased()
                if case .text(let text) = field.value {
                    if self.headers.contains(name) { value = text }
                    if addresses.contains(name) { value = address(text) }
                }
                return ["name": .string(field.name), "value": .string(redacted(value, secrets))]
            })
    }

    /// The filtered query parameters of a URL.
    static func json(queryOf url: HTTPURL) -> JSON {
        .array(
            url.queryItems.map { item in
                ["name": .string(item.name), "value": .string(isHarmless(item.name) ? item.value : removed)]
            })
    }

    /// An absolute or relative URL, without query values that are not known to be harmless, fragment or user information.
    static func address(_ text: String) -> String {
        let text = text.prefix { $0 != "#" }
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let place = parts.first, !place.contains("@") else { return removed }
        guard parts.count == 2 else { return String(place) }
        let items = parts[1].split(separator: "&").map { item -> String in
            let name = item.prefix { $0 != "=" }
            return isHarmless(percentDecoded(name)) ? String(item) : "\(name)=\(removed)"
        }
        return place + "?" + items.joined(separator: "&")
    }

    /// The filtered body: JSON with the values of harmless members, else the length in bytes.
    static func text(_ body: [UInt8], without secrets: [Secret]) -> String {
        guard !body.isEmpty else { return "" }
        guard body.count <= bodyLimit, let json = try? JSONReader.parse(body) else {
            return "\(removed): \(body.count) bytes"
        }
        return redacted(filtered(json, member: "").description, secrets)
    }

    private static func filtered(_ json: JSON, member: String) -> JSON {
        let name = member.lowercased()
        switch json {
        case .object(let members): return .object(members.map { .init($0.name, filtered($0.value, member: $0.name)) })
        case .array(let values): return .array(values.map { filtered($0, member: member) })
        case .null: return .null
        case .string(let text) where addresses.contains(name): return .string(address(text))
        case _ where members.contains(name) || parameters.contains(name): return json
        default: return .string(removed)
        }
    }

    private static func isHarmless(_ parameter: String) -> Bool { parameters.contains(parameter.lowercased()) }

    /// Replaces secrets that a server may have echoed.
    private static func redacted(_ text: String, _ secrets: [Secret]) -> String {
        String(decoding: redacting(secrets, in: Array(text.utf8)), as: UTF8.self)
    }
}
