internal import RingdownCore

/// Polls the state of a job with increasing intervals.
struct Polling: Sendable {
    let first: Duration
    let last: Duration
    let limit: Duration

    /// Calls `ask` until it returns a value, and returns this value. Throws the errors of `ask`, ``APIError`` after the limit, and
    /// `CancellationError`.
    func wait<Result>(
        for title: String, _ time: any TimeSource, _ ask: () async throws -> Result?
    ) async throws -> Result {
        let start = time.now().uptime
        var pause = first
        while true {
            if let result = try await ask() { return result }
            guard time.now().uptime - start < limit else {
                throw APIError(
                    .serverFailed, "timed out waiting for \(title) after \(limit.spoken)",
                    hint: "check the job on the platform, or request less data")
            }
            try await time.sleep(for: pause)
            pause = min(pause * 1.5, last)
        }
    }
}
