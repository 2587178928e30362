/// An event of an API call, for metrics and logs. Events contain no secrets.
public enum CallEvent: Sendable {
    /// A response was received. `attempt` starts at 1, and `duration` is the duration of this attempt.
    case answered(
        method: String, path: String, status: Int, attempt: Int, duration: Duration, correlationID: String?)
    /// No response was received.
    case unanswered(method: String, path: String, reason: String, attempt: Int, duration: Duration)
    /// The call will be sent again after a wait.
    case retrying(method: String, path: String, after: Duration, reason: String)
    /// The call waits to stay below the rate limit.
    case waiting(Duration, reason: String)
    /// The API rejected the token, and a new one is requested.
    case tokenRefused(method: String, path: String)
}

/// The counters of a client.
public struct CallCounts: Sendable, Equatable {
    /// The number of attempts.
    public var calls = 0
    /// The number of responses with a status of 2xx.
    public var successes = 0
    /// The number of retries.
    public var retries = 0
    /// The number of responses with status 429.
    public var rateLimited = 0
    /// The number of responses with status 401 that caused a token request.
    public var tokensRefused = 0
    /// The total time that calls waited for rate limits and retries.
    public var waited: Duration = .zero
    /// The total time until responses were received.
    public var answering: Duration = .zero
}
