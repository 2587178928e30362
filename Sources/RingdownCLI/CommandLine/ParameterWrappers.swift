/// `--name VALUE`, its default, or nil.
@propertyWrapper
package struct Option<Value: ParameterValue> {
    private let slot: Slot<Value?>
    private let standard: Value?
    package var wrappedValue: Value? { slot.content ?? standard }

    /// - Parameters:
    ///   - default: The value if the option is not given; help shows it.
    ///   - defaultText: What help shows as the default where the value depends on something else.
    package init(
        _ name: String, short: Character? = nil, _ valueName: String, default: String? = nil,
        defaultText: String? = nil,
        help: String
    ) {
        standard = `default`.flatMap { Value(parameter: $0) }
        let spec = ParameterSpec(
            name: name, short: short, kind: .option(valueName: valueName), help: help,
            standard: `default` ?? defaultText)
        slot = Slot(spec, nil, of: Value.self) { text, value in
            value = Value(parameter: text)
            return value != nil
        }
    }
}

/// `--name VALUE`, as often as wanted.
@propertyWrapper
package struct OptionList {
    private let slot: Slot<[String]>
    package var wrappedValue: [String] { slot.content }

    package init(_ name: String, _ valueName: String, help: String) {
        slot = Slot(
            listOf: ParameterSpec(name: name, kind: .option(valueName: valueName), help: help, isRepeatable: true))
    }
}

/// `--name`: true where it is given.
@propertyWrapper
package struct Flag<Value: FlagValue> {
    private let slot: Slot<Value>
    package var wrappedValue: Value { slot.content }

    package init(_ name: String, short: Character? = nil, help: String) {
        let spec = ParameterSpec(name: name, short: short, kind: .flag, help: help)
        // A value for "not given" always exists.
        slot = Slot(spec, Value(given: nil).unsafelyUnwrapped, expectation: Value.expectation) { text, value in
            guard let given = Value(given: text) else { return false }
            value = given
            return true
        }
    }
}

/// A word in its place; those that are required come before those that are not.
@propertyWrapper
package struct Argument {
    private let slot: Slot<String?>
    package var wrappedValue: String? { slot.content }

    package init(_ name: String, required: Bool = false, help: String) {
        slot = Slot(ParameterSpec(name: name, kind: .argument, help: help, isRequired: required), nil) { text, value in
            value = text
            return true
        }
    }
}

/// Any number of words, behind those that have a place.
@propertyWrapper
package struct ArgumentList {
    private let slot: Slot<[String]>
    package var wrappedValue: [String] { slot.content }

    package init(_ name: String, help: String) {
        slot = Slot(listOf: ParameterSpec(name: name, kind: .arguments, help: help))
    }
}

/// Everything behind `--`: a command line of its own.
@propertyWrapper
package struct TrailingArguments {
    private let slot: Slot<[String]>
    package var wrappedValue: [String] { slot.content }

    package init(_ name: String, help: String) {
        slot = Slot(listOf: ParameterSpec(name: name, kind: .rest, help: help))
    }
}
