internal import RingdownCore

/// A failure that may allow a retry.
enum CallFailure: Sendable, Equatable {
    /// An error response. `asked` is the Retry-After time, and `reset` is the time until the rate limit window ends.
    case status(Int, asked: Duration?, reset: Duration?)
    /// The connection failed, so the server did not receive the call.
    case unsent
    /// The connection closed or timed out after the call was sent.
    case interrupted
    /// The response is successful, but its body is not what the call returns.
    case broken

    /// Whether the failure indicates an outage instead of a problem of the call.
    var isOutage: Bool {
        switch self {
        case .status(let status, _, _): status >= 500
        case .unsent, .interrupted, .broken: true
        }
    }

    /// The failure in messages.
    var reason: String {
        switch self {
        case .status(let status, _, _): "status \(status)"
        case .unsent: "connection failed"
        case .interrupted: "no response"
        case .broken: "broken response"
        }
    }
}

/// Decides whether and when a call is retried. It has no side effects: attempts and random numbers are arguments.
struct RetryPolicy: Sendable {
    enum Decision: Sendable, Equatable {
        case retry(after: Duration)
        case giveUp
        /// A retry is possible, but only after a wait that exceeds the limit.
        case tooLong(Duration)
    }

    let settings: CallSettings

    /// Returns the decision for a failure.
    ///
    /// - Parameters:
    ///   - failure: The failure.
    ///   - attempt: The number of attempts so far.
    ///   - elapsed: The time since the first failure of the call (default: zero).
    ///   - mayBeRetried: Whether the call may be retried if its outcome is unknown.
    ///   - draw: A random number, uniform in 0..<1.
    func decide(
        _ failure: CallFailure, attempt: Int, elapsed: Duration = .zero, mayBeRetried: Bool, draw: Double
    ) -> Decision {
        guard attempt < settings.attempts, isWorthRepeating(failure, mayBeRetried) else {
            if case .status(429, let asked?, _) = failure, asked > settings.waitLimit { return .tooLong(asked) }
            return .giveUp
        }
        let wait = wait(failure, attempt, draw)
        // A wrong host name and a stopped server do not recover within minutes.
        if failure == .unsent, elapsed + wait > settings.connectionWaitLimit { return .giveUp }
        return wait > settings.waitLimit ? .tooLong(wait) : .retry(after: wait)
    }

    /// Returns the time for which no call is sent after a failure; nil if other calls may be sent, or if the time exceeds the limit.
    func pause(after failure: CallFailure) -> Duration? {
        guard case .status(429, _, _) = failure else { return nil }
        let pause = wait(failure, 1, 0)
        return pause > settings.waitLimit ? nil : pause
    }

    private func isWorthRepeating(_ failure: CallFailure, _ mayBeRetried: Bool) -> Bool {
        switch failure {
        // A call that exceeds the rate limit is not executed, so any call may be retried.
        case .status(429, _, _), .unsent: true
        // A 500 does not indicate a temporary failure (`genesys-cloud.md` section 3).
        case .status(let status, _, _): mayBeRetried && [502, 503, 504].contains(status)
        case .interrupted, .broken: mayBeRetried
        }
    }

    private func wait(_ failure: CallFailure, _ attempt: Int, _ draw: Double) -> Duration {
        if case .status(let status, let asked, let reset) = failure {
            if let asked { return asked + .seconds(draw) }
            if status == 429, let reset { return reset + settings.windowSlack }
        }
        let steps = settings.backoff
        guard !steps.isEmpty else { return .zero }
        return steps[min(attempt, steps.count) - 1] * (1 + draw / 2)
    }
}

/// A budget that limits retries during an outage. Retries cost credit, and successful calls earn credit.
struct RetryBudget: Sendable {
    private static let capacity = 500
    private var credit = RetryBudget.capacity

    /// Takes the credit for a retry. Returns false if there is not enough.
    mutating func take(for failure: CallFailure) -> Bool {
        let cost = failure.isOutage ? 14 : 5
        if credit < cost { return false }
        credit -= cost
        return true
    }

    mutating func earn() { credit = min(credit + 1, Self.capacity) }
}

/// A circuit breaker. After a number of consecutive failures, it sends no calls for a time, and then one.
struct CircuitBreaker: Sendable {
    private let settings: CallSettings
    private var failures = 0
    private var openUntil: Duration?
    private var isProbing = false

    init(_ settings: CallSettings) {
        self.settings = settings
    }

    /// Returns nil if a call may be sent; otherwise the time until the next call. Times are uptimes.
    mutating func admit(at now: Duration) -> Duration? {
        guard let until = openUntil else { return nil }
        if now < until { return until - now }
        if isProbing { return settings.openFor }
        isProbing = true
        return nil
    }

    /// Whether the circuit is open. An admitted call is the only one then.
    var isOpen: Bool { openUntil != nil }

    mutating func succeeded() {
        (failures, openUntil, isProbing) = (0, nil, false)
    }

    /// Records the end of a call whose result is unrelated to the health of the server. It also ends a probe.
    mutating func ended() { isProbing = false }

    mutating func failed(at now: Duration) {
        failures += 1
        isProbing = false
        if failures >= settings.failuresToOpen { openUntil = now + settings.openFor }
    }
}
