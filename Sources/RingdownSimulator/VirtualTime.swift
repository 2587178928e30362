internal import CVirtualTime
public import RingdownCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Time that a simulator shares with the programs that run against it: it jumps to the end of the first wait once all of them
/// sleep. A day passes in as long as the program computes.
///
/// Programs take part with the library `libringdown-time.so` in `LD_PRELOAD` and the file in `RINGDOWN_TIME_FILE`.
public final class VirtualTime: TimeSource, @unchecked Sendable {  // because the shared memory is only used atomically
    private let shared: OpaquePointer
    private let patience: Duration

    /// Makes the file through which the time is shared. Waits of the simulator's own that are shorter than `patience` pass in
    /// real time. Throws `FileError`.
    public init(file: String, patience: Duration = .milliseconds(2)) throws(FileError) {
        self.patience = patience
        guard let shared = rd_time_create(file) else { throw FileError(path: file, code: errno) }
        self.shared = shared
        rd_time_take_part(shared, getpid())
    }

    private var offset: Duration { .nanoseconds(rd_time_offset(shared)) }

    public func now() -> Instant { SystemTime().now() + offset }

    /// Waits together with everybody else, on a thread of its own.
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

    /// Moves the time, forward or back.
    public func advance(by duration: Duration) {
        rd_time_advance(shared, duration.inNanoseconds)
    }
}
