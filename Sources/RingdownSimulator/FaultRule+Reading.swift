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
                try set(member.name, member.value)
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

    private mutating func set(_ name: String, _ value: JSON) throws(Invalid) {
        switch name {
        case "path": path = try self.path(value)
        case "platform": platform = try word(value, ["genesys", "cxone"])
        case "method":
            method = try text(value, "a method, such as POST") { $0.utf8.allSatisfy(\.isAlphanumeric) }.uppercased()
        case "host":
            host = try text(value, "a host name, with * only at the start or end") {
                !$0.contains("/") && Pattern($0).isLegal
            }
            .lowercased()
        case "client": client = try text(value, "a client ID")
        case "nth": nth = try whole(value, 1...Int.max)
        case "times": times = try whole(value, 0...Int.max)
        case "probability": probability = try number(value, 0...1)
        case "from": from = try number(value, 0...1e9)
        case "until": until = try number(value, 0...1e9)
        case "status": status = try whole(value, 200...599)
        case "retryAfter": retryAfter = try number(value, 0...1e9)
        case "retryAfterDate": retryAfterDate = try number(value, 0...1e9)
        case "latency": latency = try number(value, 0...86400)
        case "cut", "reset":
            let place = Response.FaultInjection.Cut(
                rawValue: try word(value, Response.FaultInjection.Cut.allCases.map(\.rawValue)))
            if name == "cut" { cut = place } else { reset = place }
        case "bytesPerSecond": bytesPerSecond = try whole(value, 1...1_000_000_000)
        case "contentLength": contentLength = try whole(value, 0...1_000_000_000)
        case "body": body = Body(rawValue: try word(value, Body.allCases.map(\.rawValue)))
        case "certificate": certificate = Certificate(rawValue: try word(value, Certificate.allCases.map(\.rawValue)))
        case "dateSkew": dateSkew = try number(value, -1e9...1e9)
        case "expiresIn": expiresIn = value
        case "members":
            guard value.members != nil else { throw Invalid(place: "", expected: "an object") }
            members = value
        case "jobOutcome":
            jobOutcome = try text(value, "a state, such as FAILED") {
                $0.utf8.allSatisfy { $0.isAlphanumeric || $0 == 0x5F }
            }
        case "revokeToken": revokeToken = try truth(value)
        case "rotateSecret": rotateSecret = try truth(value)
        default: throw Invalid(place: "", expected: Self.memberNames)
        }
    }

    private static let memberNames =
        "one of \(conditionNames.joined(separator: ", ")) (conditions) or status, retryAfter, "
        + "retryAfterDate, latency, cut, reset, bytesPerSecond, contentLength, body, certificate, dateSkew, expiresIn, members, "
        + "jobOutcome, revokeToken, rotateSecret (effects)"

    private func text(
        _ value: JSON, _ expected: String, _ isLegal: (String) -> Bool = { _ in true }
    ) throws(Invalid) -> String {
        guard let text = value.text, !text.isEmpty, Double(text) == nil, isLegal(text) else {
            throw Invalid(place: "", expected: expected)
        }
        return text
    }

    private func path(_ value: JSON) throws(Invalid) -> String {
        try text(value, "a path that starts with /, with * only at the end and without a query") { path in
            (path.hasPrefix("/") || path == "*") && !path.contains("?") && !path.dropLast().contains("*")
        }
    }

    private func word(_ value: JSON, _ words: [String]) throws(Invalid) -> String {
        guard let word = value.string, words.contains(word) else {
            throw Invalid(place: "", expected: "one of \(words.joined(separator: ", "))")
        }
        return word
    }

    private func number(_ value: JSON, _ range: ClosedRange<Double>) throws(Invalid) -> Double {
        guard let number = value.double, range.contains(number) else {
            throw Invalid(place: "", expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func whole(_ value: JSON, _ range: ClosedRange<Int>) throws(Invalid) -> Int {
        guard let number = value.int, range.contains(number) else {
            let upper = range.upperBound == Int.max ? "upward" : "to \(range.upperBound)"
            throw Invalid(place: "", expected: "a whole number from \(range.lowerBound) \(upper)")
        }
        return number
    }

    private func truth(_ value: JSON) throws(Invalid) -> Bool {
        guard let truth = value.bool else { throw Invalid(place: "", expected: "true or false") }
        return truth
    }
}
