internal import RingdownCore

/// Filters requests and responses for a trace. The values of header fields, query parameters and JSON members are stored only if
/// their names are known to be harmless and they look like such values: short, without characters that only texts and links have.
/// Other values are replaced by ``removed``. Names are stored if they look like names.
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
        "code", "contextid", "correlationid", "dataavailabilitydate", "direction", "error", "errorcode",
        "expires_in", "id", "itemsperpage", "jobid", "mediatype", "pagecount", "querystatus", "resultscount",
        "state", "status", "token_type", "total", "totalhits", "totalrecords", "totalresults", "type",
    ]

    /// The filtered header fields of a request or response.
    ///
    /// - Parameter isSecret: Whether the exchange is about tokens: then no value that a server can choose freely is stored.
    static func json(_ headers: Headers, without secrets: [Secret], isSecret: Bool = false) -> JSON {
        .array(
            headers.fields.map { field in
                var value = removed
                let name = field.name.lowercased()
                if case .text(let text) = field.value {
                    if self.headers.contains(name) { value = isSecret ? numeric(text) : simple(text, limit: 100) }
                    if name == "content-type" { value = headers.knownMediaType ?? removed }
                    if addresses.contains(name), !isSecret { value = address(text) }
                }
                return ["name": .string(self.name(field.name)), "value": .string(redacted(value, secrets))]
            })
    }

    /// The filtered query parameters of a URL.
    static func json(queryOf url: HTTPURL) -> JSON {
        .array(
            url.queryItems.map { item in
                [
                    "name": .string(name(item.name)),
                    "value": .string(isHarmless(item.name) ? simple(item.value) : removed),
                ]
            })
    }

    /// An absolute or relative URL of a web server, without query values that are not known to be harmless, path parameters,
    /// fragment or user information.
    static func address(_ text: String) -> String {
        let text = text.prefix { $0 != "#" }
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let place = parts.first else { return removed }
        let isWeb = ["/", "https://", "http://"].contains { place.hasPrefix($0) }
        guard isWeb, !place.contains(where: { "@;%".contains($0) }) else { return removed }
        guard parts.count == 2 else { return String(place) }
        let items = parts[1].split(separator: "&").map { item -> String in
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { return removed }
            let key = percentDecoded(pair[0])
            let isKept = isHarmless(key) && simple(percentDecoded(pair[1])) != removed
            return name(key) + "=" + (isKept ? String(pair[1]) : removed)
        }
        return place + "?" + items.joined(separator: "&")
    }

    /// A name of a header field, parameter or member, if it looks like one.
    private static func name(_ text: String) -> String {
        let isName = text.utf8.count <= 40 && text.utf8.allSatisfy { $0.isAlphanumeric || "-_.$".utf8.contains($0) }
        return isName ? text : removed
    }

    /// A value of letters, digits and punctuation that intervals, versions and identifiers have.
    private static func simple(_ text: String, limit: Int = 64) -> String {
        let isSimple =
            text.utf8.count <= limit && text.utf8.allSatisfy { $0.isAlphanumeric || "-_.,:+/*; =".utf8.contains($0) }
        return isSimple && !text.contains("://") ? text : removed
    }

    private static func numeric(_ text: String) -> String {
        text.utf8.count <= 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? text : removed
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
        case .object(let members):
            return .object(members.map { .init(self.name($0.name), filtered($0.value, member: $0.name)) })
        case .array(let values): return .array(values.map { filtered($0, member: member) })
        case .null: return .null
        case .string(let text) where addresses.contains(name): return .string(address(text))
        case .string(let text) where members.contains(name) || parameters.contains(name): return .string(simple(text))
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
