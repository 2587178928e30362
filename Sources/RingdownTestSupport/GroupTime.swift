package import RingdownCore

/// A clock for a group of tasks, which jumps to the end of the next sleep when all tasks of the group sleep or have finished.
package final class GroupTime: TimeSource {
    private struct Sleeper {
        var end: Duration
        var continuation: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var now = ManualTime().now()
        /// The number of tasks that have not finished.
        var tasks: Int
        var sleepers: [Int: Sleeper] = [:]
        var nextID = 0

        /// Returns the sleepers to wake, if all tasks sleep.
        mutating func jump() -> [Sleeper] {
            guard sleepers.count >= tasks, let end = sleepers.values.map(\.end).min() else { return [] }
            if end > now.uptime { now = now + (end - now.uptime) }
            let awake = sleepers.filter { $0.value.end <= end }
            for id in awake.keys { sleepers[id] = nil }
            return Array(awake.values)
        }
    }

    private let state: Locked<State>

    /// Creates a clock.
    ///
    /// - Parameter tasks: The number of tasks in the group.
    package init(tasks: Int) {
        state = Locked(State(tasks: tasks))
    }

    package func now() -> Instant { state.withLock { $0.now } }

    package func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let awake = state.withLock { state -> [Sleeper]? in
                    // Checked under the lock: a later cancellation finds the sleeper.
                    if Task.isCancelled { return nil }
                    state.sleepers[id] = Sleeper(end: state.now.uptime + duration, continuation: continuation)
                    return state.jump()
                }
                guard let awake else { return continuation.resume(throwing: CancellationError()) }
                awake.forEach { $0.continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Records that a task of the group has finished.
    package func finished() {
        let awake = state.withLock { state in
            state.tasks -= 1
            return state.jump()
        }
        awake.forEach { $0.continuation.resume() }
    }
}
