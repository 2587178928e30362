public import RingdownCore

/// A fault of a simulated platform: conditions that select requests, and effects on their responses.
///
/// Every member is optional. A rule without conditions matches every request. A rule without effects changes nothing.
public struct FaultRule: Sendable {
    // MARK: Conditions

    /// The path, or a prefix followed by `*`: `/oauth/token`, `/api/v2/*`.
    public var path: String?
    /// The platform: `genesys` or `cxone`.
    public var platform: String?
    /// The HTTP method.
    public var method: String?
    /// The real host name, or a suffix or prefix with `*`: `login.mypurecloud.de`, `*.pure.cloud`, `api-*`.
    public var host: String?
    /// The ID of the client whose credentials or token the request carries.
    public var client: String?
    /// The number of the matching request to which the rule applies, starting at 1.
    public var nth: Int?
    /// The maximum number of times that the rule applies.
    public var times: Int?
    /// The probability that the rule applies, from 0 to 1. Random numbers derive from the simulator's seed.
    public var probability: Double?
    /// The start of the period in which the rule applies, in seconds of the simulator's clock since the rule was added.
    public var from: Double?
    /// The end of the period in which the rule applies, in seconds of the simulator's clock since the rule was added.
    public var until: Double?

    // MARK: Effects

    /// The status of an error in the platform's format, which replaces the response.
    public var status: Int?
    /// The value of `Retry-After` as a number of seconds.
    public var retryAfter: Double?
    /// The value of `Retry-After` in seconds from now, sent as an HTTP date.
    public var retryAfterDate: Double?
    /// The delay before the response, in seconds.
    public var latency: Double?
    /// Close the connection before, within or after the body.
    public var cut: Response.FaultInjection.Cut?
    /// Reset the connection before, within or after the body.
    public var reset: Response.FaultInjection.Cut?
    /// The transfer rate of the body, in bytes per second.
    public var bytesPerSecond: Int?
    /// The value of `Content-Length`, in bytes.
    public var contentLength: Int?
    /// A replacement for the body.
    public var body: Body?
    /// The offset of the `Date` field from the clock, in seconds.
    public var dateSkew: Double?
    /// A replacement for the `expires_in` of a token. The text `missing` removes the member.
    public var expiresIn: JSON?
    /// Replacements for members of a JSON response. The text `missing` removes a member.
    public var members: JSON?
    /// The final state of the job that the request submits: `FAILED`, `CANCELLED` or another state of the platform.
    public var jobOutcome: String?
    /// A defect of the certificate of a new connection. Only intercepted hosts use TLS.
    public var certificate: Certificate?
    /// Revoke the token of the request before the request is evaluated.
    public var revokeToken = false
    /// Change the clients' secrets before the request is evaluated.
    public var rotateSecret = false

    /// A defect of a certificate.
    public enum Certificate: String, Sendable, CaseIterable { case expired }

    /// A replacement for a response body.
    public enum Body: String, Sendable, CaseIterable {
        /// The first half of the body.
        case truncated
        /// Text that starts like JSON but is not valid JSON.
        case invalid
        /// An HTML page, as sent by proxies and firewalls.
        case html
        /// An empty body with the original status.
        case empty
    }

    public init() {}

    /// A rule that is not valid.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        /// The number of the rule, starting at 1, and the name of the member.
        public var place: String
        /// The permitted values.
        public var expected: String
        public var description: String { "\(place): expected \(expected)" }
    }
}
