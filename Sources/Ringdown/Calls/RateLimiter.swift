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

/// Delays calls before they exceed the rate limit of the platform.
///
/// It has no side effects: the caller reports calls and responses with uptimes. Until the first response, the limit is unknown, and
/// only a few calls are in progress at a time. Limits differ between resources. The last reported limit applies to the calls of all
/// resources, which is the cautious choice.
struct RateLimiter: Sendable {
    /// The decision about a call.
    enum Admission: Sendable, Equatable {
        /// The call may be sent. It is counted.
        case admitted
        /// The caller checks again after this time.
        case wait(Duration)
        /// The caller checks again after the next response, because the limit or the end of the window is unknown.
        case waitForResponse
    }

    /// The number of calls in progress while the limit is unknown.
    static let probes = 4

    private let slack: Duration
    /// Whether the first response is still missing from a platform that reports its limit.
    private(set) var isUnknown: Bool
    private var allowed: Int?
    /// The number of calls in this window: those that the platform counted, and those that were sent since.
    private var used = 0
    private var inFlight = 0
    private var windowEnd: Duration?
    /// The uptime until which all calls are paused, because the platform requested a wait.
    private(set) var pausedUntil: Duration = .zero

    /// Creates a rate limiter.
    ///
    /// - Parameters:
    ///   - slack: The time that is added to each window.
    ///   - isReported: Whether the platform reports its limit in responses (default: false).
    init(slack: Duration, isReported: Bool = false) {
        self.slack = slack
        isUnknown = isReported
    }

    /// The number of waiting callers that may check again after a response.
    var vacancies: Int {
        if isUnknown { return max(0, Self.probes - inFlight) }
        guard let allowed, windowEnd == nil else { return .max }
        return max(0, allowed - used)
    }

    /// Decides whether a call may be sent, and counts it if so.
    ///
    /// - Parameter now: The uptime.
    /// - Returns: The decision.
    mutating func admit(at now: Duration) -> Admission {
        if now < pausedUntil { return .wait(pausedUntil - now) }
        if isUnknown, inFlight >= Self.probes { return .waitForResponse }
        if let windowEnd, now >= windowEnd { (self.windowEnd, used) = (nil, inFlight) }
        if let allowed, used >= allowed {
            // Before the first response of a window, its end is unknown. The calls in progress fill the window then.
            return windowEnd.map { .wait($0 - now) } ?? .waitForResponse
        }
        used += 1
        inFlight += 1
        return .admitted
    }

    /// Records the end of an admitted call.
    ///
    /// - Parameters:
    ///   - limit: The rate limit in its response; nil if the response does not contain one.
    ///   - isSuccess: Whether the call succeeded (default: false). Gateways in front of the platform return errors without a limit.
    ///   - now: The uptime.
    mutating func ended(_ limit: RateLimit?, isSuccess: Bool = false, at now: Duration) {
        inFlight = max(0, inFlight - 1)
        if limit != nil || isSuccess { isUnknown = false }
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
