public import RingdownCore

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
    /// The real host name, or its end or beginning with a `*`: `login.mypurecloud.de`, `*.pure.cloud`, `api-*`.
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
    /// The connection is closed before, within or after the body.
    public var cut: Response.FaultInjection.Cut?
    /// The same with a reset.
    public var reset: Response.FaultInjection.Cut?
    public var bytesPerSecond: Int?
    public var contentLength: Int?
    public var body: Body?
    /// Seconds that the `Date` of the answer is ahead of the clock.
    public var dateSkew: Double?
    /// In place of the `expires_in` of a token; the text `missing` removes it.
    public var expiresIn: JSON?
    /// Members of a JSON answer to put in place of its own; the text `missing` removes one.
    public var members: JSON?
    /// How the job ends that the request submits: `FAILED`, `CANCELLED`, or what the platform may say.
    public var jobOutcome: String?
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
            member("reset", reset.map { .string($0.rawValue) }),
            member("bytesPerSecond", bytesPerSecond.map { .int($0) }),
            member("contentLength", contentLength.map { .int($0) }), member("body", body.map { .string($0.rawValue) }),
            member("certificate", certificate.map { .string($0.rawValue) }), member("dateSkew", number(dateSkew)),
            member("expiresIn", expiresIn), member("members", members),
            member("jobOutcome", jobOutcome.map { .string($0) }), member("revokeToken", revokeToken ? true : nil),
            member("rotateSecret", rotateSecret ? true : nil),
        ]
        return .object(members.compactMap { $0 })
    }

    static let conditionNames = [
        "path", "platform", "method", "host", "client", "nth", "times", "probability", "from", "until",
    ]

    /// The effects that it has, as a command line gives them.
    var effects: [String] {
        (json.members ?? []).filter { !Self.conditionNames.contains($0.name) }.map { member in
            switch member.value {
            case .bool: member.name
            case let value: "\(member.name)=\(value.text ?? value.description)"
            }
        }
    }

    /// A rule that cannot be understood.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        /// Which rule, counted from 1, and which member of it.
        public var place: String
        public var expected: String
        public var description: String { "\(place): \(expected) was expected" }
    }
}
