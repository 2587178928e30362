public import Foundations

/// A clock of its own in which sleeping takes no time: it jumps to the end of each sleep. For one task after the other.
public final class SkippingTime: TimeSource {
    private let moment: Locked<Moment>

    public init() {
        moment = Locked(ManualTime().now())
    }

    public func now() -> Moment { moment.withLock { $0 } }

    public func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        advance(by: max(.zero, duration))
        await Task.yield()
    }

    public func advance(by duration: Duration) {
        moment.withLock { $0 = $0 + duration }
    }
}
