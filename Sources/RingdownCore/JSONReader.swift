/// A strict JSON parser (RFC 8259). It returns a ``JSON`` value, or only the byte ranges of values, so that they can be copied
/// byte for byte.
public struct JSONReader {
    /// A syntax error and its position.
    public struct Malformed: Error, Equatable, CustomStringConvertible {
        /// The offset in bytes from the start of the text.
        public var offset: Int
        public var reason: String
        public var description: String { "\(reason) at byte \(offset)" }
    }

    private let bytes: [UInt8]
    private var index: Int
    private let end: Int
    private var depth = 0

    /// The maximum nesting depth, so that no input can exhaust the stack.
    private static let depthLimit = 256

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        // RFC 8259 section 8.1 allows readers to ignore a byte order mark.
        index = range.lowerBound == 0 && bytes.hasByteOrderMark ? min(3, range.upperBound) : range.lowerBound
        end = range.upperBound
    }

    /// Parses a text, or the part of it in `range`.
    public static func parse(_ bytes: [UInt8], in range: Range<Int>? = nil) throws(Malformed) -> JSON {
        var reader = JSONReader(bytes, range ?? bytes.indices)
        let value = try reader.value()
        try reader.finish()
        return value
    }

    /// Returns the ranges of the member values of an object. For duplicate names, the last member is used. Throws if the text is
    /// not an object.
    public static func members(
        of bytes: [UInt8], in range: Range<Int>? = nil
    ) throws(Malformed) -> [(name: String, range: Range<Int>)] {
        var reader = JSONReader(bytes, range ?? bytes.indices)
        var members: [(name: String, range: Range<Int>)] = []
        reader.skipSpace()
        guard reader.peek == UInt8(ascii: "{") else { throw reader.malformed("expected an object") }
        try reader.object { reader, name throws(Malformed) in
            members.append((name, try reader.skipValue()))
        }
        try reader.finish()
        return members
    }

    /// Returns the ranges of the member values of an object, and of the elements of members that are arrays, in one pass.
    public static func lists(
        of bytes: [UInt8], in range: Range<Int>? = nil
    ) throws(Malformed) -> [(name: String, range: Range<Int>, elements: [Range<Int>]?)] {
        var reader = JSONReader(bytes, range ?? bytes.indices)
        var members: [(name: String, range: Range<Int>, elements: [Range<Int>]?)] = []
        reader.skipSpace()
        guard reader.peek == UInt8(ascii: "{") else { throw reader.malformed("expected an object") }
        try reader.object { reader, name throws(Malformed) in
            reader.skipSpace()
            guard reader.peek == UInt8(ascii: "[") else {
                members.append((name, try reader.skipValue(), nil))
                return
            }
            let start = reader.index
            var elements: [Range<Int>] = []
            try reader.array { reader throws(Malformed) in elements.append(try reader.skipValue()) }
            members.append((name, start..<reader.index, elements))
        }
        try reader.finish()
        return members
    }

    /// Returns the range of the value of the first member with this name, or nil if it does not exist or the text is not an object.
    /// The text after the member is not parsed.
    public static func firstMember(_ name: String, of bytes: [UInt8], in range: Range<Int>) -> Range<Int>? {
        var reader = JSONReader(bytes, range)
        var found: Range<Int>?
        reader.skipSpace()
        guard reader.peek == UInt8(ascii: "{") else { return nil }
        try? reader.object { reader, own throws(Malformed) in
            let place = try reader.skipValue()
            guard own == name else { return }
            found = place
            throw reader.malformed("enough")
        }
        return found
    }

    /// Returns the ranges of the elements of an array. Throws if the text is not an array.
    public static func elements(of bytes: [UInt8], in range: Range<Int>? = nil) throws(Malformed) -> [Range<Int>] {
        var reader = JSONReader(bytes, range ?? bytes.indices)
        var elements: [Range<Int>] = []
        reader.skipSpace()
        guard reader.peek == UInt8(ascii: "[") else { throw reader.malformed("expected an array") }
        try reader.array { reader throws(Malformed) in
            elements.append(try reader.skipValue())
        }
        try reader.finish()
        return elements
    }

    /// Returns the string value in `range` as a secret. No other copy remains in memory.
    public static func secret(of bytes: [UInt8], in range: Range<Int>) throws(Malformed) -> Secret {
        var reader = JSONReader(bytes, range)
        reader.skipSpace()
        guard reader.peek == UInt8(ascii: "\"") else { throw reader.malformed("expected a string") }
        var text = try reader.stringBytes()
        defer { wipe(&text) }
        return Secret(bytes: text)
    }

    // MARK: The grammar

    private var peek: UInt8? { index < end ? bytes[index] : nil }

    private func malformed(_ reason: String) -> Malformed { Malformed(offset: index, reason: reason) }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func finish() throws(Malformed) {
        skipSpace()
        if index < end { throw malformed("unexpected text after the value") }
    }

    private mutating func value() throws(Malformed) -> JSON {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"):
            var members: [JSON.Member] = []
            try object { reader, name throws(Malformed) in members.append(JSON.Member(name, try reader.value())) }
            return .object(members)
        case UInt8(ascii: "["):
            var values: [JSON] = []
            try array { reader throws(Malformed) in values.append(try reader.value()) }
            return .array(values)
        case UInt8(ascii: "\""): return .string(String(decoding: try stringBytes(), as: UTF8.self))
        case UInt8(ascii: "t"): try literal("true"); return .bool(true)
        case UInt8(ascii: "f"): try literal("false"); return .bool(false)
        case UInt8(ascii: "n"): try literal("null"); return .null
        case nil: throw malformed("unexpected end of text: expected a value")
        default:
            let range = try number()
            return .number(String(decoding: bytes[range], as: UTF8.self))
        }
    }

    /// Validates a value without creating it.
    private mutating func skipValue() throws(Malformed) -> Range<Int> {
        skipSpace()
        let start = index
        switch peek {
        case UInt8(ascii: "{"):
            try list(close: UInt8(ascii: "}")) { reader throws(Malformed) in
                _ = try reader.memberName(keeping: false)
                _ = try reader.skipValue()
            }
        case UInt8(ascii: "["): try array { reader throws(Malformed) in _ = try reader.skipValue() }
        case UInt8(ascii: "\""): _ = try stringBytes(keeping: false)
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case nil: throw malformed("unexpected end of text: expected a value")
        default: _ = try number()
        }
        return start..<index
    }

    private mutating func object(
        _ member: (inout JSONReader, String) throws(Malformed) -> Void
    ) throws(Malformed) {
        try list(close: UInt8(ascii: "}")) { reader throws(Malformed) in
            try member(&reader, String(decoding: reader.memberName(keeping: true), as: UTF8.self))
        }
    }

    /// Reads the name of a member and the colon. Returns an empty name if the name is not required.
    private mutating func memberName(keeping: Bool) throws(Malformed) -> [UInt8] {
        guard peek == UInt8(ascii: "\"") else { throw malformed("expected a member name") }
        let name = try stringBytes(keeping: keeping)
        skipSpace()
        guard peek == UInt8(ascii: ":") else { throw malformed("expected ':'") }
        index += 1
        return name
    }

    private mutating func array(_ element: (inout JSONReader) throws(Malformed) -> Void) throws(Malformed) {
        try list(close: UInt8(ascii: "]"), element)
    }

    private mutating func list(
        close: UInt8, _ element: (inout JSONReader) throws(Malformed) -> Void
    ) throws(Malformed) {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.depthLimit { throw malformed("nesting is deeper than \(Self.depthLimit) levels") }
        index += 1
        skipSpace()
        if peek == close {
            index += 1
            return
        }
        while true {
            skipSpace()
            try element(&self)
            skipSpace()
            guard let byte = peek else { throw malformed("unexpected end of text in an array or object") }
            index += 1
            if byte == close { return }
            if byte != UInt8(ascii: ",") {
                index -= 1
                throw malformed("expected ','")
            }
        }
    }

    private mutating func literal(_ word: StaticString) throws(Malformed) {
        let count = word.utf8CodeUnitCount
        let isThere = index + count <= end && (0..<count).allSatisfy { bytes[index + $0] == word.utf8Start[$0] }
        guard isThere else { throw malformed("unknown literal") }
        index += count
    }

    private mutating func number() throws(Malformed) -> Range<Int> {
        let start = index
        if peek == UInt8(ascii: "-") { index += 1 }
        if peek == UInt8(ascii: "0") { index += 1 } else { try digits() }
        if peek == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            index += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        return start..<index
    }

    private mutating func digits() throws(Malformed) {
        let start = index
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        if index == start { throw malformed(index < end ? "expected a value" : "unexpected end of text in a number") }
    }

    private mutating func stringBytes(keeping: Bool = true) throws(Malformed) -> [UInt8] {
        index += 1
        var text: [UInt8] = []
        while true {
            let start = index
            index = bytes.withUnsafeBufferPointer { bytes in
                var index = index
                while index < end {
                    let byte = bytes[index]
                    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
                    index += 1
                }
                return index
            }
            if keeping { text += bytes[start..<index] }
            switch peek {
            case nil: throw malformed("unexpected end of text in a string")
            case UInt8(ascii: "\""):
                index += 1
                return text
            case UInt8(ascii: "\\"):
                index += 1
                let scalar = try escape()
                if keeping { text += String(scalar).utf8 }
            default: throw malformed("control character in a string")
            }
        }
    }

    private mutating func escape() throws(Malformed) -> Unicode.Scalar {
        guard let byte = peek else { throw malformed("unexpected end of text in a string") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default:
            index -= 1
            throw malformed("unknown escape sequence")
        }
    }

    private mutating func unicodeEscape() throws(Malformed) -> Unicode.Scalar {
        let first = try fourHexadecimalDigits()
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
        // A high surrogate must be followed by a low one. Otherwise it is invalid.
        guard index + 1 < end, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
            return "\u{FFFD}"
        }
        let before = index
        index += 2
        let second = try fourHexadecimalDigits()
        guard (0xDC00..<0xE000).contains(second) else {
            index = before
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func fourHexadecimalDigits() throws(Malformed) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw malformed("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
