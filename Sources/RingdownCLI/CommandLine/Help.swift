extension CommandTree {
    /// The width of help in columns, if the output is not a terminal and `COLUMNS` is not set.
    package static let standardWidth = 80
    /// The widths of help on terminals and of `COLUMNS`, in columns.
    package static let widths = 40...132

    /// The help of the program, with a summary of each command, wrapped at `width` columns.
    package func help(width: Int = standardWidth) -> String {
        let column = (commands.map { $0.name.count }.max() ?? 0) + 4
        let sections = groups.map { group in
            let lines = group.commands.map { command in
                "  " + padded(command.name, column - 2)
                    + wrapped(command.abstract, width: width - column).joined(separator: "\n" + padded("", column))
            }
            return (["\(group.title):"] + lines).joined(separator: "\n")
        }
        return """
            \(abstract)

            Usage: \(program) COMMAND [options]

            \(sections.joined(separator: "\n\n"))

            Use '\(program) COMMAND --help' for details and examples of a command.

            """
    }

    /// The help of a command, wrapped at `width` columns.
    package func help(of command: any Command.Type, width: Int = standardWidth) -> String {
        let slots = ParameterList.of(command).slots
        let specs = slots.map(\.spec)
        let abstract = wrapped(command.abstract, width: width).joined(separator: "\n")
        var sections = [abstract, "Usage: \(usage(command, specs))"]
        if !command.discussion.isEmpty { sections.append(laidOut(command.discussion, width)) }
        let places = slots.filter(\.spec.isPlace)
        if !places.isEmpty { sections.append(table("Arguments:", width, places.map { ($0.spec.name, fullHelp($0)) })) }
        let options = slots.filter { !$0.spec.isPlace }
        sections.append(
            table(
                "Options:", width, options.map { ($0.spec.usage, fullHelp($0)) } + [("-h, --help", "Show this help")]))
        let examples = command.examples.flatMap { ["  # \($0.purpose)", "  \($0.line)"] }
        sections.append((["Examples:"] + examples).joined(separator: "\n"))
        return sections.joined(separator: "\n\n") + "\n"
    }

    private func usage(_ command: any Command.Type, _ specs: [ParameterSpec]) -> String {
        var words = [program, command.name]
        words += specs.filter { $0.kind == .argument }.map { $0.isRequired ? $0.name : "[\($0.name)]" }
        words += specs.filter { $0.kind == .arguments }.map { "[\($0.name) ...]" }
        words.append("[options]")
        words += specs.filter { $0.kind == .rest }.map { "[-- \($0.name)]" }
        return words.joined(separator: " ")
    }

    /// The text with its paragraphs wrapped at `width`. A line with a wide gap is an entry of a list: its text is aligned.
    private func laidOut(_ text: String, _ width: Int) -> String {
        var paragraphs: [[Substring]] = [[]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty { paragraphs.append([]) } else { paragraphs[paragraphs.count - 1].append(line) }
        }
        return paragraphs.map { lines in
            guard lines.allSatisfy({ $0.contains("  ") }) else {
                return wrapped(lines.joined(separator: " "), width: width).joined(separator: "\n")
            }
            return lines.map { entry($0, width) }.joined(separator: "\n")
        }
        .joined(separator: "\n\n")
    }

    private func entry(_ line: Substring, _ width: Int) -> String {
        let term = line.firstRange(of: "  ").map { line[..<$0.lowerBound] } ?? line
        let text = line[term.endIndex...].drop { $0 == " " }
        let column = line.distance(from: line.startIndex, to: text.startIndex)
        return padded(String(term), column)
            + wrapped(String(text), width: width - column).joined(separator: "\n" + padded("", column))
    }

    private func table(_ title: String, _ width: Int, _ rows: [(String, String)]) -> String {
        let column = (rows.map { $0.0.count }.max() ?? 0) + 4
        let lines = rows.map { name, help in
            "  " + padded(name, column - 2)
                + wrapped(help, width: min(102, width) - column).joined(separator: "\n" + padded("", column))
        }
        return ([title] + lines).joined(separator: "\n")
    }
}

extension ParameterSpec {
    fileprivate var usage: String {
        let name = (short.map { "-\($0), " } ?? "    ") + "--\(name)"
        if case .option(let valueName) = kind { return "\(name) \(valueName)" }
        return name
    }
}

/// The help of an option with its choices and its default.
func fullHelp(_ slot: any ParameterSlot) -> String {
    let choices = slot.choices.isEmpty ? "" : " (\(slot.choices.joined(separator: ", ")))"
    return slot.spec.help + choices + (slot.spec.standard.map { " (default: \($0))" } ?? "")
}

private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

private func wrapped(_ text: String, width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
        if lines[lines.count - 1].count + word.count + 1 > width { lines.append("") }
        lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
    }
    return lines
}
