internal import RingdownCore

/// A request as the simulated hosts see it.
struct Call {
    let request: Request
    let site: Site?
    let now: Timestamp
    let book: AddressBook
    /// The kept answers as they were when the token was judged; nil where nothing may be kept.
    var generation: BodyCache.Generation?
    private let parameters: Parameters?

    /// Which parameters of the query were looked at.
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

    /// The values of a parameter of the query, decoded.
    func queryValues(_ name: String) -> [String] {
        guard let parameters else { return [] }
        parameters.lookedAt.insert(name)
        return parameters.items.filter { $0.name == name }.map(\.value)
    }

    /// The first of them.
    func queryValue(_ name: String) -> String? { queryValues(name).first }

    /// The parameters but for some, as they stand behind others in a link.
    func query(without names: String...) -> String {
        (parameters?.items ?? []).filter { !names.contains($0.name) }
            .map { "&\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined()
    }

    /// The parameters that nobody looked at so far.
    var ignoredParameters: [String] {
        guard let parameters, !parameters.areAllLookedAt else { return [] }
        return parameters.items.map(\.name).filter { !parameters.lookedAt.contains($0) }
    }

    /// Says that all are looked at.
    func lookAtAll() { parameters?.areAllLookedAt = true }

    /// The call whose answer may be kept in a generation of the cache.
    func of(_ generation: BodyCache.Generation) -> Call {
        var call = self
        call.generation = generation
        return call
    }

    var addresses: Addresses { book.addresses }
    /// The parts of the path, percent-decoded.
    var segments: [String] {
        url.path.utf8.split(separator: UInt8(ascii: "/")).map { percentDecoded(Substring($0)) }
    }

    var url: HTTPURL { request.url }
    var bodyBytes: [UInt8] { request.bodyBytes }
    var isGenesys: Bool { site?.isGenesys == true }
    var isJSON: Bool { header("Content-Type")?.lowercased().hasPrefix("application/json") == true }
    /// The client that the body of a token request names.
    var bodyClient: String? {
        guard request.method == "POST" else { return nil }
        let values = TokenParameters(self, format: isJSON ? .json : .form).values
        return values["client_id"] ?? values["accessKeyId"]
    }
    /// The client that a Basic header names.
    var basicClient: String? {
        guard let encoded = authorization("basic"), let pair = Base64.decode(encoded) else { return nil }
        return String(decoding: pair, as: UTF8.self).split(separator: ":").first.map(String.init)
    }

    /// A header's value; a secret one too, since in memory requests arrive as they were built.
    func header(_ name: String) -> String? {
        for field in request.headers.fields where field.name.equalsIgnoringCase(name) {
            switch field.value {
            case .text(let text): return text
            case .secret(let secret): return secret.reveal()
            }
        }
        return nil
    }

    /// The credentials after a scheme name that compares without case.
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
