internal import RingdownCore

extension Scenario {
    /// The error for an invalid scenario.
    package struct Invalid: Error, Sendable, CustomStringConvertible {
        /// The position in the file.
        package var place: String
        /// The expected value at this position.
        package var expected: String
        package var description: String { "\(place): expected \(expected)" }
    }

    /// Parses a file that contains an array of scenarios.
    ///
    /// - Throws: ``Invalid`` with the position of the first error.
    package static func read(_ bytes: [UInt8]) throws(Invalid) -> [Scenario] {
        let json: JSON
        do { json = try JSONReader.parse(bytes) } catch {
            let line = 1 + bytes.prefix(error.offset).count { $0 == 0x0A }
            throw Invalid(place: "line \(line)", expected: "valid JSON (\(error.reason))")
        }
        guard case .array(let values) = json else {
            throw Invalid(place: "the file", expected: "an array of scenarios")
        }
        var scenarios: [Scenario] = []
        for (index, value) in values.enumerated() { scenarios.append(try Scenario(value, "scenario \(index + 1)")) }
        return scenarios
    }

    private init(_ json: JSON, _ place: String) throws(Invalid) {
        guard let name = json["name"]?.string else { throw Invalid(place: place, expected: "a name") }
        self.name = name
        let place = "'\(sanitized(name, limit: 60))'"
        let given = json["given"]
        cached = try Self.word(given?["cached"], place + ", given.cached") ?? .none
        lifetime = given?["lifetimeSeconds"]?.double ?? 3600
        guard (1...2_592_000).contains(lifetime) else {
            throw Invalid(place: place + ", given.lifetimeSeconds", expected: "a number from 1 to 2592000")
        }
        runners = json["runners"]?.array?.compactMap(\.string)
        steps = []
        guard let values = json["steps"]?.array else { throw Invalid(place: place, expected: "steps") }
        for (index, value) in values.enumerated() { steps.append(try Step(value, "\(place), step \(index + 1)")) }
    }

    fileprivate static func word<Word: RawRepresentable & CaseIterable>(
        _ json: JSON?, _ place: String
    ) throws(Invalid) -> Word? where Word.RawValue == String {
        guard let json else { return nil }
        if let word = json.string.flatMap(Word.init) { return word }
        throw Invalid(place: place, expected: "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
    }
}

extension Scenario.Step {
    fileprivate init(_ json: JSON, _ place: String) throws(Scenario.Invalid) {
        func seconds(_ name: String, _ standard: Double? = nil) throws(Scenario.Invalid) -> Double {
            guard let value = json[name]?.double ?? standard, abs(value) <= 1e9 else {
                throw Scenario.Invalid(place: place, expected: "\(name), a number")
            }
            return value
        }
        switch json["do"]?.string {
        case "getToken":
            let callers = json["callers"]?.int ?? 1
            guard (1...100_000).contains(callers) else {
                throw Scenario.Invalid(place: place, expected: "callers from 1 to 100000")
            }
            let (minimumValidity, isForced) = (try seconds("minTTLSeconds", 0), json["force"]?.bool ?? false)
            action = .getToken(callers: callers, minimumValidity: minimumValidity, isForced: isForced)
        case "advanceTime": action = .advance(seconds: try seconds("seconds"))
        case "jumpWallClock": action = .jumpWall(seconds: try seconds("seconds"))
        case "reject": action = .reject(isFirst: json["which"]?.string == "cached")
        case "store":
            if let refusal = json["refusalSeconds"]?.double {
                action = .storeRefusal(seconds: min(max(refusal, 0), 1e6))
            } else {
                action = .store(
                    lifetime: try seconds("lifetimeSeconds", 3600), isFirst: json["which"]?.string == "cached")
            }
        default:
            throw Scenario.Invalid(
                place: place, expected: "'do' to be getToken, advanceTime, jumpWallClock, reject or store")
        }
        if let reply = json["source"] {
            source = try Scenario.Reply(reply, place + ", source")
        }
        let expect = json["expect"]
        expectation = .init(
            result: expect?["result"]?.string, sourceContacted: expect?["sourceContacted"]?.bool,
            reason: expect?["reason"]?.string, requests: expect?["requests"]?.int)
    }
}

extension Scenario.Reply {
    fileprivate init(_ json: JSON, _ place: String) throws(Scenario.Invalid) {
        let kind: Kind? = try Scenario.word(json["reply"], place + ".reply")
        self.init(kind: kind ?? .fresh)
        (lifetime, status) = (json["lifetimeSeconds"]?.double, json["status"]?.int)
        (retryAfter, latency) = (json["retryAfterSeconds"]?.double, json["latencySeconds"]?.double)
        isCut = json["cut"]?.bool ?? false
        members = (json["members"]?.members ?? []).map { JSON.Member($0.name, Self.written($0.value)) }
    }

    /// Expands the abbreviation of a long text: `{"repeat": "a", "times": 65536}`.
    private static func written(_ value: JSON) -> JSON {
        guard let text = value["repeat"]?.string, let times = value["times"]?.int, (0...1 << 20).contains(times) else {
            return value
        }
        return .string(String(repeating: text, count: times))
    }
}
