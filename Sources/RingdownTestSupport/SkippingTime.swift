package import RingdownCore

/// A clock of its own in which sleeping takes no time: it jumps to the end of each sleep. For one task after the other.
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

    package func advance(by duration: Duration) {
        instant.withLock { $0 = $0 + duration }
    }
}
