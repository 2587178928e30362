#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An operating system thread for blocking work, which must not run in a task.
package struct Thread: @unchecked Sendable {  // because a thread identifier may be used from any thread
    /// The error if the system cannot create a thread.
    package struct NotStarted: Error, Sendable, CustomStringConvertible {
        package var description: String { "cannot create a thread" }
    }

    private let identifier: pthread_t

    /// Starts a thread that runs `body`. The owner must call either ``join()`` or ``detach()`` exactly once.
    package init(_ body: @escaping @Sendable () -> Void) throws(NotStarted) {
        // The new thread releases the work.
        let work = Unmanaged.passRetained(Work(body))
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        let result = pthread_create(
            &thread, nil,
            { context in
                #if canImport(Glibc)
                    guard let context else { return nil }
                #endif
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, work.toOpaque()
        )
        let started: pthread_t? = thread
        guard result == 0, let started else {
            work.release()
            throw NotStarted()
        }
        identifier = started
    }

    /// Waits until the thread ends. If called on the thread itself, it is equivalent to ``detach()``.
    package func join() {
        if pthread_equal(pthread_self(), identifier) != 0 { detach() } else { pthread_join(identifier, nil) }
    }

    /// Detaches the thread: the system frees its resources when it ends.
    package func detach() {
        pthread_detach(identifier)
    }

    /// The identifier of the calling thread, unique among all running threads.
    package static var current: UInt {
        #if canImport(Glibc)
            UInt(pthread_self())
        #else
            UInt(bitPattern: pthread_self())
        #endif
    }

    /// Runs a blocking call on its own thread and returns the result.
    package static func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async throws(NotStarted)
        -> Result
    {
        let result: Swift.Result<Result, NotStarted> = await withCheckedContinuation { continuation in
            do throws(NotStarted) {
                try Thread { continuation.resume(returning: .success(body())) }.detach()
            } catch { continuation.resume(returning: .failure(error)) }
        }
        return try result.get()
    }
}

private final class Work: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}
