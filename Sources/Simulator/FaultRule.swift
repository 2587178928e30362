public import Foundations
public import HTTPModel

/// Something that a simulated platform does wrong, and when: a condition on requests, and effects on their answers.
///
/// Every member is optional. A rule without conditions matches every request, one without effects changes nothing.
public struct FaultRule: Sendable {
    // MARK: When

    /// The path, or its beginning with a `*` behind it: `/oauth/token`, `/api/v2/*`.
    public var path: String?
    /// `genesys` or `cxone`.
    public var platform: String?
    public var method: String?
    /// The real host name, or its end with a `*` before it: `login.mypurecloud.de`, `*.pure.cloud`.
    public var host: String?
    /// The client whose credentials or token the request carries.
    public var client: String?
    /// The matching request by number, counted from 1.
    public var nth: Int?
    /// At most so often.
    public var times: Int?
    /// From 0 to 1; drawn from the simulator's seed.
    public var probability: Double?
    /// Seconds of the simulator's clock since the rule was set.
    public var from: Double?
    public var until: Double?

    // MARK: What

    /// The platform's own error with this status, in place of the answer.
    public var status: Int?
    /// Seconds, sent as a number; with `retryAfterDate` as an HTTP date.
    public var retryAfter: Double?
    public var retryAfterDate: Double?
    /// Seconds before the answer.
    public var latency: Double?
    public var cut: Response.Sabotage.Cut?
    public var bytesPerSecond: Int?
    public var contentLength: Int?
    public var body: Body?
    /// Seconds that the `Date` of the answer is ahead of the clock.
    public var dateSkew: Double?
    /// In place of the `expires_in` of a token; the text `missing` removes it.
    public var expiresIn: JSON?
    /// What is wrong with the certificate of a new connection; for intercepted hosts, which are the ones that have TLS.
    public var certificate: Certificate?
    /// Ends the token of the request before it is judged.
    public var revokeToken = false
    /// Changes the client's secret before the request is judged.
    public var rotateSecret = false

    /// What can be wrong with a certificate.
    public enum Certificate: String, Sendable, CaseIterable { case expired }

    /// What a body can be turned into.
    public enum Body: String, Sendable, CaseIterable {
        /// The first half of it.
        case truncated
        /// Text that begins like JSON and is none.
        case invalid
        /// A page, as proxies and firewalls send it.
        case html
        /// Nothing, with the status that it had.
        case empty
    }

    public init() {}

    /// The rule as it can be read back.
    public var json: JSON {
        func member(_ name: String, _ value: JSON?) -> JSON.Member? { value.map { JSON.Member(name, $0) } }
        func number(_ value: Double?) -> JSON? {
            value.map { $0 == $0.rounded() && abs($0) < 1e15 ? .int(Int($0)) : .number(String($0)) }
        }
        let members = [
            member("path", path.map { .string($0) }), member("platform", platform.map { .string($0) }),
            member("method", method.map { .string($0) }), member("host", host.map { .string($0) }),
            member("client", client.map { .string($0) }), member("nth", nth.map { .int($0) }),
            member("times", times.map { .int($0) }), member("probability", number(probability)),
            member("from", number(from)), member("until", number(until)), member("status", status.map { .int($0) }),
            member("retryAfter", number(retryAfter)), member("retryAfterDate", number(retryAfterDate)),
            member("latency", number(latency)), member("cut", cut.map { .string($0.rawValue) }),
            member("bytesPerSecond", bytesPerSecond.map { .int($0) }),
            member("contentLength", contentLength.map { .int($0) }), member("body", body.map { .string($0.rawValue) }),
            member("certificate", certificate.map { .string($0.rawValue) }), member("dateSkew", number(dateSkew)),
            member("expiresIn", expiresIn), member("revokeToken", revokeToken ? true : nil),
            member("rotateSecret", rotateSecret ? true : nil),
        ]
        return .object(members.compactMap { $0 })
    }

    /// A rule that cannot be understood.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        /// Which rule, counted from 1, and which member of it.
        public var place: String
        public var expected: String
        public var description: String { "\(place): \(expected) was expected" }
    }

    /// Reads a list of rules, or one. Throws ``Invalid``.
    public static func rules(_ json: JSON) throws(Invalid) -> [FaultRule] {
        guard case .array(let values) = json else { return [try FaultRule(json, number: 1)] }
        var rules: [FaultRule] = []
        for (index, value) in values.enumerated() { rules.append(try FaultRule(value, number: index + 1)) }
        return rules
    }

    /// Reads the text of a file of rules. Throws ``Invalid`` with the line where the mistake is.
    public static func rules(file bytes: [UInt8]) throws(Invalid) -> [FaultRule] {
        func line(_ offset: Int) -> Int { 1 + bytes.prefix(offset).count { $0 == 0x0A } }
        let json: JSON
        do { json = try JSONReader.parse(bytes) } catch {
            throw Invalid(place: "line \(line(error.offset))", expected: "JSON (\(error.reason))")
        }
        do { return try rules(json) } catch {
            let number = Int(error.place.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 1
            let elements = (try? JSONReader.elements(of: bytes)) ?? []
            let start = elements.indices.contains(number - 1) ? elements[number - 1].lowerBound : 0
            throw Invalid(place: "line \(line(start)), \(error.place)", expected: error.expected)
        }
    }

    /// Reads `member=value,…`, as a command line gives it: `path=/oauth/token,status=503,times=2`. Throws ``Invalid``.
    public init(_ text: String) throws(Invalid) {
        var members: [JSON.Member] = []
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = pair.first else { continue }
            let value =
                pair.count == 1 ? JSON.bool(true) : (try? JSONReader.parse(Array(pair[1].utf8))) ?? .string(pair[1])
            members.append(.init(name, value))
        }
        self = try FaultRule(.object(members), number: 1)
    }

    private init(_ json: JSON, number: Int) throws(Invalid) {
        guard case .object(let members) = json else {
            throw Invalid(place: "fault \(number)", expected: "an object")
        }
        for member in members {
            do { try set(member.name, member.value) } catch {
                throw Invalid(place: "fault \(number), \(excerpt(member.name, limit: 40))", expected: error.expected)
            }
        }
    }

    private mutating func set(_ name: String, _ value: JSON) throws(Invalid) {
        switch name {
        case "path": path = try text(value)
        case "platform": platform = try word(value, ["genesys", "cxone"])
        case "method": method = try text(value)
        case "host": host = try text(value)
        case "client": client = try text(value)
        case "nth": nth = try whole(value, 1...Int.max)
        case "times": times = try whole(value, 0...Int.max)
        case "probability": probability = try number(value, 0...1)
        case "from": from = try number(value, 0...1e9)
        case "until": until = try number(value, 0...1e9)
        case "status": status = try whole(value, 200...599)
        case "retryAfter": retryAfter = try number(value, 0...1e9)
        case "retryAfterDate": retryAfterDate = try number(value, 0...1e9)
        case "latency": latency = try number(value, 0...86400)
        case "cut":
            cut = Response.Sabotage.Cut(rawValue: try word(value, Response.Sabotage.Cut.allCases.map(\.rawValue)))
        case "bytesPerSecond": bytesPerSecond = try whole(value, 1...1_000_000_000)
        case "contentLength": contentLength = try whole(value, 0...1_000_000_000)
        case "body": body = Body(rawValue: try word(value, Body.allCases.map(\.rawValue)))
        case "certificate": certificate = Certificate(rawValue: try word(value, Certificate.allCases.map(\.rawValue)))
        case "dateSkew": dateSkew = try number(value, -1e9...1e9)
        case "expiresIn": expiresIn = value
        case "revokeToken": revokeToken = try truth(value)
        case "rotateSecret": rotateSecret = try truth(value)
        default: throw Invalid(place: "", expected: Self.memberNames)
        }
    }

    private static let memberNames =
        "one of path, platform, method, host, client, nth, times, probability, from, until (when) or status, retryAfter, "
        + "retryAfterDate, latency, cut, bytesPerSecond, contentLength, body, certificate, dateSkew, expiresIn, revokeToken, "
        + "rotateSecret (what)"

    private func text(_ value: JSON) throws(Invalid) -> String {
        guard let text = value.text else { throw Invalid(place: "", expected: "a text") }
        return text
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
            let upper = range.upperBound == Int.max ? "up" : "to \(range.upperBound)"
            throw Invalid(place: "", expected: "a whole number from \(range.lowerBound) \(upper)")
        }
        return number
    }

    private func truth(_ value: JSON) throws(Invalid) -> Bool {
        guard let truth = value.bool else { throw Invalid(place: "", expected: "true or false") }
        return truth
    }
}
