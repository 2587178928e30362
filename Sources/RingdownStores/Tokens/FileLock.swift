internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An exclusive lock between processes: an advisory lock (`flock`) on a file that is never deleted.
///
/// The system releases the lock when the process exits, and immediately passes it to the next waiting process.
struct FileLock: Sendable {
    private let descriptor: Int32

    /// Opens the lock file. Returns nil if it cannot be opened, or is not a regular file that the user owns.
    init?(path: String) {
        guard let opened = try? File.openOwn(path, O_RDWR) else { return nil }
        descriptor = opened
    }

    /// Tries to acquire the lock without waiting. Returns whether it was free, or nil if the system call failed.
    func take() -> Bool? {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            if errno != EINTR { return nil }
        }
        return true
    }

    /// Waits for the lock for at most `patience`, or until the task is cancelled.
    ///
    /// - Returns: Whether the caller holds the lock. If false, the lock file is closed and must not be used again.
    func wait(_ patience: Duration, _ time: any TimeSource) async -> Bool {
        let waiter = Locked(Waiter())
        let giveUp: @Sendable () -> Void = {
            waiter.withLock { waiter in
                waiter.isOver = true
                return waiter.continuation.take()
            }?.resume(returning: false)
        }
        // The timer ends with this function.
        async let _: Void = {
            if (try? await time.sleep(for: patience)) != nil { giveUp() }
        }()
        let isHeld = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = waiter.withLock { waiter in
                    if !waiter.isOver { waiter.continuation = continuation }
                    return waiter.isOver
                }
                if isOver { continuation.resume(returning: false) }
                // A blocking task would occupy a thread of the cooperative pool.
                let thread = try? Thread {
                    while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
                    guard let waiter = waiter.withLock({ $0.continuation.take() }) else { return release() }
                    waiter.resume(returning: true)
                }
                thread?.detach()
                guard thread == nil else { return }
                release()
                giveUp()
            }
        } onCancel: {
            giveUp()
        }
        return isHeld
    }

    private struct Waiter {
        var continuation: CheckedContinuation<Bool, Never>?
        /// Whether the wait ended without the lock.
        var isOver = false
    }

    func release() {
        close(descriptor)
    }
}
