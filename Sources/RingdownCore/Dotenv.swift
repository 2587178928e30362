/// A parser for `.env` files in the dialect of python-dotenv, without interpolation and without command substitution.
///
/// An assignment is a name, `=`, and a value that is unquoted, 'single-quoted' or "double-quoted" (with escapes). Quoted values
/// can span lines. `export` before the name, comments, a byte-order mark and any line ending are allowed. A malformed line is an
/// error. More than 1000 assignments are an error, since such a file does not contain settings.
package enum Dotenv {
    /// The error for a malformed line. Lines are numbered from 1.
    package struct Malformed: Error, Equatable {
        package var line: Int
        package var reason: String
    }

    /// An assignment of a value to a name.
    package struct Assignment: Sendable, Equatable {
        /// The name of the variable.
        package var name: String
        /// The value after unquoting and unescaping.
        package var value: Secret
        package var line: Int
        /// The last line of the value.
        package var lastLine: Int
        /// Whether `export` precedes the name. It is preserved when the value changes, as is the comment after the value.
        package var isExported = false
        package var comment: String?
        /// Why other programs read this assignment differently and how to fix it; nil if all programs agree.
        package var ambiguity: String?
    }

    /// Returns the assignments in file order. Every value is treated as a secret.
    package static func parse(_ bytes: [UInt8]) throws(Malformed) -> [Assignment] {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw Malformed(line: 1, reason: "the file is encoded as UTF-16; save it as UTF-8")
        }
        var parser = DotenvParser(bytes)
        return try parser.assignments()
    }
}

private struct DotenvParser {
    private static let limit = 1000
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private let hasMark: Bool
    /// The ambiguity that an assignment causes for the next one.
    private var inherited: String?
    private var isAfterOddBlank = false
    /// The comment at the end of the previous line.
    private var comment: String?
    private let hasLoneReturn: Bool

    /// Converts every line ending to a line feed, like Python.
    init(_ bytes: [UInt8]) {
        var lines: [UInt8] = []
        lines.reserveCapacity(bytes.count)
        var wasReturn = false
        var hasLoneReturn = false
        hasMark = bytes.hasByteOrderMark
        for byte in bytes.dropFirst(hasMark ? 3 : 0) {
            if wasReturn, byte != 0x0A { hasLoneReturn = true }
            if byte != 0x0A || !wasReturn { lines.append(byte == 0x0D ? 0x0A : byte) }
            wasReturn = byte == 0x0D
        }
        self.bytes = lines
        self.hasLoneReturn = hasLoneReturn || wasReturn
    }

    mutating func assignments() throws(Dotenv.Malformed) -> [Dotenv.Assignment] {
        if let place = firstNonText { throw place }
        var assignments: [Dotenv.Assignment] = []
        while index < bytes.count {
            isAfterOddBlank = !skipSpaces()
            guard let byte = peek, byte != 0x0A, byte != UInt8(ascii: "#") else {
                skipLine()
                continue
            }
            if assignments.count == Self.limit { throw malformed("more than \(Self.limit) assignments") }
            assignments.append(try assignment())
        }
        if hasMark, !assignments.isEmpty {
            assignments[0].ambiguity = "the byte-order mark becomes part of the name; save the file without it"
        }
        return assignments
    }

    private var firstNonText: Dotenv.Malformed? {
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        let line = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .firstIndex { String(validating: $0, as: UTF8.self) == nil }
        return Dotenv.Malformed(line: (line ?? 0) + 1, reason: "the file is not UTF-8; save it as UTF-8")
    }

    private mutating func assignment() throws(Dotenv.Malformed) -> Dotenv.Assignment {
        let start = line
        var (name, isQuoted) = try word()
        var isExported = false
        comment = nil
        var ambiguity = isAfterOddBlank ? DotenvAmbiguity.oddWhiteSpace : nil
        if !isQuoted, name == "export", blankLength > 0 {
            isExported = true
            let end = index
            skipBlanks()
            if Array(bytes[end..<index]) != [0x20] { ambiguity = "some programs require one space after 'export'" }
            (name, isQuoted) = try word()
        }
        guard !name.isEmpty else { throw malformed("expected a variable name") }
        if isQuoted { ambiguity = "the quotes become part of the name; remove them" }
        if !skipSpaces() { ambiguity = DotenvAmbiguity.oddWhiteSpace }
        guard peek == UInt8(ascii: "=") else { throw malformed("expected '=' after the variable name") }
        index += 1
        let gap = index
        if !skipSpaces() { ambiguity = DotenvAmbiguity.oddWhiteSpace }
        let isEmptyAfterBlank = index > gap && (peek == nil || peek == 0x0A)
        let isComment = index > gap && peek == UInt8(ascii: "#")
        let isBacktick = peek == UInt8(ascii: "`")
        let value: Secret
        let ambiguityOfValue: String?
        switch peek {
        case UInt8(ascii: "'")?, UInt8(ascii: "\"")?: (value, ambiguityOfValue) = try quoted()
        case _ where isComment:
            (value, ambiguityOfValue) = (Secret(""), nil)
            skipLine()
        default: (value, ambiguityOfValue) = bare()
        }
        ambiguity = inherited ?? ambiguity ?? ambiguityOfValue
        if hasLoneReturn {
            ambiguity = "a lone carriage return does not end a line; save the file with Unix line endings"
        }
        if inherited != DotenvAmbiguity.openBacktick { inherited = nil }
        if isEmptyAfterBlank {
            inherited = "the space after the previous, empty value makes this line part of that value; remove the space"
        }
        if isBacktick, value.withBytes({ $0.count { $0 == UInt8(ascii: "`") } }) == 1 {
            inherited = DotenvAmbiguity.openBacktick
        }
        var assignment = Dotenv.Assignment(
            name: name, value: value, line: start, lastLine: line - 1, ambiguity: ambiguity)
        (assignment.isExported, assignment.comment) = (isExported, comment)
        return assignment
    }

    /// Reads a value up to the end of the line. A comment starts only after white space, so `a#b` is a value.
    private mutating func bare() -> (Secret, String?) {
        let start = index
        var end = index
        var isAfterBlank = false
        while let byte = peek, byte != 0x0A {
            if byte == UInt8(ascii: "#"), isAfterBlank { break }
            let blank = blankLength
            index += max(blank, 1)
            isAfterBlank = blank > 0
            if !isAfterBlank { end = index }
        }
        let rest = bytes[end..<index]
        let ambiguity =
            DotenvAmbiguity.bare(bytes[start..<end])
            ?? (rest.allSatisfy { $0 == 0x20 || $0 == 0x09 } ? nil : DotenvAmbiguity.oddWhiteSpace)
        skipLine()
        return (Secret(bytes: bytes[start..<end]), ambiguity)
    }

    /// Reads a quoted value. A backslash escapes the next character, so `\\"` does not close the value.
    private mutating func quoted() throws(Dotenv.Malformed) -> (Secret, String?) {
        let quote = bytes[index]
        let first = index + 1
        var end = first
        while end < bytes.count, bytes[end] != quote { end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < bytes.count else {
            throw malformed("unterminated quote \(Character(Unicode.Scalar(quote)))")
        }
        let content = bytes[first..<end]
        line += content.count { $0 == 0x0A }
        index = end + 1
        skipBlanks()
        if let byte = peek, byte != 0x0A, byte != UInt8(ascii: "#") { throw malformed("text after the closing quote") }
        skipLine()
        var value = unescaped(content, quote)
        defer { wipe(&value) }
        return (Secret(bytes: value), DotenvAmbiguity.quoted(content, quote))
    }

    private func unescaped(_ content: ArraySlice<UInt8>, _ quote: UInt8) -> [UInt8] {
        var value: [UInt8] = []
        var place = content.startIndex
        while place < content.endIndex {
            let isEscape = content[place] == UInt8(ascii: "\\") && place + 1 < content.endIndex
            if isEscape, let byte = Self.escaped(content[place + 1], quote) {
                value.append(byte)
                place += 2
            } else {
                value.append(content[place])
                place += 1
            }
        }
        return value
    }

    /// Returns the byte that a backslash and this byte encode, or nil if they are literal.
    private static func escaped(_ byte: UInt8, _ quote: UInt8) -> UInt8? {
        if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "'") { return byte }
        guard quote == UInt8(ascii: "\"") else { return nil }
        switch byte {
        case quote: return quote
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "a"): return 0x07
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "v"): return 0x0B
        default: return nil
        }
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }
    private func malformed(_ reason: String) -> Dotenv.Malformed { Dotenv.Malformed(line: line, reason: reason) }

    /// The number of bytes of a white space character at the current position, as Python defines it, without line endings; or 0.
    private var blankLength: Int {
        guard let byte = peek else { return 0 }
        if byte < 0x80 {
            return byte == 0x20 || byte == 0x09 || byte == 0x0B || byte == 0x0C || (0x1C...0x1F).contains(byte) ? 1 : 0
        }
        let length = byte >= 0xE0 ? 3 : 2
        guard byte < 0xF0, index + length <= bytes.count,
            let scalar = String(decoding: bytes[index..<index + length], as: UTF8.self).unicodeScalars.first
        else { return 0 }
        return scalar.properties.isWhitespace ? length : 0
    }

    private mutating func skipBlanks() {
        while blankLength > 0 { index += blankLength }
    }

    /// Skips white space. Returns false if it contained anything but spaces.
    private mutating func skipSpaces() -> Bool {
        let start = index
        skipBlanks()
        return bytes[start..<index].allSatisfy { $0 == 0x20 }
    }

    private mutating func skipLine() {
        let start = index
        while let byte = peek, byte != 0x0A { index += 1 }
        if start < index, bytes[start] == UInt8(ascii: "#") {
            comment = String(decoding: bytes[start..<index], as: UTF8.self)
        }
        index += 1
        line += 1
    }

    /// Reads a name, with or without single quotes.
    private mutating func word() throws(Dotenv.Malformed) -> (String, isQuoted: Bool) {
        let isQuoted = peek == UInt8(ascii: "'")
        if isQuoted { index += 1 }
        let start = index
        while let byte = peek, byte != 0x0A {
            if isQuoted ? byte == UInt8(ascii: "'") : "=#".utf8.contains(byte) || blankLength > 0 { break }
            index += 1
        }
        let name = String(decoding: bytes[start..<index], as: UTF8.self)
        if isQuoted {
            guard peek == UInt8(ascii: "'") else { throw malformed("unterminated quote '") }
            index += 1
        }
        return (name, isQuoted)
    }
}
