#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One moment on both clocks that tokens need.
public struct Instant: Sendable, Hashable {
    /// Time since the machine started, suspended time included. It never jumps.
    public var uptime: Duration
    /// The wall clock. It may jump.
    public var wall: Timestamp

    public init(uptime: Duration, wall: Timestamp) {
        self.uptime = uptime
        self.wall = wall
    }

    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(uptime: instant.uptime + duration, wall: instant.wall + duration)
    }
}

/// Tells the time and waits: the system's, or one that a test moves by hand.
public protocol TimeSource: Sendable {
    func now() -> Instant
    /// Both clocks in nanoseconds, as cheaply as can be; the wall clock may be 10 ms behind.
    func glance() -> (uptime: Int64, wall: Int64)
    /// Returns after `duration`; throws `CancellationError` when the task is cancelled first.
    func sleep(for duration: Duration) async throws
}

extension TimeSource {
    public func glance() -> (uptime: Int64, wall: Int64) {
        let now = now()
        return (now.uptime.inNanoseconds, Int64(now.wall.secondsSince1970 * 1e9))
    }
}

/// The machine's own clocks.
public struct SystemTime: TimeSource {
    public init() {}

    public func now() -> Instant {
        var time = timespec()
        #if canImport(Glibc)
            clock_gettime(CLOCK_BOOTTIME, &time)
        #else
            clock_gettime(CLOCK_MONOTONIC, &time)  // on Darwin this one counts suspended time
        #endif
        return Instant(uptime: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec), wall: .now())
    }

    #if canImport(Glibc)
        public func glance() -> (uptime: Int64, wall: Int64) {
            var (uptime, wall) = (timespec(), timespec())
            clock_gettime(CLOCK_BOOTTIME, &uptime)
            clock_gettime(CLOCK_REALTIME_COARSE, &wall)
            return (
                Int64(uptime.tv_sec) * 1_000_000_000 + Int64(uptime.tv_nsec),
                Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec)
            )
        }
    #endif

    public func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration, clock: .continuous)
    }
}

extension TimeSource where Self == SystemTime {
    public static var system: SystemTime { SystemTime() }
}
