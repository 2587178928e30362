package import RingdownCore

/// The pauses of a loop that keeps a token fresh for other programs. It has no side effects.
package struct RenewalSchedule: Sendable {
    private let settings = LifecycleSettings()
    private let shortest: Duration
    private var failures = 0

    /// Creates a schedule.
    ///
    /// - Parameter shortest: The minimum pause while tokens are valid.
    package init(shortest: Duration) {
        self.shortest = shortest
    }

    /// Returns the pause before the token is requested again.
    ///
    /// Tokens that are granted expired are requested at the rate of failed refreshes, since each of them needs a request.
    ///
    /// - Parameters:
    ///   - token: The current token; nil if none is available.
    ///   - now: The current time.
    ///   - draw: A random number, uniform in 0..<1.
    package mutating func pause(after token: Token?, at now: Instant, draw: Double) -> Duration {
        if let token, token.isCacheable, token.remaining(at: now) > .zero {
            failures = 0
            return min(max(token.remaining(at: now) / 20, shortest), .seconds(30))
        }
        failures += 1
        let pause = settings.backoff(failures: failures, remaining: .seconds(86400), draw: draw)
        // The token source remembers failures, so that asking it does not cause a request each time.
        return token == nil ? min(pause, .seconds(30)) : pause
    }
}
