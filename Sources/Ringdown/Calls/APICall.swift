public import RingdownCore

/// One call of an API, which may be sent more than once.
public struct APICall: Sendable {
    public var method: String
    /// A path with its query, or an absolute URL on one of the platform's hosts.
    public var path: String
    public var headers: Headers
    public var body: [UInt8]
    /// Whether sending it twice does no more than sending it once, whatever the method says: for queries that are sent with POST.
    public var isIdempotent: Bool

    public init(
        _ method: String, _ path: String, headers: Headers = [:], body: [UInt8] = [], isIdempotent: Bool = false
    ) {
        (self.method, self.path, self.headers, self.body, self.isIdempotent) = (
            method, path, headers, body, isIdempotent
        )
    }

    /// A GET.
    public init(_ path: String) { self.init("GET", path) }

    /// A call with a JSON body.
    public init(_ method: String, _ path: String, json: JSON, isIdempotent: Bool = false) {
        self.init(
            method, path, headers: ["Content-Type": "application/json"], body: json.bytes(), isIdempotent: isIdempotent)
    }

    /// Whether it may be sent again when nobody knows what became of it (RFC 9110 section 9.2.2).
    var mayBeRetried: Bool { isIdempotent || Request.idempotentMethods.contains(method) }

    /// As it stands in messages: without the query, which may be long.
    var title: String { "\(method) \(path.prefix { $0 != "?" })" }

    /// The same with its query, to tell the pages of a list apart.
    var pageTitle: String { sanitized("\(method) \(path)", limit: 200) }

    /// The same call with a parameter of the query set, in place of any of its name.
    func setting(_ name: String, _ value: String) -> APICall {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let items = parts.count > 1 ? parts[1].split(separator: "&").map(String.init) : []
        let kept = items.filter { percentDecoded($0.prefix { $0 != "=" }) != name }
        var call = self
        call.path =
            parts[0] + "?" + (kept + ["\(percentEncoded(name))=\(percentEncoded(value))"]).joined(separator: "&")
        return call
    }

    /// A parameter of the query.
    func queryValue(_ name: String) -> String? {
        guard let question = path.firstIndex(of: "?") else { return nil }
        return FormURLEncoding.decode(String(path[path.index(after: question)...])).first { $0.name == name }?.value
    }

    /// The same call to where a link of the answer leads.
    func following(_ link: String) -> APICall {
        var call = self
        call.path = link
        return call
    }
}
