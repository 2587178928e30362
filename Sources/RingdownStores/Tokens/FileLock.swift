internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The right to do something that only one process may do at a time, as the system's lock on a file that is never deleted.
///
/// The system releases it with the process that holds it, however that ends, and hands it on at once.
struct FileLock: Sendable {
    private let descriptor: Int32

    /// Nil if the file cannot be opened, or is not a regular file of the user's own.
    init?(path: String) {
        guard let opened = try? File.openOwn(path, O_RDWR) else { return nil }
        descriptor = opened
    }

    /// Whether the lock was free, and is now the caller's; nil where the system cannot tell.
    func take() -> Bool? {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            if errno != EINTR { return nil }
        }
        return true
    }

    /// Whether the lock became the caller's before `patience` was over. Without it, the lock is released and must not be used.
    func wait(_ patience: Duration, _ time: any TimeSource) async -> Bool {
        await withCheckedContinuation { continuation in
            let waiter = Locked<CheckedContinuation<Bool, Never>?>(continuation)
            let limit = Task {
                guard (try? await time.sleep(for: patience)) != nil else { return }
                waiter.withLock { $0.take() }?.resume(returning: false)
            }
            // A task that blocks would be missing in the pool of the tasks.
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
