package import RingdownCore

/// A clock that jumps to the end of each sleep instead of waiting. For sequential tasks only.
package final class SkippingTime: TimeSource {
    private let instant: Locked<Instant>

    package init() {
        instant = Locked(ManualTime().now())
    }

    package func now() -> Instant { instant.withLock { $0 } }

    package func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        advance(by: max(.zero, duration))
        await Task.yield()
    }

    /// Waits until the task is cancelled, since the operation beside it moves the clock.
    package func passTimeLimit(_ duration: Duration) async throws { try await Task.sleep(for: .seconds(1e6)) }

    /// Advances both clocks.
    package func advance(by duration: Duration) {
        instant.withLock { $0 = $0 + duration }
    }
}
