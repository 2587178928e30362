/// A JSON value (RFC 8259) that preserves the order of members and the digits of numbers, which decoding into dictionaries and
/// doubles loses.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number in its original notation.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    /// A name and a value in an object.
    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: JSON

        public init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The member of an object; nil if the value is not an object, or the member is missing or `null`.
    public subscript(name: String) -> JSON? {
        guard case .object(let members) = self, let value = members.last(where: { $0.name == name })?.value,
            value != .null
        else { return nil }
        return value
    }

    /// The value of a string; nil for other types.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
    /// The value of a boolean; nil for other types.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }
    /// The value of an integer; nil for other types and for numbers that are not integers.
    public var int: Int? {
        if case .number(let digits) = self { Int(digits) } else { nil }
    }
    /// A count or position from a server; nil if it is not from 0 to 2^53, since arithmetic could overflow.
    package var count: Int? {
        if case .number(let digits) = self { Int(fromServer: digits) } else { nil }
    }
    /// The value of a number; nil for other types.
    public var double: Double? {
        if case .number(let digits) = self { Double(digits) } else { nil }
    }
    /// The elements of an array; nil for other types.
    public var array: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }
    /// The members of an object; nil for other types.
    public var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }
    /// A string, or a number in its original notation, for identifiers that an API sends as either.
    public var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    /// Returns a number.
    public static func int(_ value: Int) -> JSON { .number(String(value)) }
    /// Returns the string as JSON, or `null` for nil.
    public static func optional(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
}

extension JSON: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0.0, $0.1) }) }
    public init(nilLiteral: ()) { self = .null }
}

extension Int {
    /// Parses an integer from a server. It is from 0 to 2^53, so that adding counts of this process cannot overflow.
    package init?(fromServer text: some StringProtocol) {
        guard let number = Int(text), (0...(1 << 53)).contains(number) else { return nil }
        self = number
    }
}
