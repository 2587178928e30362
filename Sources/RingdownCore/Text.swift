/// Returns a printable form of untrusted text, with control characters escaped and at most `limit` bytes long.
///
/// The text can come from a server, a proxy or an attacker, and is printed to terminals and logs.
package func sanitized(_ bytes: some Collection<UInt8>, limit: Int = 256) -> String {
    var result = ""
    for scalar in String(decoding: bytes.prefix(limit), as: UTF8.self).unicodeScalars {
        switch scalar {
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        default:
            let isHarmless =
                scalar.properties.generalCategory != .control && scalar.properties.generalCategory != .format
            result += isHarmless ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }
        if result.utf8.count > limit { return String(result.prefix(limit)) + "…" }
    }
    return bytes.count > limit ? result + "…" : result
}

/// Returns a printable form of untrusted text, at most `limit` bytes long.
package func sanitized(_ text: String, limit: Int = 256) -> String {
    // Most texts are short and contain only printable ASCII.
    if text.utf8.count <= limit, text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
    return sanitized(Array(text.utf8), limit: limit)
}

extension RandomAccessCollection<UInt8> {
    /// Whether the bytes start with a byte order mark of UTF-8.
    package var hasByteOrderMark: Bool { starts(with: [0xEF, 0xBB, 0xBF]) }
    /// The bytes without a byte order mark of UTF-8.
    package var withoutByteOrderMark: SubSequence { dropFirst(hasByteOrderMark ? 3 : 0) }
}

extension String {
    /// The text without leading and trailing white space.
    package var trimmed: String {
        let bytes = utf8
        var (start, end) = (bytes.startIndex, bytes.endIndex)
        while start < end, bytes[start].isWhiteSpace { start = bytes.index(after: start) }
        while start < end, bytes[bytes.index(before: end)].isWhiteSpace { end = bytes.index(before: end) }
        let isWhole = start == bytes.startIndex && end == bytes.endIndex
        let text = isWhole ? self : String(self[start..<end])
        // Text that was copied from web pages often contains non-ASCII white space, such as U+00A0.
        guard let first = text.utf8.first, let last = text.utf8.last, first >= 0x80 || last >= 0x80 else { return text }
        var characters = Array(text)
        while characters.last?.isWhitespace == true { characters.removeLast() }
        return String(characters.drop { $0.isWhitespace })
    }
}

extension UInt8 {
    /// Whether the byte is an ASCII letter or digit.
    package var isAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    fileprivate var isWhiteSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

/// Returns at most `limit` names that are similar to `word`, nearest first.
package func nearest(to word: String, among names: [String], limit: Int = 3) -> [String] {
    let word = word.lowercased()
    let ranked = names.map { (name: $0, distance: editDistance(word, $0.lowercased())) }
        .filter { $0.distance <= max(2, $0.name.count / 3) }
        .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return ranked.prefix(limit).map(\.name)
}

/// Returns the name that a word misspells with one or two edits, or nil if it is one of the names or resembles none.
package func misspelling(_ word: String, of names: [String]) -> String? {
    if names.contains(word) { return nil }
    return nearest(to: word, among: names, limit: 1).first { editDistance(word, $0) <= 2 }
}

/// The number of single-character edits between two words (Levenshtein).
private func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var previous = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var row = [i + 1]
        for (j, b) in right.enumerated() {
            row.append(min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a == b ? 0 : 1)))
        }
        previous = row
    }
    return previous[right.count]
}

extension Duration {
    /// The duration as text for users: `23 h 59 min`, `45 min`, `12 s` or `1.5 s`.
    package var spoken: String {
        let seconds = inSeconds
        if seconds < 60 {
            return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\((seconds * 10).rounded() / 10) s"
        }
        let whole = Int(min(seconds, 1e12))
        let parts =
            whole < 3600 ? [(whole / 60, "min"), (whole % 60, "s")] : [(whole / 3600, "h"), (whole / 60 % 60, "min")]
        return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}
