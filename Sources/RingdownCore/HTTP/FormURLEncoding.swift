/// Encoding and decoding of `application/x-www-form-urlencoded` (WHATWG URL standard, RFC 6749 appendix B).
package enum FormURLEncoding {
    /// The value of a parameter.
    package enum Value: Sendable {
        case text(String)
        case secret(Secret)
    }

    /// Encodes one name or value. A space becomes `+`; `*-._` and alphanumeric characters are unchanged.
    package static func encode(_ text: String) -> String {
        String(decoding: encodedBytes(of: text.utf8), as: UTF8.self)
    }

    /// Encodes a secret value.
    package static func encode(_ secret: Secret) -> Secret {
        var encoded = secret.withBytes { encodedBytes(of: $0) }
        defer { wipe(&encoded) }
        return Secret(bytes: encoded)
    }

    /// Encodes parameters as `name=value&…`. The result is a secret, since a value may be a secret.
    package static func encode(_ parameters: [(name: String, value: Value)]) -> Secret {
        var parts: [Secret] = []
        for (index, parameter) in parameters.enumerated() {
            let name = Secret((index == 0 ? "" : "&") + encode(parameter.name) + "=")
            switch parameter.value {
            case .text(let text): parts += [name, Secret(encode(text))]
            case .secret(let secret): parts += [name, encode(secret)]
            }
        }
        return Secret(joining: parts)
    }

    /// Decodes the pairs of an encoded text. A malformed escape is unchanged.
    package static func decode(_ text: String) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                percentDecoded(parts[0], plusIsSpace: true),
                parts.count > 1 ? percentDecoded(parts[1], plusIsSpace: true) : ""
            )
        }
    }

    private static func encodedBytes(of bytes: some Sequence<UInt8>) -> [UInt8] {
        var encoded: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: " "): encoded.append(UInt8(ascii: "+"))
            case UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): encoded.append(byte)
            case _ where byte.isAlphanumeric: encoded.append(byte)
            default: encoded += percentEscape(byte)
            }
        }
        return encoded
    }
}

/// Percent-encodes a text (RFC 3986). Only unreserved characters are unchanged.
package func percentEncoded(_ text: String) -> String {
    var encoded: [UInt8] = []
    for byte in text.utf8 {
        let isUnreserved = byte.isAlphanumeric || "-._~".utf8.contains(byte)
        encoded += isUnreserved ? [byte] : percentEscape(byte)
    }
    return String(decoding: encoded, as: UTF8.self)
}

/// Decodes a percent-encoded text. A malformed escape is unchanged.
package func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
    let isPlain = !text.utf8.contains { $0 == UInt8(ascii: "%") || (plusIsSpace && $0 == UInt8(ascii: "+")) }
    if isPlain { return String(text) }
    let bytes = Array(text.utf8)
    var decoded: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
            let high = Character(Unicode.Scalar(bytes[index + 1])).hexDigitValue,
            let low = Character(Unicode.Scalar(bytes[index + 2])).hexDigitValue
        {
            decoded.append(UInt8(high << 4 | low))
            index += 3
        } else {
            decoded.append(plusIsSpace && bytes[index] == UInt8(ascii: "+") ? 0x20 : bytes[index])
            index += 1
        }
    }
    return String(decoding: decoded, as: UTF8.self)
}

func percentEscape(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
}
