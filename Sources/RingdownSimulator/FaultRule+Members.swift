public import RingdownCore

extension FaultRule {
    /// A member of a rule, in JSON and in command-line syntax.
    struct Member: Sendable {
        let name: String
        /// Whether the member selects requests. Other members are effects on responses.
        let isCondition: Bool
        let set: @Sendable (inout FaultRule, JSON) throws(Invalid) -> Void
        /// The value of the member; nil for a rule without it.
        let value: @Sendable (FaultRule) -> JSON?
    }

    /// Every member, in the order of the JSON.
    static let table: [Member] = [
        condition("path", \.path, .path),
        condition("platform", \.platform, .word(["genesys", "cxone"])),
        condition("method", \.method, .method),
        condition("host", \.host, .host),
        condition("client", \.client, .text("a client ID")),
        condition("nth", \.nth, .whole(1...Int.max)),
        condition("times", \.times, .whole(0...Int.max)),
        condition("probability", \.probability, .number(0...1)),
        condition("from", \.from, .number(0...1e9)),
        condition("until", \.until, .number(0...1e9)),
        effect("status", \.status, .whole(200...599)),
        effect("retryAfter", \.retryAfter, .number(0...1e9)),
        effect("retryAfterDate", \.retryAfterDate, .number(0...1e9)),
        effect("latency", \.latency, .number(0...86400)),
        effect("cut", \.cut, .choice()),
        effect("reset", \.reset, .choice()),
        effect("bytesPerSecond", \.bytesPerSecond, .whole(1...1_000_000_000)),
        effect("contentLength", \.contentLength, .whole(0...1_000_000_000)),
        effect("body", \.body, .choice()),
        effect("certificate", \.certificate, .choice()),
        effect("dateSkew", \.dateSkew, .number(-1e9...1e9)),
        effect("expiresIn", \.expiresIn, .any),
        effect("members", \.members, .object),
        effect("jobOutcome", \.jobOutcome, .state),
        flag("revokeToken", \.revokeToken),
        flag("rotateSecret", \.rotateSecret),
    ]

    static let members = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0) })

    static let memberNames: String = {
        func names(_ isCondition: Bool) -> String {
            table.filter { $0.isCondition == isCondition }.map(\.name).joined(separator: ", ")
        }
        return "one of \(names(true)) (conditions) or \(names(false)) (effects)"
    }()

    /// The rule as JSON, in the format that ``rules(_:)`` reads.
    public var json: JSON {
        .object(Self.table.compactMap { member in member.value(self).map { JSON.Member(member.name, $0) } })
    }

    /// The effects of the rule in command-line syntax.
    var effects: [String] {
        Self.table.compactMap { member in
            guard !member.isCondition, let value = member.value(self) else { return nil }
            if case .bool = value { return member.name }
            return "\(member.name)=\(value.text ?? value.description)"
        }
    }

    private static func condition<Value>(
        _ name: String, _ path: any WritableKeyPath<FaultRule, Value?> & Sendable, _ kind: Kind<Value>
    ) -> Member {
        member(name, isCondition: true, path, kind)
    }

    private static func effect<Value>(
        _ name: String, _ path: any WritableKeyPath<FaultRule, Value?> & Sendable, _ kind: Kind<Value>
    ) -> Member {
        member(name, isCondition: false, path, kind)
    }

    private static func member<Value>(
        _ name: String, isCondition: Bool, _ path: any WritableKeyPath<FaultRule, Value?> & Sendable,
        _ kind: Kind<Value>
    ) -> Member {
        Member(name: name, isCondition: isCondition) { rule, json throws(Invalid) in
            guard let value = kind.read(json) else { throw Invalid(place: "", expected: kind.expected) }
            rule[keyPath: path] = value
        } value: { rule in
            rule[keyPath: path].map(kind.json)
        }
    }

    /// An effect without a value.
    private static func flag(_ name: String, _ path: any WritableKeyPath<FaultRule, Bool> & Sendable) -> Member {
        Member(name: name, isCondition: false) { rule, json throws(Invalid) in
            guard let value = json.bool else { throw Invalid(place: "", expected: "true or false") }
            rule[keyPath: path] = value
        } value: { rule in
            rule[keyPath: path] ? true : nil
        }
    }
}

/// The permitted values of a member and their form in JSON.
private struct Kind<Value>: Sendable {
    /// The permitted values, as an error names them.
    let expected: String
    /// The value of a member; nil for a value that is not permitted.
    let read: @Sendable (JSON) -> Value?
    let json: @Sendable (Value) -> JSON
}

extension Kind where Value == String {
    static func text(_ expected: String, _ isLegal: @escaping @Sendable (String) -> Bool = { _ in true }) -> Self {
        Kind(expected: expected) { json in
            json.text.flatMap { !$0.isEmpty && Double($0) == nil && isLegal($0) ? $0 : nil }
        } json: {
            .string($0)
        }
    }

    static func word(_ words: [String]) -> Self {
        Kind(expected: "one of \(words.joined(separator: ", "))") { json in
            json.string.flatMap { words.contains($0) ? $0 : nil }
        } json: {
            .string($0)
        }
    }

    static let path = text("a path that starts with /, with * only at the end and without a query") { path in
        (path.hasPrefix("/") || path == "*") && !path.contains("?") && !path.dropLast().contains("*")
    }
    static let method = text("a method, such as POST") { $0.utf8.allSatisfy(\.isAlphanumeric) }
        .map { $0.uppercased() }
    static let host = text("a host name, with * only at the start or end") {
        !$0.contains("/") && Pattern($0).isLegal
    }.map { $0.lowercased() }
    static let state = text("a state, such as FAILED") { $0.utf8.allSatisfy { $0.isAlphanumeric || $0 == 0x5F } }

    private func map(_ change: @escaping @Sendable (String) -> String) -> Self {
        Kind(expected: expected, read: { read($0).map(change) }, json: json)
    }
}

extension Kind where Value == Int {
    static func whole(_ range: ClosedRange<Int>) -> Self {
        let upper = range.upperBound == Int.max ? "upward" : "to \(range.upperBound)"
        return Kind(expected: "a whole number from \(range.lowerBound) \(upper)") { json in
            json.int.flatMap { range.contains($0) ? $0 : nil }
        } json: {
            .int($0)
        }
    }
}

extension Kind where Value == Double {
    static func number(_ range: ClosedRange<Double>) -> Self {
        Kind(expected: "a number from \(range.lowerBound) to \(range.upperBound)") { json in
            json.double.flatMap { range.contains($0) ? $0 : nil }
        } json: { value in
            value == value.rounded() && abs(value) < 1e15 ? .int(Int(value)) : .number(String(value))
        }
    }
}

extension Kind where Value == JSON {
    static let any = Kind(expected: "a value", read: { $0 }, json: { $0 })
    static let object = Kind(expected: "an object", read: { $0.members == nil ? nil : $0 }, json: { $0 })
}

extension Kind where Value: CaseIterable & RawRepresentable<String> & SendableMetatype {
    /// One of the cases, by name.
    static func choice() -> Self {
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return Kind(expected: "one of \(names)") {
            $0.string.flatMap { Value(rawValue: $0) }
        } json: {
            .string($0.rawValue)
        }
    }
}
