internal import RingdownCore

/// The action that a command line requests.
package enum Invocation {
    case run(any Command)
    /// Show the help of a command, or of the program if nil.
    case help((any Command.Type)?)
}

extension CommandTree {
    /// Parses a command line.
    ///
    /// - Parameter arguments: The words after the program's name.
    /// - Throws: `UsageError` if the command line is not valid.
    package func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
        guard let first = arguments.first else { return .help(nil) }
        if ["-h", "--help", "help"].contains(first) {
            guard arguments.count > 1, first == "help" else { return .help(nil) }
            return .help(try command(named: arguments[1]))
        }
        if first == "--version" || first == "-V" { return try parse(["version"]) }
        let type = try command(named: first)
        let (command, slots) = ParameterList.of(type)
        var parser = Parser(
            parameters: slots, words: arguments.dropFirst(), help: "see '\(program) \(type.name) --help'")
        return try parser.fill() ? .run(command) : .help(type)
    }

    private func command(named name: String) throws(UsageError) -> any Command.Type {
        if let command = commands.first(where: { $0.name == name }) { return command }
        if name.hasPrefix("-") {
            throw UsageError(
                "unknown option '\(name)'", hint: "options come after the command: '\(program) COMMAND \(name)'")
        }
        let close = nearest(to: name, among: commands.map { $0.name }).first
        throw UsageError(
            "unknown command '\(name)'",
            hint: close.map { "did you mean '\(program) \($0)'?" } ?? "'\(program) --help' lists the commands"
        )
    }
}

private struct Parser {
    let parameters: [any ParameterSlot]
    var words: ArraySlice<String>
    let help: String
    /// The names of options that were already given.
    private var given: Set<String> = []

    init(parameters: [any ParameterSlot], words: ArraySlice<String>, help: String) {
        (self.parameters, self.words, self.help) = (parameters, words, help)
    }

    /// Parses all words.
    ///
    /// - Returns: False if help is requested.
    mutating func fill() throws(UsageError) -> Bool {
        var values: [String] = []
        while let word = words.popFirst() {
            if word == "--" {
                try takeRest()
                break
            }
            if word == "-h" || word == "--help" { return false }
            if word.hasPrefix("-"), word.count > 1 {
                try takeOption(word)
            } else {
                values.append(word)
            }
        }
        try take(values)
        return true
    }

    /// Assigns words to positional parameters. Optional parameters receive the words that required ones leave over.
    private func take(_ values: [String]) throws(UsageError) {
        let places = parameters.filter { $0.spec.kind == .argument }
        var spare = values.count - places.filter(\.spec.isRequired).count
        var values = values[...]
        for place in places where place.spec.isRequired || spare > 0 {
            guard let value = values.popFirst() else {
                let names = places.filter(\.spec.isRequired).map(\.spec.name).joined(separator: " and ")
                throw UsageError("\(place.spec.name) is missing: this command requires \(names)", hint: help)
            }
            guard place.take(value) else {
                throw UsageError(
                    "\(place.spec.name) cannot be '\(abbreviated(value))': expected \(place.expectation)", hint: help)
            }
            if !place.spec.isRequired { spare -= 1 }
        }
        if let list = parameters.first(where: { $0.spec.kind == .arguments }) {
            while let word = values.popFirst() { _ = list.take(word) }
        }
        if let word = values.first {
            throw UsageError("unexpected argument '\(abbreviated(word))'", hint: restHint ?? help)
        }
    }

    /// The most likely mistake for commands that run another command.
    private var restHint: String? {
        parameters.first { $0.spec.kind == .rest }.map { "put '--' before \($0.spec.name)" }
    }

    private mutating func takeRest() throws(UsageError) {
        guard let rest = parameters.first(where: { $0.spec.kind == .rest }) else {
            throw UsageError("this command takes no arguments after '--'", hint: help)
        }
        if words.isEmpty { throw UsageError("\(rest.spec.name) is missing after '--'", hint: help) }
        for word in words { _ = rest.take(word) }
        words = []
    }

    private mutating func takeOption(_ word: String) throws(UsageError) {
        let isLong = word.hasPrefix("--")
        let parts = word.drop { $0 == "-" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        let found = parameters.first { slot in
            switch slot.spec.kind {
            case .option, .flag: isLong ? slot.spec.name == name : slot.spec.short.map(String.init) == name
            case .argument, .arguments, .rest: false
            }
        }
        guard let slot = found else { throw unknown(word, name) }
        let spec = slot.spec
        if !given.insert(spec.name).inserted, !spec.isRepeatable {
            throw UsageError("--\(spec.name) is given twice", hint: "remove one of them")
        }
        guard case .option(let valueName) = spec.kind else {
            let isRight = parts.count == 1 ? slot.take("") : !parts[1].isEmpty && slot.take(String(parts[1]))
            if !isRight { throw UsageError("--\(spec.name) takes \(slot.expectation)", hint: help) }
            return
        }
        guard let text = parts.count == 2 ? String(parts[1]) : words.popFirst() else {
            throw UsageError("--\(spec.name) requires a value: \(valueName)", hint: help)
        }
        if text.isEmpty {
            throw UsageError(
                "--\(spec.name) is empty", hint: "remove the option, or set the variable that holds its value")
        }
        guard slot.take(text) else {
            throw UsageError(
                "--\(spec.name) cannot be '\(abbreviated(text))': expected \(slot.expectation)", hint: help)
        }
    }

    private func unknown(_ word: String, _ name: String) -> UsageError {
        let names = parameters.map(\.spec).compactMap { spec in
            switch spec.kind {
            case .option, .flag: spec.name
            case .argument, .arguments, .rest: nil
            }
        }
        let shown = word.prefix { $0 != "=" }  // the value may be a secret given by mistake
        let meant = nearest(to: name, among: names).first
        let isSecret = ["secret", "password", "access-key", "token"].contains { name.lowercased().hasSuffix($0) }
        if isSecret, meant == nil {
            return UsageError(
                "'\(shown)' is not an option: every user of this machine can read secrets in arguments",
                hint: "store the secret in a file and set …_CLIENT_SECRET_FILE to its path; " + help)
        }
        return UsageError(
            "unknown option '\(shown)'",
            hint: meant.map { "did you mean --\($0)? " + help } ?? restHint ?? help)
    }
}
