/// What a parameter of a command looks like from outside: the one list that feeds parser, help and completions.
package struct ParameterSpec: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// `--name VALUE`
        case option(valueName: String)
        /// `--name`
        case flag
        /// A word in its place.
        case argument
        /// Any number of words, behind those that have a place.
        case arguments
        /// Everything behind `--`.
        case rest
    }

    package var name: String
    package var short: Character?
    package var kind: Kind
    package var help: String
    /// What counts if the option is not given, as help shows it.
    package var standard: String?
    package var isRequired = false
    /// Whether it may be given more than once.
    package var isRepeatable = false

    /// Whether it is a word in a place, not an option.
    var isPlace: Bool {
        switch kind {
        case .argument, .arguments, .rest: true
        case .option, .flag: false
        }
    }
}

/// A type that an option's text can be read as.
package protocol ParameterValue: Sendable {
    /// Nil where the text is no such value.
    init?(parameter: String)
    /// The allowed texts, where there is a fixed choice.
    static var choices: [String] { get }
    /// What would be right, for error messages: `a number of seconds`.
    static var expectation: String { get }
}

extension ParameterValue {
    package static var choices: [String] { [] }
}

extension String: ParameterValue {
    package init?(parameter: String) { self = parameter }
    package static var expectation: String { "a text" }
}

extension Int: ParameterValue {
    package init?(parameter: String) { self.init(parameter) }
    package static var expectation: String { "a whole number" }
}

/// A fixed choice of words.
package protocol ChoiceParameter: ParameterValue, CaseIterable, RawRepresentable where RawValue == String {}

extension ChoiceParameter {
    package init?(parameter: String) { self.init(rawValue: parameter.lowercased()) }
    package static var choices: [String] { allCases.map(\.rawValue) }
    package static var expectation: String { "one of: \(choices.joined(separator: ", "))" }
}

/// A duration with its unit: `90s`, `45m`, `2h`, `1d`; a bare number is seconds.
package struct DurationParameter: ParameterValue {
    package var duration: Duration

    package init?(parameter: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        let unit = parameter.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? parameter[...] : parameter.dropLast()), (0...1e9).contains(number)
        else {
            return nil
        }
        duration = .seconds(number * (unit ?? 1))
    }

    package static var expectation: String { "a duration such as 90s, 45m, 2h or 1d" }
}

/// What a flag can be.
package protocol FlagValue: Sendable {
    /// `text` is nil where the flag is not given, empty where it is, and otherwise what stands behind `=`.
    init?(given text: String?)
    static var expectation: String { get }
}

extension Bool: FlagValue {
    package init?(given text: String?) {
        if text?.isEmpty == false { return nil }
        self = text != nil
    }
    package static var expectation: String { "no value" }
}

/// A flag that some situations want confirmed: `--name=yes`.
package enum ConfirmedFlag: FlagValue {
    case absent, given, confirmed

    package init?(given text: String?) {
        switch text {
        case nil: self = .absent
        case "": self = .given
        case "yes": self = .confirmed
        default: return nil
        }
    }
    package static var expectation: String { "no value, or yes" }
}
