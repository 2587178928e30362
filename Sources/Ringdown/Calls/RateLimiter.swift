internal import RingdownCore

/// What an answer says of the platform's limit (`genesys-cloud.md` section 3): sent with successes too.
struct RateLimit: Sendable, Equatable {
    /// Calls in this window so far, calls that are allowed, and when the window ends.
    var count: Int
    var allowed: Int
    var reset: Duration

    init(count: Int, allowed: Int, reset: Duration) {
        (self.count, self.allowed, self.reset) = (count, allowed, reset)
    }

    init?(_ headers: Headers) {
        guard let count = headers["inin-ratelimit-count"].flatMap({ Int(fromServer: $0.trimmed) }),
            let allowed = headers["inin-ratelimit-allowed"].flatMap({ Int(fromServer: $0.trimmed) }), allowed > 0,
            let reset = headers["inin-ratelimit-reset"].flatMap({ Double($0.trimmed) }), (0...86400).contains(reset)
        else { return nil }
        self.init(count: count, allowed: allowed, reset: .seconds(reset))
    }
}

/// Holds calls back before the platform refuses them. Pure: it is told of calls and answers, with uptimes.
///
/// Limits differ from resource to resource; the one that was seen last counts, with the calls of all: too careful rather than
/// refused.
struct RateLimiter: Sendable {
    private let slack: Duration
    private var allowed: Int?
    /// Calls of this window: what the platform counted, and what was sent since.
    private var used = 0
    private var inFlight = 0
    private var windowEnd: Duration?
    /// Nobody calls before this: somebody was told to wait.
    private(set) var pausedUntil: Duration = .zero

    init(slack: Duration) {
        self.slack = slack
    }

    /// Nil where a call may go now, which is then counted; else how long to wait before asking again.
    mutating func admit(at now: Duration) -> Duration? {
        if now < pausedUntil { return pausedUntil - now }
        if let windowEnd, now >= windowEnd { (self.windowEnd, used) = (nil, inFlight) }
        if let allowed, used >= allowed {
            // Before the first answer of a window nobody knows when it ends.
            return windowEnd.map { $0 - now } ?? .milliseconds(200)
        }
        used += 1
        inFlight += 1
        return nil
    }

    /// A call that was admitted has ended, with what the answer says of the limit.
    mutating func ended(_ limit: RateLimit?, at now: Duration) {
        inFlight = max(0, inFlight - 1)
        guard let limit else {
            // Nobody knows whether it counted; without an end of the window it would count for ever.
            if windowEnd == nil { used = max(inFlight, used - 1) }
            return
        }
        let end = now + limit.reset + slack
        if windowEnd.map({ end > $0 + slack }) ?? true { (windowEnd, used) = (end, inFlight) }
        allowed = limit.allowed
        used = max(used, limit.count + inFlight)
    }

    /// Nobody calls for so long.
    mutating func pause(until end: Duration) {
        pausedUntil = max(pausedUntil, end)
    }
}
