internal import RingdownCore

/// The state of a job in one poll.
enum JobState<Value> {
    /// The job is complete.
    case complete(Value)
    /// The job is in a state of this name, and not complete.
    case pending(String)
    /// The response contains no known state. Platforms add states, and gateways return empty bodies.
    case unknown(String)
}

/// Polls the state of a job with increasing intervals.
struct Polling: Sendable {
    /// A job in messages.
    struct Job: Sendable {
        /// The job with an article, such as `the extraction`.
        let title: String
        /// The ID of the job.
        let id: String
        /// The path of the call that returns the state.
        let path: String
    }

    let job: Job
    let first: Duration
    let last: Duration
    let limit: Duration
    /// Receives each wait and its reason.
    var observe: @Sendable (Duration, String) -> Void = { _, _ in }
    /// The secrets that the platform may echo.
    var secrets: @Sendable () -> [Secret] = { [] }

    /// The time after the creation of a job in which the platform may not find it yet.
    private static let creationTime: Duration = .seconds(30)

    /// Calls `ask` until the job is complete, and returns the value. Throws the errors of `ask`, ``APIError`` after the limit, and
    /// `CancellationError`.
    func wait<Value>(_ time: any TimeSource, _ ask: () async throws -> JobState<Value>) async throws -> Value {
        let start = time.now().uptime
        var (pause, hasWarned) = (first, false)
        while true {
            var reason = "is not found yet"
            do {
                switch try await ask() {
                case .complete(let value): return value
                case .pending(let state): reason = "is \(clean(state, limit: 40))"
                case .unknown(let state):
                    reason = "has the unknown state '\(clean(state, limit: 40))'"
                    if !hasWarned {
                        Logger.current.warning("job.unknown_state", "\(job.title) \(reason): still waiting")
                    }
                    hasWarned = true
                }
            } catch let error as APIError where error.code == .notFound {
                guard time.now().uptime - start < Self.creationTime else { throw error }
            }
            let left = limit - (time.now().uptime - start)
            guard left > .zero else { throw timedOut }
            Logger.current.debug("job.state", "\(job.title) \(reason)")
            observe(min(pause, left), "job \(clean(job.id, limit: 80)) \(reason)")
            try await time.sleep(for: min(pause, left))
            pause = min(pause * 1.5, last)
        }
    }

    private func clean(_ text: String, limit: Int) -> String { sanitized(text, without: secrets(), limit: limit) }

    private var timedOut: APIError {
        APIError(
            .serverFailed, "\(job.title) \(clean(job.id, limit: 80)) was not complete within \(limit.spoken)",
            hint: "it continues on the platform: GET \(clean(job.path, limit: 200)) returns its state")
    }
}
