internal import RingdownCore

/// A request to a simulated host.
struct Call {
    let request: Request
    let site: Site?
    let now: Timestamp
    let book: AddressBook
    /// The generation of the body cache when the token was validated; nil if the response must not be cached.
    var generation: BodyCache.Generation?
    private let parameters: Parameters?

    /// The query parameters, and the names of those that were read.
    private final class Parameters {
        let url: HTTPURL
        lazy var items = url.queryItems
        var lookedAt: Set<String> = []
        var areAllLookedAt = false

        init(_ url: HTTPURL) { self.url = url }
    }

    init(request: Request, site: Site?, now: Timestamp, addresses: AddressBook) {
        (self.request, self.site, self.now, book) = (request, site, now, addresses)
        parameters = request.url.query.map { _ in Parameters(request.url) }
    }

    /// The decoded values of a query parameter.
    func queryValues(_ name: String) -> [String] {
        guard let parameters else { return [] }
        parameters.lookedAt.insert(name)
        return parameters.items.filter { $0.name == name }.map(\.value)
    }

    /// The first decoded value of a query parameter.
    func queryValue(_ name: String) -> String? { queryValues(name).first }

    /// The encoded query parameters except for `names`, each with a leading `&`, for use in links.
    func query(without names: String...) -> String {
        (parameters?.items ?? []).filter { !names.contains($0.name) }
            .map { "&\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined()
    }

    /// The names of the query parameters that were not read.
    var ignoredParameters: [String] {
        guard let parameters, !parameters.areAllLookedAt else { return [] }
        return parameters.items.map(\.name).filter { !parameters.lookedAt.contains($0) }
    }

    /// Marks all query parameters as read.
    func lookAtAll() { parameters?.areAllLookedAt = true }

    /// A copy of the call whose response may be cached in a generation of the body cache.
    func of(_ generation: BodyCache.Generation) -> Call {
        var call = self
        call.generation = generation
        return call
    }

    var addresses: Addresses { book.addresses }
    /// The percent-decoded segments of the path.
    var segments: [String] {
        url.path.utf8.split(separator: UInt8(ascii: "/")).map { percentDecoded(Substring($0)) }
    }

    var url: HTTPURL { request.url }
    var bodyBytes: [UInt8] { request.bodyBytes }
    var isGenesys: Bool { site?.isGenesys == true }
    var isJSON: Bool { header("Content-Type")?.lowercased().hasPrefix("application/json") == true }
    /// The client ID in the body of a token request.
    var bodyClient: String? {
        guard request.method == "POST" else { return nil }
        let values = TokenParameters(self, format: isJSON ? .json : .form).values
        return values["client_id"] ?? values["accessKeyId"]
    }
    /// The client ID in a Basic header.
    var basicClient: String? {
        guard let encoded = authorization("basic"), let pair = Base64.decode(encoded) else { return nil }
        return String(decoding: pair, as: UTF8.self).split(separator: ":").first.map(String.init)
    }

    /// The value of a header field, including secret ones: in-memory requests contain `Secret` values.
    func header(_ name: String) -> String? {
        for field in request.headers.fields where field.name.equalsIgnoringCase(name) {
            switch field.value {
            case .text(let text): return text
            case .secret(let secret): return secret.reveal()
            }
        }
        return nil
    }

    /// The credentials of the `Authorization` field for a scheme. The name of the scheme is not case-sensitive.
    func authorization(_ scheme: String) -> String? {
        guard let value = header("Authorization") else { return nil }
        let bytes = value.utf8
        guard let end = bytes.index(bytes.startIndex, offsetBy: scheme.utf8.count, limitedBy: bytes.endIndex),
            end < bytes.endIndex, bytes[end] == UInt8(ascii: " "),
            bytes[..<end].elementsEqual(scheme.utf8, by: { $0 | 0x20 == $1 })
        else { return nil }
        return String(Substring(bytes[bytes.index(after: end)...]))
    }
}
