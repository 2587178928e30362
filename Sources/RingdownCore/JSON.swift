/// A JSON value (RFC 8259) that keeps what a decoder into dictionaries and doubles loses: the order of members and the
/// digits of numbers.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The number as it was written.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: JSON

        public init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The member of an object; nil for anything else, for a missing member and for `null`.
    public subscript(name: String) -> JSON? {
        guard case .object(let members) = self, let value = members.last(where: { $0.name == name })?.value,
            value != .null
        else { return nil }
        return value
    }

    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }
    public var int: Int? {
        if case .number(let digits) = self { Int(digits) } else { nil }
    }
    /// A count or position that a server sent: nil if it is not from 0 to 2^53, in which case arithmetic could overflow.
    package var count: Int? {
        if case .number(let digits) = self { Int(fromServer: digits) } else { nil }
    }
    public var double: Double? {
        if case .number(let digits) = self { Double(digits) } else { nil }
    }
    public var array: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }
    public var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }
    /// A string, or a number as it was written: for identifiers that some versions of an API send as either.
    public var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    public static func int(_ value: Int) -> JSON { .number(String(value)) }
    /// The string, or `null`.
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
    /// A whole number that a server sent, from 0 to 2^53: adding counts of this process to it cannot overflow.
    package init?(fromServer text: some StringProtocol) {
        guard let number = Int(text), (0...(1 << 53)).contains(number) else { return nil }
        self = number
    }
}
