internal import Ringdown
package import RingdownCore
internal import RingdownOAuth

/// Corrected forms of a secret that was stored with a common mistake.
package enum SecretForms {
    /// The corrected forms, each with the mistake as a clause about the secret.
    package static func candidates(_ secret: Secret) -> [(mistake: String, secret: Secret)] {
        var candidates: [(String, Secret)] = []
        func add(_ mistake: String, _ other: [UInt8]) {
            let known = [secret] + candidates.map(\.1)
            let candidate = Secret(bytes: other)
            if !candidate.isEmpty, !known.contains(candidate) { candidates.append((mistake, candidate)) }
        }
        let invisible = SecretText.invisibleCharacters(secret.reveal())
        if !invisible.isEmpty {
            add(
                "it contains invisible characters (\(invisible.joined(separator: ", ")))",
                Array(SecretText.withoutInvisibleCharacters(secret.reveal()).utf8))
        }
        let trimmed = Array(secret.reveal().trimmed.utf8)
        add("it begins or ends with white space or a line break", trimmed)
        if trimmed.count > 2, let first = trimmed.first, first == trimmed.last, "\"'`".utf8.contains(first) {
            add("it is enclosed in quotes", Array(trimmed.dropFirst().dropLast()))
        }
        for end in ["\\n", "\\r\\n"] where trimmed.suffix(end.utf8.count).elementsEqual(end.utf8) {
            add("it ends with the literal characters \(end)", Array(trimmed.dropLast(end.utf8.count)))
        }
        let text = String(decoding: trimmed, as: UTF8.self)
        if text.contains("%") {
            add("it is percent-encoded", Array(percentDecoded(text).utf8))
        }
        if let decoded = Base64.decode(text), decoded.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), decoded.count > 3 {
            if let colon = decoded.firstIndex(of: UInt8(ascii: ":")) {
                add("it is the Base64 encoding of 'id:secret'", Array(decoded[(colon + 1)...]))
            }
            add("it is Base64-encoded", decoded)
        }
        // An access key secret is 52 Base32 characters followed by padding (`cxone.md` section 1.1).
        if trimmed.count == 52, trimmed.allSatisfy({ (0x41...0x5A).contains($0) || (0x32...0x37).contains($0) }) {
            add("the trailing ==== is missing", trimmed + Array("====".utf8))
        }
        return candidates
    }
}

extension Grant {
    /// The same request with one change: first a corrected secret, then another client authentication method.
    var variants: [(mistake: String, cause: String, grant: Grant)] {
        var variants: [(String, String, Grant)] = []
        if let client {
            for (mistake, secret) in SecretForms.candidates(client.secret) {
                var other = self
                other.client = (client.id, secret)
                variants.append(("the client secret is correct, but \(mistake)", "mangled-secret", other))
            }
        }
        for (index, parameter) in parameters.enumerated() {
            guard case .secret(let secret) = parameter.value else { continue }
            for (mistake, secret) in SecretForms.candidates(secret) {
                var other = self
                other.parameters[index] = Parameter(parameter.name, secret)
                variants.append(
                    ("the access key secret is correct, but \(mistake)", "mangled-secret", other))
            }
        }
        if client != nil {
            for other in [ClientAuthentication.basic, .basicRaw, .body]
            where other != authentication && authentication != .none {
                var grant = self
                grant.authentication = other
                // Skips a method that sends the same bytes.
                if grant.echoes == echoes, other != .body, authentication != .body { continue }
                variants.append(
                    (
                        "the secret is correct, but the server requires client authentication '\(other.rawValue)', not '\(authentication.rawValue)'",
                        "wrong-encoding:\(other.rawValue)", grant
                    ))
            }
        }
        return variants
    }
}
