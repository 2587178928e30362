internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A task executor that runs tasks on the calling thread, one at a time.
///
/// A command that prints a cached token requires no thread pool. Creating a pool takes longer than the rest of the command.
package final class ThreadExecutor: TaskExecutor, @unchecked Sendable {  // because `mutex` protects the state
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

    /// Cancels the task of the most recent call of ``run(_:)``, if any.
    package static func interrupt() {
        running.withLock { $0 }?.cancel()
    }

    /// Runs `body` and its child tasks on the calling thread until `body` returns. Calls may be nested.
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
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
        // The loop ends only after the result is set.
        return result.withLock { $0 }.unsafelyUnwrapped
    }

    package func enqueue(_ job: consuming ExecutorJob) {
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

    /// Waits for the next jobs. Returns nil after ``stop()``.
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
