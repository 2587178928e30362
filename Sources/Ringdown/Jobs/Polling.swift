internal import RingdownCore

/// Asks for the state of work that goes on at the platform, ever more seldom.
struct Polling: Sendable {
    let first: Duration
    let last: Duration
    let limit: Duration

    /// Returns what `ask` returns once that is not nil. Throws what it throws, ``APIError`` after the limit, and
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
                    .serverFailed, "\(title) is not done after \(limit.spoken)",
                    hint: "it may still be: look at it on the platform, or ask for less")
            }
            try await time.sleep(for: pause)
            pause = min(pause * 1.5, last)
        }
    }
}
