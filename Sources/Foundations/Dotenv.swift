/// Reads `.env` files in python-dotenv's dialect, without interpolation and without ever running a command.
///
/// A name, `=`, and a value that is bare, 'single-quoted' or "double-quoted" (with escapes; both may span lines);
/// `export` before the name, comments, a byte-order mark and any line ending are allowed. A line that cannot be read is
/// an error, and so are more than a thousand assignments: that is no file of settings.
public enum Dotenv {
    /// A line that cannot be read, counted from 1.
    public struct Malformed: Error, Equatable {
        public var line: Int
        public var reason: String
    }

    public struct Assignment: Sendable, Equatable {
        public var name: String
        public var value: Secret
        public var line: Int
    }

    /// The assignments in the order of the file. Every value is a secret until someone knows better.
    public static func parse(_ bytes: [UInt8]) throws(Malformed) -> [Assignment] {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw Malformed(line: 1, reason: "the file is UTF-16; save it as UTF-8")
        }
        var parser = Parser(bytes: bytes)
        return try parser.assignments()
    }

    private struct Parser {
        private static let limit = 1000
        let bytes: [UInt8]
        var index = 0
        var line = 1

        /// Every line ending becomes a line feed, as Python reads text.
        init(bytes: [UInt8]) {
            var lines: [UInt8] = []
            lines.reserveCapacity(bytes.count)
            var wasReturn = false
            for byte in bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...] {
                if byte != 0x0A || !wasReturn { lines.append(byte == 0x0D ? 0x0A : byte) }
                wasReturn = byte == 0x0D
            }
            self.bytes = lines
        }

        mutating func assignments() throws(Malformed) -> [Assignment] {
            var assignments: [Assignment] = []
            while index < bytes.count {
                skipBlanks()
                guard let byte = peek, !isLineEnd(byte), byte != UInt8(ascii: "#") else {
                    skipLine()
                    continue
                }
                if assignments.count == Self.limit { throw malformed("more than \(Self.limit) assignments") }
                assignments.append(try assignment())
            }
            return assignments
        }

        mutating func assignment() throws(Malformed) -> Assignment {
            let start = line
            var name = try word()
            let isExport = name == "export" && peek.map { isBlank($0) } == true
            if isExport { skipBlanks() }
            if isExport, peek != UInt8(ascii: "=") { name = try word() }
            guard !name.isEmpty else { throw malformed("a variable name was expected") }
            skipBlanks()
            guard peek == UInt8(ascii: "=") else {
                throw malformed("'=' was expected after \(excerpt(name, limit: 40))")
            }
            index += 1
            skipBlanks()
            let value =
                switch peek {
                case UInt8(ascii: "'")?: try quoted(UInt8(ascii: "'"))
                case UInt8(ascii: "\"")?: try quoted(UInt8(ascii: "\""))
                default: bare()
                }
            return Assignment(name: name, value: value, line: start)
        }

        /// Up to the end of the line; a comment starts only after white space, so `a#b` is a value.
        mutating func bare() -> Secret {
            let start = index
            var end = index
            while let byte = peek, !isLineEnd(byte) {
                if byte == UInt8(ascii: "#"), index > start, isBlank(bytes[index - 1]) { break }
                index += 1
                if !isBlank(byte) { end = index }
            }
            skipLine()
            return Secret(bytes: bytes[start..<end])
        }

        mutating func quoted(_ quote: UInt8) throws(Malformed) -> Secret {
            let start = line
            index += 1
            var value: [UInt8] = []
            defer { wipe(&value) }
            while let byte = peek, byte != quote {
                index += 1
                if byte == UInt8(ascii: "\n") { line += 1 }
                guard byte == UInt8(ascii: "\\"), let next = peek else {
                    value.append(byte)
                    continue
                }
                index += 1
                if next == UInt8(ascii: "\n") { line += 1 }
                value += unescaped(next, quote)
            }
            guard peek == quote else {
                throw Malformed(line: start, reason: "the quote \(Character(Unicode.Scalar(quote))) is never closed")
            }
            index += 1
            skipBlanks()
            if let byte = peek, !isLineEnd(byte), byte != UInt8(ascii: "#") {
                throw malformed("text after the closing quote")
            }
            skipLine()
            return Secret(bytes: value)
        }

        func unescaped(_ byte: UInt8, _ quote: UInt8) -> [UInt8] {
            if byte == quote || byte == UInt8(ascii: "\\") { return [byte] }
            guard quote == UInt8(ascii: "\"") else { return [UInt8(ascii: "\\"), byte] }
            switch byte {
            case UInt8(ascii: "n"): return [0x0A]
            case UInt8(ascii: "r"): return [0x0D]
            case UInt8(ascii: "t"): return [0x09]
            case UInt8(ascii: "a"): return [0x07]
            case UInt8(ascii: "b"): return [0x08]
            case UInt8(ascii: "f"): return [0x0C]
            case UInt8(ascii: "v"): return [0x0B]
            case UInt8(ascii: "'"): return [byte]
            default: return [UInt8(ascii: "\\"), byte]
            }
        }

        var peek: UInt8? { index < bytes.count ? bytes[index] : nil }
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A }
        func malformed(_ reason: String) -> Malformed { Malformed(line: line, reason: reason) }

        mutating func skipBlanks() {
            while let byte = peek, isBlank(byte) { index += 1 }
        }

        mutating func skipLine() {
            while let byte = peek, byte != 0x0A { index += 1 }
            index += 1
            line += 1
        }

        /// A name: bare, or in single quotes.
        mutating func word() throws(Malformed) -> String {
            let isQuoted = peek == UInt8(ascii: "'")
            if isQuoted { index += 1 }
            let start = index
            if isQuoted {
                while let byte = peek, byte != UInt8(ascii: "'"), !isLineEnd(byte) { index += 1 }
                guard peek == UInt8(ascii: "'") else { throw malformed("the quote ' is never closed") }
                index += 1
                return String(decoding: bytes[start..<index - 1], as: UTF8.self)
            }
            while let byte = peek, !isBlank(byte), !isLineEnd(byte), byte != UInt8(ascii: "="),
                byte != UInt8(ascii: "#")
            {
                index += 1
            }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }
    }
}
