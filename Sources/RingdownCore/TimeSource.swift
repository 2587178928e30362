#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A point in time on the monotonic clock and on the wall clock.
public struct Instant: Sendable, Hashable {
    /// The time since the machine started, including suspended time. It is monotonic.
    public var uptime: Duration
    /// The wall clock time, which can jump.
    public var wall: Timestamp

    public init(uptime: Duration, wall: Timestamp) {
        self.uptime = uptime
        self.wall = wall
    }

    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(uptime: instant.uptime + duration, wall: instant.wall + duration)
    }
}

/// A source of time and sleep: the system clock, or a clock that a test controls.
public protocol TimeSource: Sendable {
    func now() -> Instant
    /// Returns a coarse reading of both clocks in nanoseconds. The wall clock can be up to 10 ms behind.
    func glance() -> (uptime: Int64, wall: Int64)
    /// Waits for `duration`. Throws `CancellationError` if the task is cancelled.
    func sleep(for duration: Duration) async throws
    /// Waits until a time limit has passed, in a task that runs beside the limited operation. The same as ``sleep(for:)``, except for
    /// clocks that skip sleeps. Throws `CancellationError` if the task is cancelled.
    func passTimeLimit(_ duration: Duration) async throws
}

extension TimeSource {
    public func passTimeLimit(_ duration: Duration) async throws { try await sleep(for: duration) }

    public func glance() -> (uptime: Int64, wall: Int64) {
        let now = now()
        return (now.uptime.inNanoseconds, Int64(now.wall.secondsSince1970 * 1e9))
    }
}

/// The clocks of the machine.
public struct SystemTime: TimeSource {
    public init() {}

    public func now() -> Instant {
        var time = timespec()
        #if canImport(Glibc)
            clock_gettime(CLOCK_BOOTTIME, &time)
        #else
            clock_gettime(CLOCK_MONOTONIC, &time)  // on Darwin, this clock includes suspended time
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
