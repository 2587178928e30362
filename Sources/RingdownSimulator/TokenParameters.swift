internal import RingdownCore

/// The parameters of a token request, and the client credentials from its header or body.
struct TokenParameters {
    var values: [String: String] = [:]
    /// The ID and secret, both form-decoded and as sent, because clients use different encodings.
    var clients: [(id: String, secret: String)] = []
    private var isInBody = false

    /// The form in which the request carries known credentials, or nil if it does not.
    func form(of known: (id: String, secret: String)) -> RequestRecord.CredentialsForm? {
        guard let index = clients.firstIndex(where: { $0 == known }) else { return nil }
        return isInBody ? .body : index == 0 && encoding != .raw ? .encoded : .raw
    }

    /// Whether the request carries a secret, valid or not.
    var hasSecret: Bool { clients.contains { !$0.secret.isEmpty } }

    private let encoding: Simulator.Options.SecretEncoding

    init(_ call: Call, format: Format, encoding: Simulator.Options.SecretEncoding = .any) {
        self.encoding = encoding
        let bytes = call.bodyBytes
        switch format {
        case .form:
            for pair in FormURLEncoding.decode(String(decoding: bytes, as: UTF8.self)) where values[pair.name] == nil {
                values[pair.name] = pair.value
            }
        case .json:
            for member in (try? JSONReader.parse(bytes))?.members ?? [] { values[member.name] = member.value.text }
        }
        if let encoded = call.authorization("basic"), let pair = Base64.decode(encoded) {
            let parts = String(decoding: pair, as: UTF8.self).split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 {
                clients = [
                    (percentDecoded(parts[0], plusIsSpace: true), percentDecoded(parts[1], plusIsSpace: true)),
                    (String(parts[0]), String(parts[1])),
                ]
                if encoding == .raw { clients.removeFirst() }
                if encoding == .form { clients.removeLast() }
            }
        } else if let id = values["client_id"] {
            clients = [(id, values["client_secret"] ?? "")]
            isInBody = true
        }
    }

    enum Format { case form, json }
}
