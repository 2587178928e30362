internal import Foundations
internal import Tokens

/// A story of one token source, told in JSON: what is cached, what happens, and what must come of it.
///
/// The format is described in Documentation/Scenarios.md. Members that are not known here are ignored, so that files with more in
/// them run too.
public struct Scenario: Sendable {
    /// What is in the cache at the beginning, by the window that it is in.
    public enum Cached: String, Sendable, CaseIterable { case none, valid, advisory, mandatory, expired }

    /// What the token endpoint answers.
    public struct Reply: Sendable {
        public enum Kind: String, Sendable, CaseIterable {
            case fresh, stale, error, nonRecoverableError, hang, malformed
        }
        public var kind: Kind
        public var lifetime: Double?
        public var status: Int?
        public var retryAfter: Double?

        public init(kind: Kind, lifetime: Double? = nil, status: Int? = nil, retryAfter: Double? = nil) {
            (self.kind, self.lifetime, self.status, self.retryAfter) = (kind, lifetime, status, retryAfter)
        }
    }

    public enum Action: Sendable {
        /// So many callers at once ask for a token.
        case getToken(callers: Int, minTTL: Double, isForced: Bool)
        case advance(seconds: Double)
        /// The wall clock alone is set forward or back.
        case jumpWall(seconds: Double)
        /// The API answers 401 to a token: the one that was cached at first, or the last one that was handed out.
        case reject(isFirst: Bool)
        /// Another process stores a token: a new one, or the one that was cached at first.
        case store(lifetime: Double, isFirst: Bool)
        /// Another process stores that the credentials were refused, for so long.
        case storeRefusal(seconds: Double)
    }

    public struct Expectation: Sendable {
        /// `cached`, `fresh` or `error`.
        public var result: String?
        public var sourceContacted: Bool?
        public var reason: String?
        /// How many token requests there were.
        public var requests: Int?
    }

    public struct Step: Sendable {
        public var action: Action
        public var source: Reply?
        public var expectation: Expectation
    }

    public var name: String
    public var cached: Cached
    /// Seconds.
    public var lifetime: Double
    public var steps: [Step]
    /// Who can play it; nil for everybody.
    private var runners: [String]?

    /// Whether it is meant for a runner: `library` or `command`.
    public func plays(_ runner: String) -> Bool { runners?.contains(runner) ?? true }

    /// What is left of the cached token's life at the beginning; nil where there is none, negative where it is over.
    public var secondsLeft: Double? {
        let settings = LifecycleSettings()
        let advisory = min(settings.advisoryWindow(.seconds(lifetime)).inSeconds, lifetime / 2)
        let mandatory = min(settings.mandatoryWindow.inSeconds, lifetime / 4)
        let margin = min(settings.usableMargin.inSeconds, lifetime / 4)
        switch cached {
        case .none: return nil
        case .valid: return (lifetime + advisory) / 2
        case .advisory: return (advisory + mandatory) / 2
        case .mandatory: return (mandatory + margin) / 2
        case .expired: return -1
        }
    }

    /// A scenario that cannot be understood.
    public struct Invalid: Error, Sendable, CustomStringConvertible {
        public var place: String
        public var expected: String
        public var description: String { "\(place): \(expected) was expected" }
    }

    /// Reads a file: one array of scenarios. Throws ``Invalid``.
    public static func read(_ bytes: [UInt8]) throws(Invalid) -> [Scenario] {
        let json: JSON
        do { json = try JSONReader.parse(bytes) } catch {
            let line = 1 + bytes.prefix(error.offset).count { $0 == 0x0A }
            throw Invalid(place: "line \(line)", expected: "JSON (\(error.reason))")
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
        let place = "'\(excerpt(name, limit: 60))'"
        let given = json["given"]
        cached = try Self.word(given?["cached"], place + ", given.cached") ?? .none
        lifetime = given?["lifetimeSeconds"]?.double ?? 3600
        guard (1...2_592_000).contains(lifetime) else {
            throw Invalid(place: place + ", given.lifetimeSeconds", expected: "1 to 2592000")
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
            let (minTTL, isForced) = (try seconds("minTTLSeconds", 0), json["force"]?.bool ?? false)
            action = .getToken(callers: callers, minTTL: minTTL, isForced: isForced)
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
                place: place, expected: "do: getToken, advanceTime, jumpWallClock, reject or store")
        }
        if let reply = json["source"] {
            let kind: Scenario.Reply.Kind? = try Scenario.word(reply["reply"], place + ", source.reply")
            source = .init(
                kind: kind ?? .fresh, lifetime: reply["lifetimeSeconds"]?.double, status: reply["status"]?.int,
                retryAfter: reply["retryAfterSeconds"]?.double)
        }
        let expect = json["expect"]
        expectation = .init(
            result: expect?["result"]?.string, sourceContacted: expect?["sourceContacted"]?.bool,
            reason: expect?["reason"]?.string, requests: expect?["requests"]?.int)
    }
}
