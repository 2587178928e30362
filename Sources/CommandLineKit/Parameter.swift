/// What a parameter of a command looks like from outside: the one list that feeds parser, help and completions.
public struct ParameterSpec: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// `--name VALUE`
        case option(valueName: String)
        /// `--name`
        case flag
        /// A word in its place.
        case argument
        /// Everything behind `--`.
        case rest
    }

    public var name: String
    public var short: Character?
    public var kind: Kind
    public var help: String
    public var isRequired = false
}

/// A type that an option's text can be read as.
public protocol ParameterValue: Sendable {
    /// Nil where the text is no such value.
    init?(parameter: String)
    /// The allowed texts, where there is a fixed choice.
    static var choices: [String] { get }
    /// What would be right, for error messages: `a number of seconds`.
    static var expectation: String { get }
}

extension ParameterValue {
    public static var choices: [String] { [] }
}

extension String: ParameterValue {
    public init?(parameter: String) { self = parameter }
    public static var expectation: String { "a text" }
}

extension Int: ParameterValue {
    public init?(parameter: String) { self.init(parameter) }
    public static var expectation: String { "a whole number" }
}

/// A fixed choice of words.
public protocol ChoiceParameter: ParameterValue, CaseIterable, RawRepresentable where RawValue == String {}

extension ChoiceParameter {
    public init?(parameter: String) { self.init(rawValue: parameter.lowercased()) }
    public static var choices: [String] { allCases.map(\.rawValue) }
    public static var expectation: String { "one of: \(choices.joined(separator: ", "))" }
}

/// A duration with its unit: `90s`, `45m`, `2h`, `1d`; a bare number is seconds.
public struct DurationParameter: ParameterValue {
    public var duration: Duration

    public init?(parameter: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        let unit = parameter.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? parameter[...] : parameter.dropLast()), (0...1e9).contains(number)
        else {
            return nil
        }
        duration = .seconds(number * (unit ?? 1))
    }

    public static var expectation: String { "a duration such as 90s, 45m, 2h or 1d" }
}

/// What the parser fills. The wrappers below hold one each; a fresh command has fresh slots.
protocol ParameterSlot: AnyObject {
    var spec: ParameterSpec { get }
    /// The allowed texts, where there is a fixed choice; made when they are asked for.
    var choices: [String] { get }
    /// Takes a value; false where it is not of the right form.
    func take(_ text: String) -> Bool
    var expectation: String { get }
}

extension ParameterSlot {
    var choices: [String] { [] }
}

/// The parameters of a command that is being made, in the order of their declaration; the wrappers below enter themselves.
///
/// Nothing is looked up by reflection: that alone would take longer than the rest of a command with a cached token.
final class ParameterList: @unchecked Sendable {  // because only the task that makes the command sees it
    @TaskLocal private static var current: ParameterList?
    private(set) var slots: [any ParameterSlot] = []

    static func add(_ slot: any ParameterSlot) {
        current?.slots.append(slot)
    }

    /// A new command, and its parameters.
    static func of(_ type: any Command.Type) -> (command: any Command, slots: [any ParameterSlot]) {
        let list = ParameterList()
        let command = $current.withValue(list) { type.init() }
        return (command, list.slots)
    }
}

/// `--name VALUE`, or nil.
@propertyWrapper
public struct Option<Value: ParameterValue> {
    private final class Slot: ParameterSlot {
        var value: Value?
        let spec: ParameterSpec

        init(_ spec: ParameterSpec) {
            self.spec = spec
        }

        var choices: [String] { Value.choices }
        func take(_ text: String) -> Bool {
            value = Value(parameter: text)
            return value != nil
        }
        var expectation: String { Value.expectation }
    }

    private let storage: Slot
    public var wrappedValue: Value? { storage.value }

    public init(_ name: String, short: Character? = nil, _ valueName: String, help: String) {
        storage = Slot(ParameterSpec(name: name, short: short, kind: .option(valueName: valueName), help: help))
        ParameterList.add(storage)
    }
}

/// `--name VALUE`, as often as wanted.
@propertyWrapper
public struct OptionList {
    private final class Slot: ParameterSlot {
        var values: [String] = []
        let spec: ParameterSpec

        init(_ spec: ParameterSpec) {
            self.spec = spec
        }

        func take(_ text: String) -> Bool {
            values.append(text)
            return true
        }
        var expectation: String { String.expectation }
    }

    private let storage: Slot
    public var wrappedValue: [String] { storage.values }

    public init(_ name: String, _ valueName: String, help: String) {
        storage = Slot(ParameterSpec(name: name, kind: .option(valueName: valueName), help: help))
        ParameterList.add(storage)
    }
}

/// `--name`: true where it is given.
@propertyWrapper
public struct Flag<Value: FlagValue> {
    private final class Slot: ParameterSlot {
        var value = Value(given: nil)
        let spec: ParameterSpec

        init(_ spec: ParameterSpec) {
            self.spec = spec
        }

        func take(_ text: String) -> Bool {
            guard let given = Value(given: text) else { return false }
            value = given
            return true
        }
        var expectation: String { Value.expectation }
    }

    private let storage: Slot
    // A value for "not given" always exists.
    public var wrappedValue: Value { storage.value.unsafelyUnwrapped }

    public init(_ name: String, short: Character? = nil, help: String) {
        storage = Slot(ParameterSpec(name: name, short: short, kind: .flag, help: help))
        ParameterList.add(storage)
    }
}

/// What a flag can be.
public protocol FlagValue: Sendable {
    /// `text` is nil where the flag is not given, empty where it is, and otherwise what stands behind `=`.
    init?(given text: String?)
    static var expectation: String { get }
}

extension Bool: FlagValue {
    public init?(given text: String?) {
        if text?.isEmpty == false { return nil }
        self = text != nil
    }
    public static var expectation: String { "no value" }
}

/// A flag that some situations want confirmed: `--name=yes`.
public enum ConfirmedFlag: FlagValue {
    case absent, given, confirmed

    public init?(given text: String?) {
        switch text {
        case nil: self = .absent
        case "": self = .given
        case "yes": self = .confirmed
        default: return nil
        }
    }
    public static var expectation: String { "no value, or yes" }
}

/// A word in its place; those that are required come before those that are not.
@propertyWrapper
public struct Argument {
    private final class Slot: ParameterSlot {
        var value: String?
        let spec: ParameterSpec

        init(_ spec: ParameterSpec) {
            self.spec = spec
        }

        func take(_ text: String) -> Bool {
            value = text
            return true
        }
        var expectation: String { "" }
    }

    private let storage: Slot
    public var wrappedValue: String? { storage.value }

    public init(_ name: String, required: Bool = false, help: String) {
        storage = Slot(ParameterSpec(name: name, kind: .argument, help: help, isRequired: required))
        ParameterList.add(storage)
    }
}

/// Everything behind `--`: a command line of its own.
@propertyWrapper
public struct Rest {
    private final class Slot: ParameterSlot {
        var values: [String] = []
        let spec: ParameterSpec

        init(_ spec: ParameterSpec) {
            self.spec = spec
        }

        func take(_ text: String) -> Bool {
            values.append(text)
            return true
        }
        var expectation: String { "" }
    }

    private let storage: Slot
    public var wrappedValue: [String] { storage.values }

    public init(_ name: String, help: String) {
        storage = Slot(ParameterSpec(name: name, kind: .rest, help: help))
        ParameterList.add(storage)
    }
}
