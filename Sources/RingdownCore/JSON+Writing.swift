extension JSON: CustomStringConvertible {
    /// The value as JSON text on one line.
    public var description: String { String(decoding: bytes(), as: UTF8.self) }

    /// Returns the value as UTF-8, on one line or indented by two spaces.
    public func bytes(indented: Bool = false) -> [UInt8] {
        var writer = JSONWriter(isIndented: indented)
        writer.write(self, depth: 0)
        return writer.bytes
    }
}

private struct JSONWriter {
    var bytes: [UInt8] = []
    let isIndented: Bool

    init(isIndented: Bool) {
        self.isIndented = isIndented
    }

    mutating func write(_ value: JSON, depth: Int) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .number(let digits): bytes += digits.utf8
        case .string(let text): write(text)
        case .array(let values):
            writeList("[", "]", values, depth: depth) { writer, value in writer.write(value, depth: depth + 1) }
        case .object(let members):
            writeList("{", "}", members, depth: depth) { writer, member in
                writer.write(member.name)
                writer.bytes += (writer.isIndented ? ": " : ":").utf8
                writer.write(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func writeList<Element>(
        _ open: String, _ close: String, _ elements: [Element], depth: Int,
        _ writeElement: (inout JSONWriter, Element) -> Void
    ) {
        bytes += open.utf8
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(depth: depth + 1)
            writeElement(&self, element)
        }
        if !elements.isEmpty { breakLine(depth: depth) }
        bytes += close.utf8
    }

    private mutating func breakLine(depth: Int) {
        guard isIndented else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes += repeatElement(UInt8(ascii: " "), count: depth * 2)
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            // Bytes up to the next one that requires an escape are copied in one step.
            var start = 0
            for (index, byte) in text.enumerated() where Self.needsEscape(byte) {
                bytes += text[start..<index]
                escape(byte)
                start = index + 1
            }
            bytes += text[start...]
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 0x0A: bytes += "\\n".utf8
        case 0x0D: bytes += "\\r".utf8
        case 0x09: bytes += "\\t".utf8
        default: bytes += "\\u00\(hexadecimal([byte]))".utf8
        }
    }
}
