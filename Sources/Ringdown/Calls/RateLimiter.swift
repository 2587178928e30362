internal import RingdownCore

/// The rate limit in a response (`genesys-cloud.md` section 3). Successful responses contain it too.
struct RateLimit: Sendable, Equatable {
    /// The number of calls in this window, the limit of calls, and the time until the window ends.
    var count: Int
    var allowed: Int
    var reset: Duration

    init(count: Int, allowed: Int, reset: Duration) {
        (self.count, self.allowed, self.reset) = (count, allowed, reset)
    }

    /// Returns nil if the platform has no such header fields, or if the response contains no valid ones.
    init?(_ headers: Headers, _ names: PlatformCapabilities.RateLimitHeaders?) {
        guard let names, let count = headers[names.count].flatMap({ Int(fromServer: $0.trimmed) }),
            let allowed = headers[names.allowed].flatMap({ Int(fromServer: $0.trimmed) }), allowed > 0,
            let reset = headers[names.reset].flatMap({ Double($0.trimmed) }), (0...86400).contains(reset)
        else { return nil }
        self.init(count: count, allowed: allowed, reset: .seconds(reset))
    }
}

/// Delays calls before they exceed the rate limit of the platform. It has no side effects: the caller reports calls and responses
/// with uptimes.
///
/// Limits differ between resources. The last reported limit applies to the calls of all resources, which is the cautious choice.
struct RateLimiter: Sendable {
    private let slack: Duration
    private var allowed: Int?
    /// The number of calls in this window: those that the platform counted, and those that were sent since.
    private var used = 0
    private var inFlight = 0
    private var windowEnd: Duration?
    /// The uptime until which all calls are paused, because the platform requested a wait.
    private(set) var pausedUntil: Duration = .zero

    init(slack: Duration) {
        self.slack = slack
    }

    /// Returns nil and counts the call if it may be sent now; otherwise the time to wait before the next check.
    mutating func admit(at now: Duration) -> Duration? {
        if now < pausedUntil { return pausedUntil - now }
        if let windowEnd, now >= windowEnd { (self.windowEnd, used) = (nil, inFlight) }
        if let allowed, used >= allowed {
            // Before the first response of a window, its end is unknown.
            return windowEnd.map { $0 - now } ?? .milliseconds(200)
        }
        used += 1
        inFlight += 1
        return nil
    }

    /// Records the end of an admitted call, with the rate limit in its response.
    mutating func ended(_ limit: RateLimit?, at now: Duration) {
        inFlight = max(0, inFlight - 1)
        guard let limit else {
            // It is unknown whether the call counts. Without an end of the window, it would count indefinitely.
            if windowEnd == nil { used = max(inFlight, used - 1) }
            return
        }
        let end = now + limit.reset + slack
        if windowEnd.map({ end > $0 + slack }) ?? true { (windowEnd, used) = (end, inFlight) }
        allowed = limit.allowed
        used = max(used, limit.count + inFlight)
    }

    /// Pauses all calls until an uptime.
    mutating func pause(until end: Duration) {
        pausedUntil = max(pausedUntil, end)
    }
}
