extension CommandTree {
    /// The manual page (section 1) of the program or of a command, in the man(7) format.
    package func manual(of command: (any Command.Type)? = nil) -> String {
        guard let command else {
            var lines =
                header(program, abstract) + [".SH SYNOPSIS", ".B \(program)", "COMMAND [options]", ".SH COMMANDS"]
            for command in commands {
                lines += [".TP", ".B \(Self.text(command.name))", Self.text(command.abstract)]
            }
            lines += [
                ".SH SEE ALSO", commands.map { ".BR \(program)\\-\(Self.text($0.name)) (1)" }.joined(separator: ",\n"),
            ]
            return lines.joined(separator: "\n") + "\n"
        }
        let slots = ParameterList.of(command).slots
        var lines = header("\(program)-\(command.name)", command.abstract)
        lines += [".SH SYNOPSIS", ".B \(program) \(Self.text(command.name))"]
        lines += slots.filter { $0.spec.kind == .argument }.map {
            $0.spec.isRequired ? Self.text($0.spec.name) : "[\(Self.text($0.spec.name))]"
        }
        lines += slots.filter { $0.spec.kind == .arguments }.map { "[\(Self.text($0.spec.name)) ...]" }
        lines.append("[options]")
        lines += slots.filter { $0.spec.kind == .rest }.map { "[\\-\\- \(Self.text($0.spec.name))]" }
        if !command.discussion.isEmpty {
            lines.append(".SH DESCRIPTION")
            for paragraph in command.discussion.split(separator: "\n", omittingEmptySubsequences: false) {
                lines.append(paragraph.isEmpty ? ".PP" : Self.text(String(paragraph)))
            }
        }
        lines.append(".SH OPTIONS")
        for slot in slots {
            lines += [".TP", Self.title(of: slot.spec), Self.text(fullHelp(slot))]
            if !slot.choices.isEmpty { lines.append("(\(Self.text(slot.choices.joined(separator: ", "))))") }
        }
        lines.append(".SH EXAMPLES")
        for example in command.examples {
            lines += [
                ".PP", Self.text(example.purpose) + ":", ".PP", ".RS 4", ".EX", Self.text(example.line), ".EE", ".RE",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func header(_ name: String, _ abstract: String) -> [String] {
        [".TH \"\(name.uppercased())\" 1", ".SH NAME", "\(Self.text(name)) \\- \(Self.text(abstract))"]
    }

    private static func title(of spec: ParameterSpec) -> String {
        let name = (spec.short.map { "\\-\($0), " } ?? "") + "\\-\\-\(text(spec.name))"
        switch spec.kind {
        case .option(let value): return "\\fB\(name)\\fR \\fI\(text(value))\\fR"
        case .flag: return "\\fB\(name)\\fR"
        case .argument, .arguments, .rest: return "\\fI\(text(spec.name))\\fR"
        }
    }

    /// Escapes text so that roff does not interpret any of it.
    private static func text(_ plain: String) -> String {
        var text = ""
        for character in plain {
            switch character {
            case "\\": text += "\\e"
            case "-": text += "\\-"
            case "'" where text.isEmpty, "." where text.isEmpty: text += "\\&\(character)"
            default: text.append(character)
            }
        }
        return text
    }
}
