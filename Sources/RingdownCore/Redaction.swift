internal import CSodium

/// Returns text from a server in a form for messages: printable, without the secrets and at most `limit` bytes long. Only the first
/// 64 KiB are used.
package func sanitized(_ bytes: some Collection<UInt8>, without secrets: [Secret], limit: Int = 256) -> String {
    let window = 64 << 10
    var clean = redacting(secrets, in: Array(bytes.prefix(window)))
    // The cut may have split a secret, of which the part before it is not recognised.
    if bytes.count > window { clean.removeLast(min(clean.count, (secrets.map(\.count).max() ?? 0) * 8)) }
    return sanitized(clean, limit: limit)
}

/// Returns text from a server in a form for messages, without the secrets.
package func sanitized(_ text: String, without secrets: [Secret], limit: Int = 256) -> String {
    sanitized(text.utf8, without: secrets, limit: limit)
}

/// Returns the bytes with every secret replaced by `<redacted>`.
///
/// Encoded forms are found too: percent-encoding (also applied twice), `+` for a space, HTML and JSON escapes, other case,
/// hexadecimal digits, and Base64 of any text that contains the secret, such as the credentials of a Basic header. Secrets of
/// fewer than four bytes are ignored, since they match too often.
package func redacting(_ secrets: [Secret], in bytes: [UInt8]) -> [UInt8] {
    var needles: [Needle] = []
    for secret in secrets where secret.count > 3 && !bytes.isEmpty {
        needles += secret.withBytes { Needle.all(Array($0)) }
    }
    defer { for index in needles.indices { wipe(&needles[index].bytes) } }
    if needles.isEmpty { return bytes }
    var result: [UInt8] = []
    var index = 0
    search: while index < bytes.count {
        for needle in needles {
            guard var end = needle.end(in: bytes, at: index) else { continue }
            if needle.kind == .base64 {
                // The first and last characters of the surrounding Base64 text contain bits of the secret.
                while let last = result.last, Needle.isBase64(last) { result.removeLast() }
                while end < bytes.count, Needle.isBase64(bytes[end]) || bytes[end] == UInt8(ascii: "=") { end += 1 }
            }
            result += "<redacted>".utf8
            index = end
            continue search
        }
        result.append(bytes[index])
        index += 1
    }
    return result
}

/// A searchable form of a secret.
private struct Needle {
    enum Kind { case text, base64 }

    var bytes: [UInt8]
    let kind: Kind

    static func all(_ secret: [UInt8]) -> [Needle] {
        var hexadecimalDigits = Array(hexadecimal(secret).utf8)
        defer { wipe(&hexadecimalDigits) }
        return [Needle(bytes: secret, kind: .text), Needle(bytes: hexadecimalDigits, kind: .text)]
            + (0..<3).map { Needle(bytes: base64(secret, offset: $0), kind: .base64) }.filter { $0.bytes.count > 3 }
    }

    /// The characters of a Base64 text that depend only on the secret, if `offset` bytes (modulo 3) precede it.
    private static func base64(_ secret: [UInt8], offset: Int) -> [UInt8] {
        let text = Array(Base64.encode([UInt8](repeating: 0, count: offset) + secret).utf8)
        let end = (offset + secret.count) * 8 / 6
        return Array(text[min((offset * 8 + 5) / 6, end)..<end])
    }

    static func isBase64(_ byte: UInt8) -> Bool { byte.isAlphanumeric || "+/-_".utf8.contains(byte) }

    /// Returns the index after this needle if it starts at `start`. All readings of a character are tried, decoded ones first.
    func end(in text: [UInt8], at start: Int) -> Int? {
        // Most positions can be excluded by their first byte, which avoids the arrays below.
        guard let first = bytes.first, isSame(first, text[start]) || Escape.isStart(text[start]) else { return nil }
        var others: [(matched: Int, index: Int)] = []
        var (matched, index) = (0, start)
        while true {
            if matched == bytes.count { return index }
            var readings: [(matched: Int, index: Int)] = []
            if index < text.count {
                for decoded in Escape.readings(of: text, at: index) where matches(decoded.bytes, at: matched) {
                    readings.append((matched + decoded.bytes.count, decoded.end))
                }
                if isSame(bytes[matched], text[index]) { readings.append((matched + 1, index + 1)) }
                if kind == .base64, matched > 0 { readings += lineBreak(text, at: index).map { (matched, $0) } }
            }
            others += readings.dropFirst().prefix(64 - others.count)
            guard let next = readings.first ?? others.popLast() else { return nil }
            (matched, index) = next
        }
    }

    /// The index after a line break or space inside Base64 text, plain or as a JSON escape. Empty for other text.
    private func lineBreak(_ text: [UInt8], at index: Int) -> [Int] {
        if [0x0A, 0x0D, 0x20, 0x09].contains(text[index]) { return [index + 1] }
        let rest = text[index...].prefix(2)
        return rest.elementsEqual(#"\n"#.utf8) || rest.elementsEqual(#"\r"#.utf8) ? [index + 2] : []
    }

    private func matches(_ decoded: [UInt8], at place: Int) -> Bool {
        place + decoded.count <= bytes.count && zip(bytes[place...], decoded).allSatisfy { isSame($0, $1) }
    }

    private func isSame(_ wanted: UInt8, _ found: UInt8) -> Bool {
        if wanted == found { return true }
        switch wanted {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return found == wanted | 0x20
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return found == wanted & ~0x20
        case UInt8(ascii: "+"): return kind == .base64 && found == UInt8(ascii: "-")
        case UInt8(ascii: "/"): return kind == .base64 && found == UInt8(ascii: "_")
        default: return false
        }
    }
}

/// A character in the encoding of forms, HTML or JSON.
private enum Escape {
    private static let entities: [(name: [UInt8], byte: UInt8)] = [
        ("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'"), ("plus", "+"), ("sol", "/"),
        ("equals", "="),
        ("percnt", "%"), ("num", "#"), ("colon", ":"), ("nbsp", " "),
    ].map { (Array($0.0.utf8), UInt8(ascii: $0.1)) }
    private static let letters: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0C,
    ]

    /// Whether an escape can start with this byte.
    static func isStart(_ byte: UInt8) -> Bool { "+%\\&".utf8.contains(byte) }

    /// Returns the bytes that an escape at `start` can represent, each with the index after it. A character that was
    /// percent-encoded three times has three readings.
    static func readings(of text: [UInt8], at start: Int) -> [(bytes: [UInt8], end: Int)] {
        switch text[start] {
        case UInt8(ascii: "+"): return [([0x20], start + 1)]
        case UInt8(ascii: "%"): return percent(text, at: start + 1)
        case UInt8(ascii: "\\"):
            return backslashes(text, at: start) + (backslash(text, at: start + 1).map { [$0] } ?? [])
        case UInt8(ascii: "&"): return entity(text, at: start + 1).map { [$0] } ?? []
        default: return []
        }
    }

    private static func percent(_ text: [UInt8], at start: Int) -> [(bytes: [UInt8], end: Int)] {
        if text[start...].first == UInt8(ascii: "u"), let unit = number(text, at: start + 1, digits: 4, radix: 16) {
            return scalar(unit, end: start + 5).map { [$0] } ?? []
        }
        var readings: [(bytes: [UInt8], end: Int)] = []
        for depth in 0..<3 {
            let index = start + 2 * depth
            guard let byte = number(text, at: index, digits: 2, radix: 16) else { break }
            readings.append(([UInt8(truncatingIfNeeded: byte)], index + 2))
            if byte != UInt8(ascii: "%") { break }
        }
        return readings
    }

    /// A backslash that was escaped twice or three times: four or eight of them.
    private static func backslashes(_ text: [UInt8], at start: Int) -> [(bytes: [UInt8], end: Int)] {
        let count = text[start...].prefix(8).prefix { $0 == UInt8(ascii: "\\") }.count
        return [8, 4].filter { $0 <= count }.map { ([UInt8(ascii: "\\")], start + $0) }
    }

    private static func backslash(_ text: [UInt8], at start: Int) -> (bytes: [UInt8], end: Int)? {
        guard start < text.count else { return nil }
        // JSON inside JSON escapes the backslashes of the inner text.
        let end = text[start...].prefix(8).firstIndex { $0 != UInt8(ascii: "\\") } ?? start
        if end > start, let inner = backslash(text, at: end),
            inner.bytes != [text[end]] || text[end] == UInt8(ascii: "\"")
        {
            return inner
        }
        switch text[start] {
        case UInt8(ascii: "u"):
            guard let unit = number(text, at: start + 1, digits: 4, radix: 16) else { return nil }
            // JSON writes characters above U+FFFF as two escapes.
            if (0xD800..<0xDC00).contains(unit), text[(start + 5)...].starts(with: "\\u".utf8),
                let low = number(text, at: start + 7, digits: 4, radix: 16), (0xDC00..<0xE000).contains(low)
            {
                return scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), end: start + 11)
            }
            return scalar(unit, end: start + 5)
        case UInt8(ascii: "x"):
            return number(text, at: start + 1, digits: 2, radix: 16).map {
                ([UInt8(truncatingIfNeeded: $0)], start + 3)
            }
        case let byte: return ([letters[byte] ?? byte], start + 1)
        }
    }

    private static func entity(_ text: [UInt8], at start: Int, depth: Int = 0) -> (bytes: [UInt8], end: Int)? {
        // `&amp;lt;`: escaped twice.
        if depth < 3, text[start...].starts(with: "amp;".utf8),
            let inner = entity(text, at: start + 4, depth: depth + 1)
        {
            return inner
        }
        guard let end = text[start...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let name = text[start..<end]
        guard name.first == UInt8(ascii: "#") else {
            return entities.first { $0.name.elementsEqual(name) }.map { ([$0.byte], end + 1) }
        }
        let digits = name.dropFirst()
        let isHexadecimal = digits.first == UInt8(ascii: "x") || digits.first == UInt8(ascii: "X")
        let value = UInt32(
            String(decoding: isHexadecimal ? digits.dropFirst() : digits, as: UTF8.self), radix: isHexadecimal ? 16 : 10
        )
        return value.flatMap { scalar($0, end: end + 1) }
    }

    private static func scalar(_ value: UInt32, end: Int) -> (bytes: [UInt8], end: Int)? {
        Unicode.Scalar(value).map { (Array(String($0).utf8), end) }
    }

    private static func number(_ text: [UInt8], at start: Int, digits: Int, radix: Int) -> UInt32? {
        guard start + digits <= text.count else { return nil }
        return UInt32(String(decoding: text[start..<(start + digits)], as: UTF8.self), radix: radix)
    }
}

/// A word for use in a message. Long words are truncated, because they may be secrets given by mistake.
package func abbreviated(_ word: String) -> String {
    word.count > 24 ? sanitized(String(word.prefix(4))) + "…" : sanitized(word)
}
