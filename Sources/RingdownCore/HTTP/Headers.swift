/// The header fields of a request or a response, in order. Names are case-insensitive. Illegal fields are refused.
public struct Headers: Sendable {
    /// The value of a header field.
    public enum Content: Sendable {
        case text(String)
        case secret(Secret)
    }

    /// The error for a name or value that HTTP does not allow (RFC 9110 section 5), usually because of a line break.
    public struct Illegal: Error, Equatable, CustomStringConvertible {
        public let name: String
        public var description: String {
            "the header field '\(sanitized(name, limit: 60))' contains a character that HTTP does not allow"
        }
    }

    /// The names and values in order.
    public private(set) var fields: [(name: String, value: Content)] = []

    public init() {}

    /// The first value of a field; nil if the field does not exist or is a secret.
    public subscript(name: String) -> String? {
        for field in fields where field.name.equalsIgnoringCase(name) {
            if case .text(let text) = field.value { return text }
        }
        return nil
    }

    /// The media type of the body if it is a common one, which can be quoted in messages; `another type` for any other value.
    package var knownMediaType: String? {
        guard let text = self["Content-Type"] else { return nil }
        let type = text.prefix { $0 != ";" }.lowercased().trimmed
        let known = [
            "application/json", "application/problem+json", "application/scim+json",
            "application/x-www-form-urlencoded",
            "application/xml", "application/octet-stream", "text/html", "text/plain", "text/xml", "text/csv",
        ]
        return known.contains(type) ? type : "another type"
    }

    /// Returns whether a field exists.
    public func has(_ name: String) -> Bool {
        fields.contains { $0.name.equalsIgnoringCase(name) }
    }

    /// Sets a field and replaces all fields with the same name.
    public mutating func set(_ name: String, _ text: String) throws(Illegal) {
        guard Self.isLegal(name), !text.utf8.contains(where: Self.isIllegalInValue) else { throw Illegal(name: name) }
        replace(name, .text(text))
    }

    /// Sets a field with a secret value, which is redacted in descriptions.
    public mutating func set(_ name: String, _ secret: Secret) throws(Illegal) {
        guard Self.isLegal(name), !secret.contains(where: Self.isIllegalInValue) else { throw Illegal(name: name) }
        replace(name, .secret(secret))
    }

    /// Adds a received field, which the parser has already validated.
    package mutating func addParsed(_ name: String, _ text: String) {
        if fields.isEmpty { fields.reserveCapacity(8) }
        fields.append((name, .text(text)))
    }

    /// Removes all fields with a name.
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
    /// Creates fields from a literal. An illegal field is a programming error.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, text) in elements {
            do { try set(name, text) } catch { preconditionFailure("\(error)") }
        }
    }
}

extension Headers: CustomStringConvertible, CustomReflectable {
    /// The fields, one per line. Secrets and fields that usually contain secrets are redacted.
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
    /// Compares two strings and ignores the case of ASCII letters.
    package func equalsIgnoringCase(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        // Usually the case is the same too.
        return self == other || utf8.elementsEqual(other.utf8) { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension UInt8 {
    fileprivate var asciiLowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
