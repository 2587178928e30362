/// The fields of a request or a response, in order. Names compare without case; only legal fields can be made.
public struct Headers: Sendable {
    public enum Content: Sendable {
        case text(String)
        case secret(Secret)
    }

    /// A name or value that HTTP does not allow (RFC 9110 section 5): most often a line break in it.
    public struct Illegal: Error, Equatable, CustomStringConvertible {
        public let name: String
        public var description: String {
            "the header field '\(sanitized(name, limit: 60))' holds a character that HTTP does not allow"
        }
    }

    public private(set) var fields: [(name: String, value: Content)] = []

    public init() {}

    /// The first value of a field, unless it is a secret.
    public subscript(name: String) -> String? {
        for field in fields where field.name.equalsIgnoringCase(name) {
            if case .text(let text) = field.value { return text }
        }
        return nil
    }

    public func has(_ name: String) -> Bool {
        fields.contains { $0.name.equalsIgnoringCase(name) }
    }

    /// Sets a field, in place of any of its name.
    public mutating func set(_ name: String, _ text: String) throws(Illegal) {
        guard Self.isLegal(name), !text.utf8.contains(where: Self.isIllegalInValue) else { throw Illegal(name: name) }
        replace(name, .text(text))
    }

    /// Sets a field that must never be shown.
    public mutating func set(_ name: String, _ secret: Secret) throws(Illegal) {
        guard Self.isLegal(name), !secret.contains(where: Self.isIllegalInValue) else { throw Illegal(name: name) }
        replace(name, .secret(secret))
    }

    /// Adds a field as it came over the wire, where the parser has judged it already.
    package mutating func addParsed(_ name: String, _ text: String) {
        if fields.isEmpty { fields.reserveCapacity(8) }
        fields.append((name, .text(text)))
    }

    public mutating func remove(_ name: String) {
        fields.removeAll { $0.name.equalsIgnoringCase(name) }
    }

    private mutating func replace(_ name: String, _ value: Content) {
        remove(name)
        fields.append((name, value))
    }

    private static func isLegal(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0.isAlphanumeric || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }
    private static func isIllegalInValue(_ byte: UInt8) -> Bool {
        byte == 0x7F || (byte < 0x20 && byte != 0x09)
    }
}

extension Headers: ExpressibleByDictionaryLiteral {
    /// Fields that are written in the program; an illegal one is a mistake of the programmer's.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, text) in elements {
            do { try set(name, text) } catch { preconditionFailure("\(error)") }
        }
    }
}

extension Headers: CustomStringConvertible, CustomReflectable {
    /// Secrets, and fields that are known to hold them, are redacted.
    public var description: String {
        fields.map { field in
            if case .text(let text) = field.value, !Self.sensitive.contains(field.name.lowercased()) {
                "\(field.name): \(sanitized(text))"
            } else {
                "\(field.name): <redacted>"
            }
        }.joined(separator: "\n")
    }
    public var customMirror: Mirror { Mirror(self, children: []) }

    private static let sensitive: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key",
    ]
}

extension String {
    package func equalsIgnoringCase(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        // Most are written as they are looked for.
        return self == other || utf8.elementsEqual(other.utf8) { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension UInt8 {
    fileprivate var asciiLowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
