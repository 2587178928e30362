internal import CVirtualTime
public import RingdownCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A virtual clock that a simulator shares with its client programs. The clock jumps to the end of the earliest wait when all
/// processes wait, so that a day takes only the time that the programs compute.
///
/// Programs use the clock through the library `libringdown-time.so` in `LD_PRELOAD` and the file in `RINGDOWN_TIME_FILE`.
public final class VirtualTime: TimeSource, @unchecked Sendable {  // The shared memory is accessed atomically only.
    private let shared: OpaquePointer
    private let patience: Duration

    /// Creates the file through which processes share the clock.
    ///
    /// - Parameters:
    ///   - file: The path of the new file.
    ///   - patience: The minimum duration of a wait by the simulator that uses the virtual clock. Shorter waits use real time.
    /// - Throws: `FileError` if the file exists or cannot be created.
    package init(file: String, patience: Duration = .milliseconds(2)) throws(FileError) {
        self.patience = patience
        guard let shared = rd_time_create(file) else { throw FileError(path: file, code: errno) }
        self.shared = shared
        rd_time_take_part(shared, getpid())
    }

    private var offset: Duration { .nanoseconds(rd_time_offset(shared)) }

    public func now() -> Instant { SystemTime().now() + offset }

    /// Waits on the shared clock, on a separate thread.
    public func sleep(for duration: Duration) async throws {
        let isCancelled = Atomic(false)
        try await withTaskCancellationHandler {
            let deadline = rd_time_now(shared) + duration.inNanoseconds
            try await Thread.run { [self] in wait(until: deadline) { isCancelled.load(ordering: .relaxed) } }
            try Task.checkCancellation()
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
    }

    private func wait(until deadline: Int64, unless isCancelled: () -> Bool) {
        var wait = rd_wait_begin(shared, deadline, patience.inNanoseconds)
        while !isCancelled(), !rd_wait_is_over(&wait) { usleep(500) }
        rd_wait_end(&wait)
    }

    /// Moves the clock forward or, for a negative duration, back.
    public func advance(by duration: Duration) {
        rd_time_advance(shared, duration.inNanoseconds)
    }
}
