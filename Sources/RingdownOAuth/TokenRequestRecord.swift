public import RingdownCore

/// A record of one token request: time, reason, and outcome. It contains no secrets.
public struct TokenRequestRecord: Sendable, Equatable {
    /// The time at which the request was sent.
    public let time: Timestamp
    /// The account: platform, region, and client ID.
    public let account: String
    /// The reason for the request.
    public let reason: FetchReason
    /// The error code; nil for a success.
    public let error: TokenError.Code?
    /// The HTTP status of a failure; nil for a success, or if no response was received.
    public let status: Int?
    /// The granted lifetime; nil for a failure.
    public let lifetime: Duration?
    /// The duration of the request.
    public let duration: Duration
    /// The number of callers that waited for the request.
    public let callers: Int

    /// Creates a record.
    public init(
        time: Timestamp, account: String, reason: FetchReason, error: TokenError.Code?, status: Int?,
        lifetime: Duration?, duration: Duration, callers: Int
    ) {
        (self.time, self.account, self.reason, self.error) = (time, account, reason, error)
        (self.status, self.lifetime, self.duration, self.callers) = (status, lifetime, duration, callers)
    }

    /// The record as JSON, with durations in seconds.
    public var json: JSON {
        func seconds(_ duration: Duration?) -> JSON { duration.map { .number(String($0.inSeconds)) } ?? .null }
        return [
            "time": .string(time.rfc3339), "account": .string(account), "reason": .string(reason.rawValue),
            "outcome": .string(error?.description ?? "granted"), "status": status.map { .int($0) } ?? .null,
            "lifetime": seconds(lifetime), "duration": seconds(duration), "callers": .int(callers),
        ]
    }

    /// Creates a record from ``json``. Returns nil for any other value.
    public init?(_ json: JSON) {
        func seconds(_ name: String) -> Duration? {
            (json[name]?.double).flatMap { (0...1e12).contains($0) ? .seconds($0) : nil }
        }
        guard let time = (json["time"]?.string).flatMap({ Timestamp(rfc3339: $0) }),
            let account = json["account"]?.string,
            let reason = (json["reason"]?.string).flatMap({ FetchReason(rawValue: $0) }),
            let outcome = json["outcome"]?.string, let duration = seconds("duration")
        else { return nil }
        self.init(
            time: time, account: account, reason: reason,
            error: outcome == "granted" ? nil : TokenError.Code(rawValue: outcome) ?? .requestRefused,
            status: json["status"]?.int, lifetime: seconds("lifetime"),
            duration: duration, callers: json["callers"]?.count ?? 0)
    }
}

/// The number of token requests by outcome.
public struct TokenRequestCounts: Sendable, Equatable {
    /// The number of successful requests.
    public var granted = 0
    /// The number of failed requests.
    public var failed = 0

    /// Creates counts of zero.
    public init() {}
}
