internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How text looks on an output: colours and line breaks on a terminal, neither in a file or a pipe.
struct TextStyle {
    private let isColored: Bool
    /// Columns of the terminal; nil where lines are not broken.
    private let width: Int?

    init(_ output: any Output) {
        let variables = Context.current.variables
        let isPlain = variables["NO_COLOR"]?.isEmpty == false || variables["TERM"] == "dumb"
        isColored = output.isTerminal && !isPlain
        width = output.isTerminal ? Self.columns(of: STDOUT_FILENO) : nil
    }

    /// The columns of a terminal, 80 where it does not say.
    static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 20
        return isKnown ? Int(size.ws_col) : 80
    }

    /// Whether the terminal is ours at the moment: a job in the background does not write over what is typed.
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

    /// A text with a word before it; further lines stand below its beginning.
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

/// Text that a terminal shows and does not obey: control and format characters but line feeds and tabs are replaced by `\u001b` and
/// the like, which JSON reads as the same. A carriage return before a line feed stays.
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
