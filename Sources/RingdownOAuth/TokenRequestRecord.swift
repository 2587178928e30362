public import RingdownCore

/// The story of one token request: when, why, with what outcome. It holds no secrets.
public struct TokenRequestRecord: Sendable, Equatable {
    public let time: Timestamp
    /// Whose token: the platform, the region, the client's id.
    public let account: String
    public let reason: FetchReason
    /// Nil for success.
    public let error: TokenError.Code?
    /// The HTTP status of a failure, where there was a response.
    public let status: Int?
    /// What was granted, nil for a failure.
    public let lifetime: Duration?
    /// How long the request took.
    public let duration: Duration
    /// How many callers waited for it.
    public let callers: Int

    public init(
        time: Timestamp, account: String, reason: FetchReason, error: TokenError.Code?, status: Int?,
        lifetime: Duration?, duration: Duration, callers: Int
    ) {
        (self.time, self.account, self.reason, self.error) = (time, account, reason, error)
        (self.status, self.lifetime, self.duration, self.callers) = (status, lifetime, duration, callers)
    }

    /// One line of JSON.
    public var json: JSON {
        func seconds(_ duration: Duration?) -> JSON { duration.map { .number(String($0.inSeconds)) } ?? .null }
        return [
            "time": .string(time.rfc3339), "account": .string(account), "reason": .string(reason.rawValue),
            "outcome": .string(error?.description ?? "granted"), "status": status.map { .int($0) } ?? .null,
            "lifetime": seconds(lifetime), "duration": seconds(duration), "callers": .int(callers),
        ]
    }

    /// Reads what ``json`` wrote; nil for anything else.
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

/// Token requests by their outcome.
public struct TokenRequestCounts: Sendable, Equatable {
    public var granted = 0
    public var failed = 0

    public init() {}
}
