public import RingdownCore

/// An API call. It can be sent more than once.
public struct APICall: Sendable {
    /// The HTTP method.
    public var method: String
    /// The path with the query, or an absolute URL on a host of the platform.
    public var path: String
    /// The header fields.
    public var headers: Headers
    /// The request body.
    public var body: [UInt8]
    /// Whether the call is idempotent regardless of its method, such as a query that is sent with POST.
    public var isIdempotent: Bool
    /// The time and size limits of each attempt; nil for ``CallSettings/limits``.
    public var limits: Request.Limits?

    /// Creates a call with a body of bytes.
    ///
    /// - Parameters:
    ///   - method: The HTTP method.
    ///   - path: The path with the query, or an absolute URL on a host of the platform.
    ///   - headers: The header fields (default: none).
    ///   - body: The request body (default: empty).
    ///   - isIdempotent: Whether the call is idempotent regardless of its method (default: false).
    ///   - limits: The time and size limits of each attempt; nil for ``CallSettings/limits`` (default: nil).
    public init(
        _ method: String, _ path: String, headers: Headers = [:], body: [UInt8] = [], isIdempotent: Bool = false,
        limits: Request.Limits? = nil
    ) {
        (self.method, self.path, self.headers, self.body, self.isIdempotent, self.limits) = (
            method, path, headers, body, isIdempotent, limits
        )
    }

    /// Creates a GET call.
    public init(_ path: String) { self.init("GET", path) }

    /// Creates a call with a JSON body.
    public init(_ method: String, _ path: String, json: JSON, isIdempotent: Bool = false) {
        self.init(
            method, path, headers: ["Content-Type": "application/json"], body: json.bytes(), isIdempotent: isIdempotent)
    }

    /// Whether the call may be retried if its outcome is unknown (RFC 9110 section 9.2.2).
    var mayBeRetried: Bool { isIdempotent || Request.idempotentMethods.contains(method) }

    /// The call in messages, without the query.
    var title: String { "\(method) \(path.prefix { $0 != "?" })" }

    /// The call in messages, with the query, which distinguishes the pages of a list.
    var pageTitle: String { sanitized("\(method) \(path)", limit: 200) }

    /// Returns the call with a query parameter. Replaces existing parameters of the same name.
    func setting(_ name: String, _ value: String) -> APICall {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let items = parts.count > 1 ? parts[1].split(separator: "&").map(String.init) : []
        let kept = items.filter { percentDecoded($0.prefix { $0 != "=" }) != name }
        var call = self
        call.path =
            parts[0] + "?" + (kept + ["\(percentEncoded(name))=\(percentEncoded(value))"]).joined(separator: "&")
        return call
    }

    /// Returns the value of a query parameter, or nil if the query does not have it.
    func queryValue(_ name: String) -> String? {
        guard let question = path.firstIndex(of: "?") else { return nil }
        return FormURLEncoding.decode(String(path[path.index(after: question)...])).first { $0.name == name }?.value
    }

    /// Returns the call with the path of a link from a response. A relative link is resolved against the path (RFC 3986 section 5.2).
    ///
    /// A request body is sent to its own path only: for a call with another method than GET, only the query of the link is used, and
    /// nil is returned if the link refers to another path.
    func following(link: String) -> APICall? {
        let own = String(path.prefix { $0 != "?" })
        var call = self
        if link.hasPrefix("?") {
            call.path = own + link
        } else if Self.isAbsolute(link) || link.hasPrefix("/") {
            call.path = link
        } else {
            call.path = String(own.dropLast(own.reversed().prefix { $0 != "/" }.count)) + link
        }
        if method == "GET" { return call }
        guard Self.pathAlone(call.path).hasSuffix(Self.pathAlone(path)) else { return nil }
        call.path = own + call.path.drop { $0 != "?" }
        return call
    }

    private static func isAbsolute(_ link: String) -> Bool {
        ["http://", "https://"].contains { link.lowercased().hasPrefix($0) }
    }

    private static func pathAlone(_ path: String) -> String {
        isAbsolute(path) ? (try? HTTPURL(path))?.path ?? path : String(path.prefix { $0 != "?" })
    }

    /// Returns the call with a member in its JSON body; nil if the body is not a JSON object. An empty body counts as an empty object.
    func settingInBody(_ name: String, _ value: JSON) -> APICall? {
        guard let members = body.isEmpty ? [] : (try? JSONReader.parse(body))?.members else { return nil }
        return with(body: .object(members.filter { $0.name != name } + [.init(name, value)]))
    }

    /// Returns the call with another JSON body.
    func with(body: JSON) -> APICall {
        var call = self
        call.body = body.bytes()
        return call
    }
}
