internal import CSodium

/// Base64 (RFC 4648) with constant-time encoding and lenient decoding.
package enum Base64 {
    /// The alphabet and padding of an encoding.
    package enum Alphabet: Sendable {
        /// The standard alphabet with padding (section 4).
        case standard
        /// The URL-safe alphabet without padding (section 5), as in JSON Web Tokens.
        case url

        fileprivate var variant: Int32 {
            switch self {
            case .standard: 1  // sodium_base64_VARIANT_ORIGINAL
            case .url: 7  // sodium_base64_VARIANT_URLSAFE_NO_PADDING
            }
        }
    }

    /// Encodes bytes.
    package static func encode(_ bytes: [UInt8], _ alphabet: Alphabet = .standard) -> String {
        bytes.withUnsafeBytes { String(decoding: encode($0, alphabet), as: UTF8.self) }
    }

    /// Encodes a secret with the standard alphabet.
    package static func encode(_ secret: Secret) -> Secret {
        var encoded = secret.withBytes { encode($0, .standard) }
        defer { wipe(&encoded) }
        return Secret(bytes: encoded)
    }

    /// Returns the decoded bytes, or nil if `text` is not Base64. Padding is optional.
    package static func decode(_ text: some StringProtocol, _ alphabet: Alphabet = .standard) -> [UInt8]? {
        let padding = alphabet == .standard ? String(repeating: "=", count: (4 - text.utf8.count % 4) % 4) : ""
        let source = (alphabet == .url ? text.prefix { $0 != "=" } + "" : text + padding).utf8.map {
            CChar(bitPattern: $0)
        }
        var bytes = [UInt8](repeating: 0, count: source.count)
        var count = 0
        let result = sodium_base642bin(
            &bytes, bytes.count, source, source.count, nil, &count, nil, alphabet.variant
        )
        return result == 0 ? Array(bytes.prefix(count)) : nil
    }

    private static func encode(_ bytes: UnsafeRawBufferPointer, _ alphabet: Alphabet) -> [UInt8] {
        var text = [CChar](repeating: 0, count: sodium_base64_encoded_len(bytes.count, alphabet.variant))
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        // An empty buffer has no base address, and libsodium does not read it.
        withUnsafePointer(to: 0) { (placeholder: UnsafePointer<UInt8>) in
            _ = sodium_bin2base64(&text, text.count, start ?? placeholder, bytes.count, alphabet.variant)
        }
        return text.dropLast().map { UInt8(bitPattern: $0) }
    }
}

/// Returns the bytes as lower-case hexadecimal digits.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) }
    var digits: [UInt8] = []
    for byte in bytes {
        digits.append(digit(byte >> 4))
        digits.append(digit(byte & 15))
    }
    return String(decoding: digits, as: UTF8.self)
}
