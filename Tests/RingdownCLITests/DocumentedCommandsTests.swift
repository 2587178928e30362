import RingdownCLI
import RingdownCore
import RingdownTestSupport
import Testing

/// Every command line that help, man pages and documentation show is valid.
@Suite struct DocumentedCommandsTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    /// The texts that users read, by name.
    private static func texts() throws -> [(name: String, text: String)] {
        var texts = RingdownTool.tree.commands.map { command in
            ("\(command.name) --help", ([command.discussion] + command.examples.map(\.line)).joined(separator: "\n"))
        }
        for directory in ["", "/Documentation", "/Examples", "/Examples/Pipelines"] {
            for name in TemporaryDirectory.names(in: root + directory) {
                let isText = [".md", ".yml", ".yaml", ".sh", ".py", "Jenkinsfile"].contains { name.hasSuffix($0) }
                guard isText, name != "CHANGELOG.md" else { continue }
                let text = String(decoding: try File.read("\(root)\(directory)/\(name)"), as: UTF8.self)
                texts.append(("\(directory)/\(name)", text))
            }
        }
        return texts
    }

    /// The words of each command line of the program in a text, as a shell splits them.
    private static func commandLines(_ text: String) -> [[String]] {
        let text = text.replacing("\\\n", with: " ")
        return text.split(separator: "\n").flatMap { line -> [[String]] in
            var rest = Substring(line)
            var lines: [[String]] = []
            while let start = rest.firstRange(of: "ringdown ") {
                let before = rest[..<start.lowerBound].last
                rest = rest[start.upperBound...]
                guard before.map({ " `(\"'/".contains($0) }) ?? true else { continue }
                let words = words(rest, until: before.flatMap { "`'\"".contains($0) ? $0 : nil })
                if let name = words.first, name.allSatisfy({ $0.isLowercase || $0 == "-" }) { lines.append(words) }
            }
            return lines
        }
    }

    /// The words up to the end of a command.
    private static func words(_ line: Substring, until end: Character?) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var depth = 0
        for character in line {
            if character == end { break }
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if depth > 0 || (character == "(" && word?.last == "$") {
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
                word = (word ?? "") + String(character)
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if "|;&<>)`".contains(character) || (character == "#" && word == nil) {
                break
            } else if character == " " {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word.hasSuffix(".") ? String(word.dropLast()) : word) }
        return words.last == "--" ? words + ["true"] : words
    }

    /// Whether a line is prose or a synopsis.
    private static func isSynopsis(_ words: [String]) -> Bool {
        words.contains { $0.hasPrefix("[") || $0.contains("…") || $0 == "..." }
    }

    @Test func `every documented command line is valid`() throws {
        var count = 0
        for (name, text) in try Self.texts() {
            for words in Self.commandLines(text) where !Self.isSynopsis(words) {
                // The commands that run another command are followed by its words.
                var words = words
                while let rest = words.firstIndex(of: "--"), words[rest...].dropFirst().first == "ringdown" {
                    let outer = Array(words[...rest]) + ["true"]
                    #expect(throws: Never.self, "\(name): \(outer)") { try RingdownTool.tree.parse(outer) }
                    words = Array(words[(rest + 2)...])
                }
                let isKnown = RingdownTool.tree.commands.contains { $0.name == words.first }
                // Without a code span, a known command distinguishes a command line from prose.
                guard isKnown || text.contains("`ringdown \(words.first ?? "")") else { continue }
                count += 1
                #expect(throws: Never.self, "\(name): ringdown \(words.joined(separator: " "))") {
                    try RingdownTool.tree.parse(words)
                }
            }
        }
        #expect(count > 130, "\(count) command lines")
    }
}
