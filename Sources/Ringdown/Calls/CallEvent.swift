/// What a client does on the way to an answer, for metrics and logs. No event holds a secret.
public enum CallEvent: Sendable {
    /// A call was answered. `attempt` counts from 1; `duration` is that of this attempt.
    case answered(
        method: String, path: String, status: Int, attempt: Int, duration: Duration, correlationID: String?)
    /// A call had no answer.
    case unanswered(method: String, path: String, reason: String, attempt: Int, duration: Duration)
    /// It will be sent again.
    case retrying(method: String, path: String, after: Duration, reason: String)
    /// A call waits, so that the platform's limit is not reached.
    case waiting(Duration, reason: String)
    /// The API refused the token; a new one is requested.
    case tokenRefused(method: String, path: String)
}

/// Counts of what a client did so far.
public struct CallCounts: Sendable, Equatable {
    public var calls = 0
    public var successes = 0
    public var retries = 0
    /// Answers of 429.
    public var rateLimited = 0
    /// Answers of 401 for which a new token was requested.
    public var tokensRefused = 0
    /// Time that calls waited, for limits and before repetitions.
    public var waited: Duration = .zero
    /// Time until answers came.
    public var answering: Duration = .zero
}
