#if canImport(Glibc)
    public import Glibc
#else
    public import Darwin
#endif

/// A thread of the system's own, for work that blocks: tasks must never wait for that.
public struct Thread: @unchecked Sendable {  // because an identifier of a thread may be used from any thread
    /// The system has no room for another thread.
    public struct NotStarted: Error, Sendable, CustomStringConvertible {
        public var description: String { "the system has no room for another thread" }
    }

    private let identifier: pthread_t

    /// Starts `body` at once. Whoever holds the thread calls ``join()`` or ``detach()``, once.
    public init(_ body: @escaping @Sendable () -> Void) throws(NotStarted) {
        // The thread releases the work once it has it.
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

    /// Waits for the thread's end; on the thread itself it only lets go of it.
    public func join() {
        if pthread_equal(pthread_self(), identifier) != 0 { detach() } else { pthread_join(identifier, nil) }
    }

    /// Lets the thread end by itself.
    public func detach() {
        pthread_detach(identifier)
    }

    /// A number that differs for any two threads that run.
    @inlinable public static var current: UInt {
        #if canImport(Glibc)
            UInt(pthread_self())
        #else
            UInt(bitPattern: pthread_self())
        #endif
    }

    /// The result of a call that blocks, made on a thread of its own.
    public static func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async throws(NotStarted)
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
