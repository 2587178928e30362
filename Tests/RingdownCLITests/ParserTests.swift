import Testing

@testable import RingdownCLI

/// Invalid command lines: the error names the mistake and the closest valid word.
@Suite struct ParserTests {
    /// An option or flag of a command.
    private struct Named {
        let command: String
        let slot: any ParameterSlot
        var spec: ParameterSpec { slot.spec }
        /// The name of the value; nil for a flag.
        var valueName: String? { if case .option(let name) = spec.kind { name } else { nil } }
    }

    private static var options: [Named] {
        RingdownTool.tree.commands.flatMap { command in
            ParameterList.of(command).slots.filter { !$0.spec.isPlace }.map { Named(command: command.name, slot: $0) }
        }
    }

    private func refusal(_ words: String...) -> String {
        let error = #expect(throws: UsageError.self, "\(words)") { try RingdownTool.tree.parse(words) }
        #expect(error?.hint.isEmpty == false, "\(words)")
        return error?.message ?? ""
    }

    @Test func `there are options to test`() {
        #expect(Self.options.count > 150)
    }

    @Test func `a missing or empty value is rejected`() {
        for option in Self.options {
            let name = "--\(option.spec.name)"
            if let value = option.valueName {
                #expect(refusal(option.command, name) == "\(name) requires a value: \(value)")
                #expect(refusal(option.command, name + "=") == "\(name) is empty")
            } else {
                #expect(refusal(option.command, name + "=nonsense").hasPrefix("\(name) takes "))
            }
        }
    }

    @Test func `a repeated option is rejected`() {
        for option in Self.options where !option.spec.isRepeatable {
            let name = "--\(option.spec.name)"
            guard let value = option.valueName else {
                #expect(refusal(option.command, name, name) == "\(name) is given twice")
                continue
            }
            let values = ["NUMBER": "1", "DURATION": "1s"]
            let text = values[value] ?? option.slot.choices.first ?? "x"
            let message = refusal(option.command, name, text, name, text)
            #expect(message == "\(name) is given twice" || message.contains("cannot be"), "\(message)")
        }
    }

    @Test func `a value of the wrong type is rejected`() {
        let kinds = ["NUMBER", "DURATION", "FORMAT"]
        // The version of a job is text.
        let typed = Self.options.filter { kinds.contains($0.valueName ?? "") && $0.spec.name != "version" }
        #expect(typed.count > 40)
        for option in typed {
            let message = refusal(option.command, "--\(option.spec.name)", "@nonsense")
            #expect(message.hasPrefix("--\(option.spec.name) cannot be '@nonsense': expected "))
        }
    }

    @Test func `an unknown option is rejected with the closest name`() {
        for option in Self.options where option.spec.name.count > 4 {
            let short = String(option.spec.name.dropLast())
            guard !Self.options.contains(where: { $0.command == option.command && $0.spec.name == short }) else {
                continue
            }
            let error = #expect(throws: UsageError.self) {
                try RingdownTool.tree.parse([option.command, "--" + short])
            }
            #expect(error?.message == "unknown option '--\(short)'")
            #expect(error?.hint.contains("did you mean --") == true, "\(option.command) --\(short)")
        }
    }

    @Test(arguments: [
        ("tokens-why", nil), ("toekn", "token"), ("docter", "doctor"), ("user", "users"), ("intt", "init"),
    ])
    func `an unknown command is rejected with the closest name`(word: String, meant: String?) {
        let error = #expect(throws: UsageError.self) { try RingdownTool.tree.parse([word]) }
        #expect(error?.message == "unknown command '\(word)'")
        if let meant { #expect(error?.hint == "did you mean 'ringdown \(meant)'?") }
    }

    private static let secret = "eL5Al1oWh-AKo7jxuIGcNsf31rnKE6tcXM1BY8GHjyB"

    @Test(arguments: [
        ["--client-secret", secret], ["--client-secret=\(secret)"], ["--password", secret], ["--access-token", secret],
    ])
    func `a secret as an argument is rejected and not printed`(words: [String]) {
        let error = #expect(throws: UsageError.self) { try RingdownTool.tree.parse(["token"] + words) }
        #expect(error?.message.contains("every user of this machine can read secrets in arguments") == true)
        #expect(error?.hint.contains("_FILE") == true)
        #expect(error?.message.contains(Self.secret) == false && error?.hint.contains(Self.secret) == false)
    }

    @Test func `a secret in place of another value is not printed`() {
        for option in Self.options where option.valueName != nil && !option.slot.choices.isEmpty {
            let message = refusal(option.command, "--\(option.spec.name)", Self.secret)
            #expect(!message.contains(Self.secret), "\(option.command) --\(option.spec.name)")
        }
        #expect(!refusal("token", "prod", Self.secret).contains(Self.secret))
    }
}
