internal import RingdownCore

/// Why a call has to be looked at again.
enum CallFailure: Sendable, Equatable {
    /// An answer that is no success. `asked` is what Retry-After says, `reset` when the platform's own window ends.
    case status(Int, asked: Duration?, reset: Duration?)
    /// No connection was made: the server has seen nothing.
    case unsent
    /// The connection ended, or nothing came, after the call was sent.
    case interrupted

    /// Whether the other side is in trouble, rather than the call.
    var isOutage: Bool {
        switch self {
        case .status(let status, _, _): status >= 500
        case .unsent, .interrupted: true
        }
    }
}

/// Decides whether a call is sent again, and when. Pure: attempts and chance come in as arguments.
struct RetryPolicy: Sendable {
    enum Decision: Sendable, Equatable {
        case retry(after: Duration)
        case giveUp
        /// It would be worth trying, but not so soon.
        case tooLong(Duration)
    }

    let settings: CallSettings

    /// `attempt` is how often it was sent, `draw` uniform in 0..<1.
    func decide(_ failure: CallFailure, attempt: Int, mayBeRetried: Bool, draw: Double) -> Decision {
        guard attempt < settings.attempts, isWorthRepeating(failure, mayBeRetried) else {
            if case .status(429, let asked?, _) = failure, asked > settings.waitLimit { return .tooLong(asked) }
            return .giveUp
        }
        let wait = wait(failure, attempt, draw)
        return wait > settings.waitLimit ? .tooLong(wait) : .retry(after: wait)
    }

    private func isWorthRepeating(_ failure: CallFailure, _ mayBeRetried: Bool) -> Bool {
        switch failure {
        // Refused for the limit means not done: any call may be sent again.
        case .status(429, _, _), .unsent: true
        // 500 does not say that it will pass (`genesys-cloud.md` section 3).
        case .status(let status, _, _): mayBeRetried && [502, 503, 504].contains(status)
        case .interrupted: mayBeRetried
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

/// Keeps repetitions from making an outage worse: they cost, successes earn.
struct RetryBudget: Sendable {
    private static let capacity = 500
    private var credit = RetryBudget.capacity

    /// Whether there is enough left, which then is taken.
    mutating func take(for failure: CallFailure) -> Bool {
        let cost = failure.isOutage ? 14 : 5
        if credit < cost { return false }
        credit -= cost
        return true
    }

    mutating func earn() { credit = min(credit + 1, Self.capacity) }
}

/// Stops calling a server that does not answer: after some failures in a row no call is sent for a while, then one.
struct CircuitBreaker: Sendable {
    private let settings: CallSettings
    private var failures = 0
    private var openUntil: Duration?
    private var isProbing = false

    init(_ settings: CallSettings) {
        self.settings = settings
    }

    /// Nil where a call may be sent; else how long none will be. Times are uptimes.
    mutating func admit(at now: Duration) -> Duration? {
        guard let until = openUntil else { return nil }
        if now < until { return until - now }
        if isProbing { return settings.openFor }
        isProbing = true
        return nil
    }

    mutating func succeeded() {
        (failures, openUntil, isProbing) = (0, nil, false)
    }

    /// A call got an answer that says nothing of the server's health, or none: a probe that was on its way is over.
    mutating func ended() { isProbing = false }

    mutating func failed(at now: Duration) {
        failures += 1
        isProbing = false
        if failures >= settings.failuresToOpen { openUntil = now + settings.openFor }
    }
}
