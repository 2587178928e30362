public import RingdownCore
internal import RingdownOAuth

/// The settings of calls: limits, retries and rate limits.
///
/// Token requests use ``attempts``, ``waitLimit``, ``connectionWaitLimit`` and ``backoff`` too.
///
/// The defaults match the platforms' own tools (`genesys-cloud.md` section 3, `cxone.md` section 4).
public struct CallSettings: Sendable {
    /// The maximum number of attempts for a call (default: 5). An attempt with a new token after a 401 does not count.
    public var attempts = 5
    /// The maximum wait for a rate limit or outage (default: 180 s). Daily limits request waits of hours. A caller waits no longer
    /// than this for a token, also if the token endpoint does not respond.
    public var waitLimit: Duration = .seconds(180)
    /// The maximum time for which a request is retried while the host name cannot be resolved or the connection is refused
    /// (default: 15 s).
    public var connectionWaitLimit: Duration = .seconds(15)
    /// The waits between attempts if the server requests none (default: 3 s, 9 s, 27 s). Each is extended by up to half at random.
    public var backoff: [Duration] = [.seconds(3), .seconds(9), .seconds(27)]
    /// The maximum time for which a job is polled (default: 2 h). The job continues on the platform after this time.
    public var jobLimit: Duration = .seconds(7200)
    /// Whether calls wait before they exceed the rate limit that the platform reports (default: true).
    public var isGated = true
    /// The time that is added to a window of the rate limit, because the platform reports whole seconds (default: 1 s).
    public var windowSlack: Duration = .seconds(1)
    /// The number of consecutive failures that open the circuit breaker (default: 5).
    public var failuresToOpen = 5
    /// The time for which an open circuit breaker sends no calls (default: 30 s). Then it sends one call.
    public var openFor: Duration = .seconds(30)
    /// The number of consecutive pages without a new item after which a list fails, because it does not end (default: 20).
    public var pagesWithoutNewItem = 20

    /// The time and size limits of each attempt (default: 5 s to connect, 60 s in total, 64 MiB). ``APICall/limits`` replaces them.
    /// Token requests and downloads of files have their own limits.
    public var limits = Request.Limits()

    /// Creates the default settings.
    public init() {}
}

extension TokenRetryPolicy {
    /// Creates the policy for the token requests of a client.
    init(_ calls: CallSettings) {
        self.init()
        (attempts, backoff) = (calls.attempts, calls.backoff)
        (waitLimit, connectionWaitLimit) = (calls.waitLimit, calls.connectionWaitLimit)
    }
}
