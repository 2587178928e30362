#if canImport(Glibc)
    package import Glibc
#else
    package import Darwin
#endif

/// A value that only one thread at a time can access.
///
/// The lock is a pthread mutex, since the thread sanitizer reports false races for `Synchronization.Mutex` on Linux. Code that
/// holds the lock never awaits and never calls a caller's closure.
package final class Locked<Value>: @unchecked Sendable {  // because every access to `value` holds `mutex`
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline var value: Value

    package init(_ value: sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with exclusive access to the value. Inlined, so that it costs only the mutex.
    @inlinable package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
