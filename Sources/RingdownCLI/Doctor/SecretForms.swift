internal import Ringdown
package import RingdownCore
internal import RingdownOAuth

/// What happens to secrets on their way into a setting, undone: each form with what was wrong.
package enum SecretForms {
    package static func candidates(_ secret: Secret) -> [(mistake: String, secret: Secret)] {
        var candidates: [(String, Secret)] = []
        func add(_ mistake: String, _ other: [UInt8]) {
            let known = [secret] + candidates.map(\.1)
            let candidate = Secret(bytes: other)
            if !candidate.isEmpty, !known.contains(candidate) { candidates.append((mistake, candidate)) }
        }
        let trimmed = Array(secret.reveal().trimmed.utf8)
        add("it has white space or a line break at an end", trimmed)
        if trimmed.count > 2, let first = trimmed.first, first == trimmed.last, "\"'`".utf8.contains(first) {
            add("it stands in quotes", Array(trimmed.dropFirst().dropLast()))
        }
        for end in ["\\n", "\\r\\n"] where trimmed.suffix(end.utf8.count).elementsEqual(end.utf8) {
            add("it ends in the characters \(end)", Array(trimmed.dropLast(end.utf8.count)))
        }
        let text = String(decoding: trimmed, as: UTF8.self)
        if text.contains("%") {
            add("it is percent-encoded", Array(percentDecoded(text).utf8))
        }
        if let decoded = Base64.decode(text), decoded.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), decoded.count > 3 {
            if let colon = decoded.firstIndex(of: UInt8(ascii: ":")) {
                add("it is the Base64 of 'id:secret'", Array(decoded[(colon + 1)...]))
            }
            add("it is Base64-encoded", decoded)
        }
        // An access key's secret is 52 characters of Base32 and its padding (`cxone.md` section 1.1).
        if trimmed.count == 52, trimmed.allSatisfy({ (0x41...0x5A).contains($0) || (0x32...0x37).contains($0) }) {
            add("the ==== at its end is missing", trimmed + Array("====".utf8))
        }
        return candidates
    }
}

extension Grant {
    /// The same request with one thing different: a secret in another form, then another way to send it.
    var variants: [(mistake: String, cause: String, grant: Grant)] {
        var variants: [(String, String, Grant)] = []
        if let client {
            for (mistake, secret) in SecretForms.candidates(client.secret) {
                var other = self
                other.client = (client.id, secret)
                variants.append(("the client secret is right but for one thing: \(mistake)", "mangled-secret", other))
            }
        }
        for (index, parameter) in parameters.enumerated() {
            guard case .secret(let secret) = parameter.value else { continue }
            for (mistake, secret) in SecretForms.candidates(secret) {
                var other = self
                other.parameters[index] = Parameter(parameter.name, secret)
                variants.append(
                    ("the access key secret is right but for one thing: \(mistake)", "mangled-secret", other))
            }
        }
        if client != nil {
            for other in [ClientAuthentication.basic, .basicRaw, .body]
            where other != authentication && authentication != .none {
                var grant = self
                grant.authentication = other
                // Two ways that send the same bytes are one.
                if grant.echoes == echoes, other != .body, authentication != .body { continue }
                variants.append(
                    (
                        "the secret is right, but the server wants it sent as '\(other.rawValue)', not as '\(authentication.rawValue)'",
                        "wrong-encoding:\(other.rawValue)", grant
                    ))
            }
        }
        return variants
    }
}
