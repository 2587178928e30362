/// The value of `--name VALUE`, else the default, else nil.
@propertyWrapper
package struct Option<Value: ParameterValue> {
    private let slot: Slot<Value?>
    private let standard: Value?
    package var wrappedValue: Value? { slot.content ?? standard }

    /// - Parameters:
    ///   - default: The value if the option is not given, shown by help.
    ///   - defaultText: The default that help shows if the command computes it.
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

/// The values of `--name VALUE`, which can be repeated.
@propertyWrapper
package struct OptionList {
    private let slot: Slot<[String]>
    package var wrappedValue: [String] { slot.content }

    package init(_ name: String, _ valueName: String, help: String) {
        slot = Slot(
            listOf: ParameterSpec(name: name, kind: .option(valueName: valueName), help: help, isRepeatable: true))
    }
}

/// The value of the flag `--name`.
@propertyWrapper
package struct Flag<Value: FlagValue> {
    private let slot: Slot<Value>
    package var wrappedValue: Value { slot.content }

    package init(_ name: String, short: Character? = nil, help: String) {
        let spec = ParameterSpec(name: name, short: short, kind: .flag, help: help)
        // `Value(given: nil)` never fails.
        slot = Slot(spec, Value(given: nil).unsafelyUnwrapped, expectation: Value.expectation) { text, value in
            guard let given = Value(given: text) else { return false }
            value = given
            return true
        }
    }
}

/// A positional argument. Declare required arguments before optional ones.
@propertyWrapper
package struct Argument<Value: ParameterValue> {
    private let slot: Slot<Value?>
    /// Nil if an optional argument is missing.
    package var wrappedValue: Value? { slot.content }

    package init(_ name: String, required: Bool = false, help: String) {
        let spec = ParameterSpec(name: name, kind: .argument, help: help, isRequired: required)
        slot = Slot(spec, nil, of: Value.self) { text, value in
            value = Value(parameter: text)
            return value != nil
        }
    }
}

/// Any number of further positional arguments.
@propertyWrapper
package struct ArgumentList {
    private let slot: Slot<[String]>
    package var wrappedValue: [String] { slot.content }

    package init(_ name: String, help: String) {
        slot = Slot(listOf: ParameterSpec(name: name, kind: .arguments, help: help))
    }
}

/// All words after `--`, which form a command line of their own.
@propertyWrapper
package struct TrailingArguments {
    private let slot: Slot<[String]>
    package var wrappedValue: [String] { slot.content }

    package init(_ name: String, help: String) {
        slot = Slot(listOf: ParameterSpec(name: name, kind: .rest, help: help))
    }
}
