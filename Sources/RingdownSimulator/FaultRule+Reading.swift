public import RingdownCore

extension FaultRule {
    /// Parses a list of rules or a single rule.
    ///
    /// - Throws: ``Invalid`` if a rule is not valid.
    public static func rules(_ json: JSON) throws(Invalid) -> [FaultRule] {
        guard case .array(let values) = json else { return [try FaultRule(json, number: 1)] }
        var rules: [FaultRule] = []
        for (index, value) in values.enumerated() { rules.append(try FaultRule(value, number: index + 1)) }
        return rules
    }

    /// Parses the contents of a rule file.
    ///
    /// - Throws: ``Invalid`` with the line number of the error.
    public static func rules(file bytes: [UInt8]) throws(Invalid) -> [FaultRule] {
        func line(_ offset: Int) -> Int { 1 + bytes.prefix(offset).count { $0 == 0x0A } }
        let json: JSON
        do { json = try JSONReader.parse(bytes) } catch {
            throw Invalid(place: "line \(line(error.offset))", expected: "JSON (\(error.reason))")
        }
        do { return try rules(json) } catch {
            throw Invalid(place: "line \(line(offset(of: error, in: bytes))), \(error.place)", expected: error.expected)
        }
    }

    /// The byte offset of the member that an error refers to, or of its rule.
    private static func offset(of mistake: Invalid, in bytes: [UInt8]) -> Int {
        let place = mistake.place.utf8.split(separator: UInt8(ascii: ","), maxSplits: 1)
        let number = Int(String(decoding: place[0].dropFirst("fault ".utf8.count), as: UTF8.self)) ?? 1
        let elements = (try? JSONReader.elements(of: bytes)) ?? []
        let rule = elements.indices.contains(number - 1) ? elements[number - 1] : bytes.indices
        guard place.count == 2 else { return rule.lowerBound }
        let name = Array("\"".utf8) + place[1].dropFirst() + Array("\"".utf8)
        return rule.first { bytes[$0..<rule.upperBound].starts(with: name) } ?? rule.lowerBound
    }

    /// Parses a rule in command-line syntax, `member=value,…`: `path=/oauth/token,status=503,times=2`.
    ///
    /// - Throws: ``Invalid`` if the rule is not valid.
    public init(_ text: String) throws(Invalid) {
        var members: [JSON.Member] = []
        for part in Self.parts(text) {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = pair.first else { continue }
            let value =
                pair.count == 1 ? JSON.bool(true) : (try? JSONReader.parse(Array(pair[1].utf8))) ?? .string(pair[1])
            members.append(.init(name, value))
        }
        if members.isEmpty { throw Invalid(place: "fault 1", expected: "member=value,… or JSON") }
        self = try FaultRule(.object(members), number: 1)
    }

    /// The parts between commas. Commas within JSON values do not separate parts.
    private static func parts(_ text: String) -> [Substring] {
        var (depth, isQuoted, isEscaped) = (0, false, false)
        return text.split { character in
            if isEscaped {
                isEscaped = false
            } else if isQuoted {
                isEscaped = character == "\\"
                isQuoted = character != "\""
            } else {
                if character == "\"" { isQuoted = true }
                if "{[".contains(character) { depth += 1 }
                if "}]".contains(character) { depth -= 1 }
                return character == "," && depth <= 0
            }
            return false
        }
    }

    private init(_ json: JSON, number: Int) throws(Invalid) {
        guard case .object(let members) = json else {
            throw Invalid(place: "fault \(number)", expected: "an object")
        }
        var names: Set<String> = []
        for member in members {
            do throws(Invalid) {
                guard names.insert(member.name).inserted else {
                    throw Invalid(place: "", expected: "one member with this name")
                }
                guard let known = Self.members[member.name] else {
                    throw Invalid(place: "", expected: Self.memberNames)
                }
                try known.set(&self, member.value)
            } catch {
                throw Invalid(place: "fault \(number), \(sanitized(member.name, limit: 40))", expected: error.expected)
            }
        }
        if let from, let until, until <= from {
            throw Invalid(place: "fault \(number), until", expected: "a number greater than from")
        }
        if certificate != nil, let name = ["path", "method", "client"].first(where: names.contains) {
            throw Invalid(
                place: "fault \(number), \(name)",
                expected: "no \(name) in a rule with certificate: a connection does not have one")
        }
    }
}
