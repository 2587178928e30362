extension JSON {
    /// Encodes a value of the caller as JSON.
    ///
    /// Members have the order in which the type encodes them. An optional member that is nil is omitted. `Date` and `URL` require
    /// the module `RingdownFoundation`.
    ///
    /// - Parameter value: The value to encode.
    /// - Throws: `EncodingError` if a number is infinite or not a number, and the errors of the type itself.
    public init(encoding value: some Encodable) throws {
        let encoder = JSONEncoding(at: .root)
        try encoder.encode(anything: value)
        self = encoder.json
    }
}

/// An encoder that builds a JSON value.
///
/// Each nested value has an encoder of its own, which its container creates.
final class JSONEncoding: Encoder {
    private enum Content {
        case scalar(JSON)
        case array([JSONEncoding])
        case object([(name: String, value: JSONEncoding)])
    }

    private let path: JSONPath
    private var content: Content?
    /// The positions of the members by name.
    private var index: [String: Int] = [:]

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(at path: JSONPath) {
        self.path = path
    }

    /// The encoded value.
    ///
    /// A type that encodes nothing is an empty object.
    var json: JSON {
        switch content {
        case .scalar(let json): json
        case .array(let elements): .array(elements.map(\.json))
        case .object(let members): .object(members.map { JSON.Member($0.name, $0.value.json) })
        case nil: .object([])
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .object = content {} else { (content, index) = (.object([]), [:]) }
        return KeyedEncodingContainer(JSONObjectWriter<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array = content {} else { content = .array([]) }
        return JSONArrayWriter(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONValueWriter(encoder: self) }

    // MARK: Values

    func encode(_ json: JSON) { content = .scalar(json) }

    /// Encodes a value that writes itself.
    func encode(anything value: some Encodable) throws { try value.encode(to: self) }

    /// Encodes a floating-point number.
    func encode(number value: some BinaryFloatingPoint & LosslessStringConvertible & Encodable) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value,
                EncodingError.Context(
                    codingPath: codingPath, debugDescription: "JSON has no number for \(value.description)"))
        }
        encode(.number(value.description))
    }

    // MARK: Members and elements

    /// Returns the encoder of a member.
    ///
    /// A member of the same name is replaced.
    func member(_ key: any CodingKey) -> JSONEncoding {
        let child = JSONEncoding(at: path.appending(key))
        guard case .object(var members) = content else { return child }
        content = nil  // so that the array is not copied
        if let position = index[key.stringValue] {
            members[position].value = child
        } else {
            index[key.stringValue] = members.count
            members.append((key.stringValue, child))
        }
        content = .object(members)
        return child
    }

    /// Returns the encoder of the next element.
    func element() -> JSONEncoding {
        guard case .array(var elements) = content else { return JSONEncoding(at: path) }
        let child = JSONEncoding(at: path.appending(JSONKey(intValue: elements.count)))
        content = nil  // so that the array is not copied
        elements.append(child)
        content = .array(elements)
        return child
    }

    /// The number of elements so far.
    var elementCount: Int {
        if case .array(let elements) = content { elements.count } else { 0 }
    }
}

private struct JSONObjectWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: JSONEncoding

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) { encoder.member(key).encode(.null) }
    func encode(_ value: Bool, forKey key: Key) { encoder.member(key).encode(.bool(value)) }
    func encode(_ value: String, forKey key: Key) { encoder.member(key).encode(.string(value)) }
    func encode(_ value: Double, forKey key: Key) throws { try encoder.member(key).encode(number: value) }
    func encode(_ value: Float, forKey key: Key) throws { try encoder.member(key).encode(number: value) }
    func encode(_ value: Int, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: Int8, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: Int16, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: Int32, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: Int64, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: Int128, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: UInt, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: UInt8, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: UInt16, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: UInt32, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: UInt64, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode(_ value: UInt128, forKey key: Key) { encoder.member(key).encode(.number(String(value))) }
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try encoder.member(key).encode(anything: value)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        encoder.member(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder.member(key).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { encoder.member(JSONKey.superclass) }
    func superEncoder(forKey key: Key) -> any Encoder { encoder.member(key) }
}

private struct JSONArrayWriter: UnkeyedEncodingContainer {
    let encoder: JSONEncoding

    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.elementCount }

    func encodeNil() { encoder.element().encode(.null) }
    func encode(_ value: Bool) { encoder.element().encode(.bool(value)) }
    func encode(_ value: String) { encoder.element().encode(.string(value)) }
    func encode(_ value: Double) throws { try encoder.element().encode(number: value) }
    func encode(_ value: Float) throws { try encoder.element().encode(number: value) }
    func encode(_ value: Int) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: Int8) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: Int16) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: Int32) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: Int64) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: Int128) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: UInt) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: UInt8) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: UInt16) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: UInt32) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: UInt64) { encoder.element().encode(.number(String(value))) }
    func encode(_ value: UInt128) { encoder.element().encode(.number(String(value))) }
    func encode<Value: Encodable>(_ value: Value) throws { try encoder.element().encode(anything: value) }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        encoder.element().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.element().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder.element() }
}

private struct JSONValueWriter: SingleValueEncodingContainer {
    let encoder: JSONEncoding

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil() { encoder.encode(.null) }
    func encode(_ value: Bool) { encoder.encode(.bool(value)) }
    func encode(_ value: String) { encoder.encode(.string(value)) }
    func encode(_ value: Double) throws { try encoder.encode(number: value) }
    func encode(_ value: Float) throws { try encoder.encode(number: value) }
    func encode(_ value: Int) { encoder.encode(.number(String(value))) }
    func encode(_ value: Int8) { encoder.encode(.number(String(value))) }
    func encode(_ value: Int16) { encoder.encode(.number(String(value))) }
    func encode(_ value: Int32) { encoder.encode(.number(String(value))) }
    func encode(_ value: Int64) { encoder.encode(.number(String(value))) }
    func encode(_ value: Int128) { encoder.encode(.number(String(value))) }
    func encode(_ value: UInt) { encoder.encode(.number(String(value))) }
    func encode(_ value: UInt8) { encoder.encode(.number(String(value))) }
    func encode(_ value: UInt16) { encoder.encode(.number(String(value))) }
    func encode(_ value: UInt32) { encoder.encode(.number(String(value))) }
    func encode(_ value: UInt64) { encoder.encode(.number(String(value))) }
    func encode(_ value: UInt128) { encoder.encode(.number(String(value))) }
    func encode<Value: Encodable>(_ value: Value) throws { try encoder.encode(anything: value) }
}
