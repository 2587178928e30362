/// A shell for which a completion script can be generated.
package enum Shell: String, ChoiceParameter { case bash, zsh, fish }

extension CommandTree {
    /// A script with which a shell completes the program's commands, options and option values.
    package func completion(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    /// The options of a command, each with its allowed values.
    private func options(of command: any Command.Type) -> [(spec: ParameterSpec, choices: [String])] {
        ParameterList.of(command).slots.filter { !$0.spec.isPlace }
            .map { ($0.spec, $0.choices) }
    }

    private var names: String { (commands.map { $0.name } + ["help"]).joined(separator: " ") }

    private var bash: String {
        let cases = commands.map { command in
            let options = options(of: command)
            let words = (options.map { "--\($0.spec.name)" } + ["--help"]).joined(separator: " ")
            let choices = options.filter { !$0.choices.isEmpty }
                .map {
                    "        \(command.name),--\($0.spec.name)) words=\"\($0.choices.joined(separator: " "))\" ;;\n"
                }
            let values = options.filter { $0.spec.takesValue && $0.choices.isEmpty }.map {
                "\(command.name),--\($0.spec.name)"
            }
            let files =
                values.isEmpty
                ? "" : "        \(values.joined(separator: "|")) ) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
            return (table: "        \(command.name)) words=\"\(words)\" ;;\n", choices: choices.joined() + files)
        }
        return """
            _\(program)() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=
                if ((COMP_CWORD == 1)); then
                    COMPREPLY=($(compgen -W "\(names)" -- "$word")); return
                fi
                case "${COMP_WORDS[1]},$before" in
                    help,*) words="\(names)" ;;
            \(cases.map(\.choices).joined())        *)
                    case "${COMP_WORDS[1]}" in
            \(cases.map(\.table).joined())        esac ;;
                esac
                [[ "$word" == -* || "$words" != --* ]] && COMPREPLY=($(compgen -W "$words" -- "$word")) || COMPREPLY=($(compgen -f -- "$word"))
            }
            complete -F _\(program) \(program)

            """
    }

    private var zsh: String {
        let cases = commands.map { command in
            let lines = options(of: command).map { option, choices in
                let value =
                    option.takesValue
                    ? ":\(option.valueName):" + (choices.isEmpty ? "_files" : "(\(choices.joined(separator: " ")))")
                    : ""
                return "            '*--\(option.name)[\(Self.zshQuoted(option.help))]\(value)'"
            }
            return
                "        \(command.name)) _arguments \\\n\((lines + ["            '--help[Show this help]'", "            '*:file:_files'"]).joined(separator: " \\\n")) ;;\n"
        }
        let list = commands.map { "        '\($0.name):\(Self.zshQuoted($0.abstract))'\n" }.joined()
        return """
            #compdef \(program)
            _\(program)() {
                local -a commands=(
            \(list)    )
                if ((CURRENT == 2)); then _describe command commands; return; fi
                local command=$words[2]
                shift words
                ((CURRENT--))
                case "$command" in
            \(cases.joined())    esac
            }
            if [[ "$funcstack[1]" == _\(program) ]]; then _\(program) "$@"; else compdef _\(program) \(program); fi

            """
    }

    private static func zshQuoted(_ text: String) -> String {
        text.map { character in
            switch character {
            case "'": "'\\''"
            case "[", "]", ":", "\\": "\\\(character)"
            default: String(character)
            }
        }.joined()
    }

    private var fish: String {
        var lines = ["complete -c \(program) -f"]
        for command in commands {
            lines.append(
                "complete -c \(program) -n __fish_use_subcommand -a \(command.name) -d \(Self.fishQuoted(command.abstract))"
            )
            for (option, choices) in options(of: command) {
                var line = "complete -c \(program) -n '__fish_seen_subcommand_from \(command.name)' -l \(option.name)"
                if let short = option.short { line += " -s \(short)" }
                if option.takesValue {
                    line += choices.isEmpty ? " -r -F" : " -x -a \(Self.fishQuoted(choices.joined(separator: " ")))"
                }
                lines.append(line + " -d \(Self.fishQuoted(option.help))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func fishQuoted(_ text: String) -> String {
        "'" + text.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
    }
}

extension ParameterSpec {
    fileprivate var takesValue: Bool { if case .option = kind { true } else { false } }
    fileprivate var valueName: String { if case .option(let name) = kind { name } else { "" } }
}
