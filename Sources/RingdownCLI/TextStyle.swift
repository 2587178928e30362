internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The style of text on an output: colours and line wrapping on a terminal, neither in a file or a pipe.
struct TextStyle {
    private let isColored: Bool
    /// The width of the terminal in columns; nil if lines are not wrapped.
    private let width: Int?

    init(_ output: any Output) {
        let variables = Context.current.variables
        let isPlain = variables["NO_COLOR"]?.isEmpty == false || variables["TERM"] == "dumb"
        isColored = output.isTerminal && !isPlain
        width = output.columns
    }

    /// The width of a terminal in columns; 80 if it is unknown.
    static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 20
        return isKnown ? Int(size.ws_col) : 80
    }

    /// Whether this process is in the foreground. A background job must not overwrite what the user types.
    static var isInForeground: Bool {
        let owner = tcgetpgrp(STDERR_FILENO)
        return owner < 0 || owner == getpgrp()
    }

    func render(_ finding: Finding) -> String {
        let (word, color) =
            switch finding.level {
            case .ok: ("ok", "32")
            case .warning: ("warning", "33")
            case .failure: ("FAILURE", "31")
            }
        return paragraph(aligned(word, 9), aligned(finding.check, 14) + finding.text, color: color, hanging: 23)
    }

    /// Wraps a text after a heading, with a hanging indent.
    func paragraph(_ word: String, _ text: String, color: String = "1", hanging: Int? = nil) -> String {
        let text = String(decoding: terminalSafe(Array(text.utf8)), as: UTF8.self)
        let indent = hanging ?? word.count
        let head = isColored ? "\u{1B}[\(color)m\(word)\u{1B}[0m" : word
        guard let width, width > indent + 20 else { return head + text + "\n" }
        var (lines, line) = ([String](), "")
        var room = width - word.count
        for part in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !line.isEmpty, line.count + 1 + part.count > room {
                lines.append(line)
                (line, room) = ("", width - indent)
            }
            line += (line.isEmpty && !(lines.isEmpty && part.isEmpty) ? "" : line.isEmpty ? "" : " ") + part
        }
        lines.append(line)
        return head + lines.joined(separator: "\n" + String(repeating: " ", count: indent)) + "\n"
    }
}

/// Escapes text so that a terminal displays it without interpretation. Control and format characters except line feeds and tabs are
/// replaced by escapes such as `\u001b`, which are equivalent in JSON. A carriage return before a line feed is not replaced.
func terminalSafe(_ bytes: [UInt8]) -> [UInt8] {
    if bytes.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 0x0A || $0 == 0x09 }) { return bytes }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
    for index in scalars.indices {
        let scalar = scalars[index]
        switch scalar.properties.generalCategory {
        case .control where scalar == "\n" || scalar == "\t": result.append(UInt8(scalar.value))
        case .control where scalar == "\r" && scalars[scalars.index(after: index)...].first == "\n": result.append(0x0D)
        case .control, .format, .lineSeparator, .paragraphSeparator:
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                result += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
            }
        default: result += String(scalar).utf8
        }
    }
    return result
}
