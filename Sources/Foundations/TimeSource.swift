#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One moment on both clocks that tokens need.
public struct Moment: Sendable, Hashable {
    /// Time since the machine started, suspended time included. It never jumps.
    public var uptime: Duration
    /// The wall clock. It may jump.
    public var wall: Timestamp

    public init(uptime: Duration, wall: Timestamp) {
        self.uptime = uptime
        self.wall = wall
    }

    public static func + (moment: Moment, duration: Duration) -> Moment {
        Moment(uptime: moment.uptime + duration, wall: moment.wall + duration)
    }
}

/// Tells the time and waits: the system's, or one that a test moves by hand.
public protocol TimeSource: Sendable {
    func now() -> Moment
    /// Returns after `duration`; throws `CancellationError` when the task is cancelled first.
    func sleep(for duration: Duration) async throws
}

/// The machine's own clocks.
public struct SystemTime: TimeSource {
    public init() {}

    public func now() -> Moment {
        var time = timespec()
        #if canImport(Glibc)
            clock_gettime(CLOCK_BOOTTIME, &time)
        #else
            clock_gettime(CLOCK_MONOTONIC, &time)  // on Darwin this one counts suspended time
        #endif
        return Moment(uptime: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec), wall: .now())
    }

    public func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration, clock: .continuous)
    }
}

extension TimeSource where Self == SystemTime {
    public static var system: SystemTime { SystemTime() }
}
