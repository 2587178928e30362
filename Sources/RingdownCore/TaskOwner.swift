/// The owner of tasks that are not children of another task.
///
/// After ``cancelAll()``, further tasks are cancelled when they start.
package final class TaskOwner: Sendable {
    private struct State {
        var isClosed = false
        var tasks: [Int: Task<Void, Never>] = [:]
        var next = 0
    }

    private let state = Locked(State())

    /// Creates an owner without tasks.
    package init() {}

    /// The number of tasks that have not finished.
    package var count: Int { state.withLock { $0.tasks.count } }

    /// Starts a task.
    ///
    /// - Parameter body: The work of the task.
    /// - Returns: The task.
    @discardableResult
    package func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        // The task is created under the lock, so that it cannot finish before it is stored.
        state.withLock { state in
            let id = state.next
            state.next += 1
            let task = Task {
                await body()
                self.remove(id)
            }
            state.tasks[id] = task
            if state.isClosed { task.cancel() }
            return task
        }
    }

    private func remove(_ id: Int) {
        _ = state.withLock { $0.tasks.removeValue(forKey: id) }
    }

    /// Runs `body` in a task of the owner and waits for the result.
    ///
    /// - Parameter body: The work. It is cancelled with the calling task, and by ``cancelAll()``.
    /// - Returns: The result.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        let result = Locked<Value?>(nil)
        let task = start {
            let value = await body()
            result.withLock { $0 = value }
        }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        // The task ends only after the result is set.
        return result.withLock { $0 }.unsafelyUnwrapped
    }

    /// Cancels all present and future tasks.
    package func cancelAll() {
        let tasks = state.withLock { state in
            state.isClosed = true
            return Array(state.tasks.values)
        }
        tasks.forEach { $0.cancel() }
    }

    /// Waits until all present tasks have finished.
    package func finished() async {
        for task in state.withLock({ Array($0.tasks.values) }) { await task.value }
    }
}
