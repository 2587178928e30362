internal import Foundations
internal import HTTPModel

/// What a token request says: its parameters, and the client's credentials wherever they stand.
struct TokenParameters {
    var values: [String: String] = [:]
    /// The id and secret, both as sent and form-decoded: clients differ in how they encode them.
    var clients: [(id: String, secret: String)] = []

    init(_ call: Call, format: Format) {
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
                    (String(parts[0]), String(parts[1])),
                    (percentDecoded(parts[0], plusIsSpace: true), percentDecoded(parts[1], plusIsSpace: true)),
                ]
            }
        } else if let id = values["client_id"] {
            clients = [(id, values["client_secret"] ?? "")]
        }
    }

    enum Format { case form, json }
}
