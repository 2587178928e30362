extension JSON {
    /// Decodes the value as a type of the caller.
    ///
    /// Integers are exact: a number with a fraction, or outside of the range of the type, is an error. `1.0` and `1e3` are
    /// integers. For duplicate member names, the last member is used. `Date` and `URL` require the module `RingdownFoundation`.
    ///
    /// - Parameter type: The type to decode.
    /// - Returns: The decoded value.
    /// - Throws: `DecodingError` with the path of the member that does not match, and the errors of the type itself.
    public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoding(self, at: .root).decoded(type)
    }
}

extension DecodingError {
    /// The path and the reason as text for messages, such as `division.id: expected a string, found a number`.
    ///
    /// Names of members may come from a server, so they are sanitized.
    package var summary: String {
        if case .keyNotFound(let key, let context) = self {
            return Self.summary(context.codingPath + [key], "the member is missing")
        }
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return Self.summary(context.codingPath, context.debugDescription)
        default: return "the value does not match the type"
        }
    }

    private static func summary(_ path: [any CodingKey], _ reason: String) -> String {
        var text = ""
        for key in path {
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + sanitized(key.stringValue, limit: 60)
            }
        }
        return (text.isEmpty ? "" : text + ": ") + sanitized(reason, limit: 200)
    }
}

/// The position of a value in a document: the keys that lead to it.
indirect enum JSONPath {
    case root
    case member(any CodingKey, of: JSONPath)

    /// The keys, outermost first.
    var keys: [any CodingKey] {
        var keys: [any CodingKey] = []
        var rest = self
        while case .member(let key, let parent) = rest {
            keys.append(key)
            rest = parent
        }
        return keys.reversed()
    }

    /// Returns the position of a member or element of this value.
    func appending(_ key: any CodingKey) -> JSONPath { .member(key, of: self) }
}

/// The key of an array element, or of a member that no type declares.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
    init(intValue: Int) { (stringValue, self.intValue) = ("Index \(intValue)", intValue) }

    /// The key of the value of a superclass.
    static let superclass = JSONKey(stringValue: "super")
}

/// A decoder over a parsed JSON value.
///
/// It needs no Foundation.
struct JSONDecoding: Decoder {
    let json: JSON
    let path: JSONPath

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(_ json: JSON, at path: JSONPath) {
        (self.json, self.path) = (json, path)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = json else { throw mismatch([String: JSON].self, "an object") }
        return KeyedDecodingContainer(JSONObjectContainer<Key>(members, path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = json else { throw mismatch([JSON].self, "an array") }
        return JSONArrayContainer(elements, path)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { JSONValueContainer(decoder: self) }

    /// Decodes the value as a type that reads itself.
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value { try Value(from: self) }

    // MARK: Values

    func boolean() throws -> Bool {
        guard case .bool(let value) = json else { throw mismatch(Bool.self, "a boolean") }
        return value
    }

    func string() throws -> String {
        guard case .string(let text) = json else { throw mismatch(String.self, "a string") }
        return text
    }

    /// Decodes an integer without a loss.
    func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        guard case .number(let digits) = json else { throw mismatch(type, "an integer") }
        if let value = Value(digits, radix: 10) ?? Value(decimal: digits) { return value }
        throw DecodingError.dataCorrupted(context("the number is not an integer in the range of \(type)"))
    }

    /// Decodes a floating-point number.
    ///
    /// Digits beyond its precision are lost.
    func number<Value: BinaryFloatingPoint & LosslessStringConvertible>(_ type: Value.Type) throws -> Value {
        guard case .number(let digits) = json else { throw mismatch(type, "a number") }
        if let value = Value(digits), value.isFinite { return value }
        throw DecodingError.dataCorrupted(context("the number is not in the range of \(type)"))
    }

    private func mismatch(_ type: Any.Type, _ wanted: String) -> DecodingError {
        json == .null
            ? .valueNotFound(type, context("expected \(wanted), found null"))
            : .typeMismatch(type, context("expected \(wanted), found \(json.kind)"))
    }

    private func context(_ reason: String) -> DecodingError.Context {
        DecodingError.Context(codingPath: codingPath, debugDescription: reason)
    }
}

extension JSON {
    /// The type of the value, for messages.
    fileprivate var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension FixedWidthInteger {
    /// Reads an integer from a decimal number with a fraction or an exponent, such as `1.0` or `1e3`.
    ///
    /// Returns nil if it is not an integer or does not fit.
    fileprivate init?(decimal digits: String) {
        let parts = digits.lowercased().split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        let mantissa = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        var significant = mantissa.joined()
        if significant.utf8.allSatisfy({ $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "-") }) {
            self = 0
            return
        }
        // The bounds keep the arithmetic and the number of zeros small. No integer type is larger.
        guard let exponent = parts.count > 1 ? Int(parts[1]) : 0, (-1_000_000...1_000_000).contains(exponent) else {
            return nil
        }
        var shift = exponent - (mantissa.count > 1 ? mantissa[1].utf8.count : 0)
        while shift < 0, significant.utf8.last == UInt8(ascii: "0") {
            significant.removeLast()
            shift += 1
        }
        guard (0...64).contains(shift) else { return nil }
        self.init(significant + String(repeating: "0", count: shift), radix: 10)
    }
}

extension JSON: Codable {
    /// Decodes any JSON value, for members whose type the caller does not know.
    ///
    /// The decoder of ``decoded(as:)`` keeps the digits of numbers and the order of members. Other decoders return numbers as
    /// `Int64`, `UInt64` or `Double`, and members in an order of their own.
    ///
    /// - Parameter decoder: The decoder.
    /// - Throws: `DecodingError` if the value is not JSON.
    public init(from decoder: any Decoder) throws {
        if let decoder = decoder as? JSONDecoding {
            self = decoder.json
        } else if let container = try? decoder.container(keyedBy: JSONKey.self) {
            self = .object(
                try container.allKeys.map { Member($0.stringValue, try container.decode(JSON.self, forKey: $0)) })
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [JSON] = []
            while !container.isAtEnd { elements.append(try container.decode(JSON.self)) }
            self = .array(elements)
        } else {
            self = try JSON(scalar: decoder.singleValueContainer())
        }
    }

    private init(scalar container: any SingleValueDecodingContainer) throws {
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let value = try? container.decode(Int64.self) {
            self = .number(String(value))
        } else if let value = try? container.decode(UInt64.self) {
            self = .number(String(value))
        } else {
            self = .number("\(try container.decode(Double.self))")
        }
    }

    /// Encodes the value.
    ///
    /// The encoder of ``init(encoding:)`` keeps the digits of numbers.
    ///
    /// - Parameter encoder: The encoder.
    /// - Throws: The errors of the encoder.
    public func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? JSONEncoding { return encoder.encode(self) }
        switch self {
        case .object(let members):
            var container = encoder.container(keyedBy: JSONKey.self)
            for member in members {
                try container.encode(member.value, forKey: JSONKey(stringValue: member.name))
            }
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .string(let text):
            var container = encoder.singleValueContainer()
            try container.encode(text)
        case .number(let digits):
            var container = encoder.singleValueContainer()
            if let value = Int64(digits) {
                try container.encode(value)
            } else if let value = UInt64(digits) {
                try container.encode(value)
            } else {
                try container.encode(Double(digits) ?? 0)
            }
        }
    }
}
