/// A task executor that runs tasks on the calling thread, one at a time.
///
/// A command that prints a cached token requires no thread pool. Creating a pool takes longer than the rest of the command.
package final class ThreadExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isOver = false
    }

    private let state = Monitor(State())

    private init() {}

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
        state.change { $0.jobs.append(job) }
    }

    private func stop() { state.change { $0.isOver = true } }

    private func loop() {
        while let batch = next() {
            for job in batch { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    /// Waits for the next jobs. Returns nil after ``stop()``.
    private func next() -> [UnownedJob]? {
        state.wait { state -> [UnownedJob]?? in
            if state.jobs.isEmpty { return state.isOver ? .some(nil) : nil }
            defer { state.jobs = [] }
            return state.jobs
        }
    }
}
