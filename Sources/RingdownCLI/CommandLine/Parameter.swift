/// The description of a parameter, used by the parser, help, manual pages and completion scripts.
package struct ParameterSpec: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// `--name VALUE`
        case option(valueName: String)
        /// `--name`
        case flag
        /// A positional argument.
        case argument
        /// Any number of further positional arguments.
        case arguments
        /// All words after `--`.
        case rest
    }

    package var name: String
    package var short: Character?
    package var kind: Kind
    package var help: String
    /// The default, as help shows it.
    package var standard: String?
    package var isRequired = false
    /// Whether the parameter can be repeated.
    package var isRepeatable = false

    /// Whether the parameter is positional.
    var isPlace: Bool {
        switch kind {
        case .argument, .arguments, .rest: true
        case .option, .flag: false
        }
    }
}

/// A type that can be parsed from the text of an option.
package protocol ParameterValue: Sendable {
    /// Parses the text; nil if it is not valid.
    init?(parameter: String)
    /// The allowed texts; empty if there is no fixed set.
    static var choices: [String] { get }
    /// A description of valid values for error messages, such as `a number of seconds`.
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

/// A value from a fixed set of words.
package protocol ChoiceParameter: ParameterValue, CaseIterable, RawRepresentable where RawValue == String {}

extension ChoiceParameter {
    package init?(parameter: String) { self.init(rawValue: parameter.lowercased()) }
    package static var choices: [String] { allCases.map(\.rawValue) }
    package static var expectation: String { "one of: \(choices.joined(separator: ", "))" }
}

/// A duration with a unit: `90s`, `45m`, `2h`, `1d`. A number without a unit is in seconds. The number is at most 1e9.
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

/// The value of a flag.
package protocol FlagValue: Sendable {
    /// - Parameter text: Nil if the flag is not given, empty if it is given without a value, else the text after `=`.
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

/// A flag that must be confirmed in some situations, as `--name=yes`.
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
