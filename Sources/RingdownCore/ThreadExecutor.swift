internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs a program's tasks on the thread that calls it, one at a time.
///
/// A command that prints a cached token needs no pool of threads; starting one takes longer than all the rest of it.
public final class ThreadExecutor: TaskExecutor, @unchecked Sendable {  // because `state` is only touched under `mutex`
    private var jobs: [UnownedJob] = []
    private var isOver = false
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    private init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    private static let running = Locked<Task<Void, Never>?>(nil)

    /// Cancels what ``run(_:)`` was given last. Does nothing where it was not called.
    public static func interrupt() {
        running.withLock { $0 }?.cancel()
    }

    /// Runs `body`, and what belongs to its task, on this thread until it returns; also from code on such a thread that cannot wait
    /// otherwise.
    public static func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let executor = ThreadExecutor()
        let result = Locked<Value?>(nil)
        let task = Task(executorPreference: executor) {
            let code = await body()
            result.withLock { $0 = code }
            executor.stop()
        }
        let former = running.withLock { running in
            defer { running = task }
            return running
        }
        executor.loop()
        running.withLock { $0 = former }
        // The loop ends after the result is there.
        return result.withLock { $0 }.unsafelyUnwrapped
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(mutex)
        jobs.append(job)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private func stop() {
        pthread_mutex_lock(mutex)
        isOver = true
        pthread_mutex_unlock(mutex)
    }

    private func loop() {
        while let batch = next() {
            for job in batch { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    /// The jobs that wait; nil once all is done.
    private func next() -> [UnownedJob]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty {
            if isOver { return nil }
            pthread_cond_wait(condition, mutex)
        }
        defer { jobs = [] }
        return jobs
    }
}
