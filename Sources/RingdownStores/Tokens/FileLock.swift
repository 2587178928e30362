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

    /// Waits for the lock for at most `patience`.
    ///
    /// - Returns: Whether the caller holds the lock. If false, the lock file is closed and must not be used again.
    func wait(_ patience: Duration, _ time: any TimeSource) async -> Bool {
        await withCheckedContinuation { continuation in
            let waiter = Locked<CheckedContinuation<Bool, Never>?>(continuation)
            let limit = Task {
                guard (try? await time.sleep(for: patience)) != nil else { return }
                waiter.withLock { $0.take() }?.resume(returning: false)
            }
            // A blocking task would occupy a thread of the cooperative pool.
            let thread = try? Thread {
                while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
                limit.cancel()
                guard let waiter = waiter.withLock({ $0.take() }) else { return release() }
                waiter.resume(returning: true)
            }
            thread?.detach()
            guard thread == nil else { return }
            limit.cancel()
            release()
            waiter.withLock { $0.take() }?.resume(returning: false)
        }
    }

    func release() {
        close(descriptor)
    }
}
