internal import RingdownCore

/// Runs an asynchronous function once for all callers that wait at the same time, with a time limit.
///
/// The function runs in a task of its own. Cancelling a caller ends only the wait of that caller. After the time limit the function
/// is cancelled and all callers receive an error, even if the function ignores the cancellation.
final class SharedLookup<Value: Sendable>: Sendable {
    /// The error after the time limit.
    struct TimedOut: Error {
        let limit: Duration
    }

    private typealias Outcome = Result<Value, any Error>
    private enum Entry { case cancelled, first(run: Int), joined }

    private struct State {
        /// The number of the run in progress.
        ///
        /// Late results of an earlier run are ignored by its number.
        var run = 0
        var isRunning = false
        var tasks: [Task<Void, Never>] = []
        var waiters: [Int: CheckedContinuation<Outcome, Never>] = [:]
        var nextWaiter = 0
    }

    private let time: any TimeSource
    private let limit: Duration
    private let state = Locked(State())

    init(limit: Duration, time: any TimeSource) {
        (self.limit, self.time) = (limit, time)
    }

    deinit { state.withLock { $0.tasks }.forEach { $0.cancel() } }

    /// Returns the result of `body`, or of the run in progress.
    ///
    /// - Throws: The errors of `body`, ``TimedOut``, and `CancellationError` if the calling task is cancelled.
    func value(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { enter(waiter, $0, body) }
        } onCancel: {
            let continuation = state.withLock { $0.waiters.removeValue(forKey: waiter) }
            continuation?.resume(returning: .failure(CancellationError()))
        }
        return try outcome.get()
    }

    /// Ends the run in progress and all waits with `CancellationError`.
    func cancel() { finish(state.withLock { $0.run }, .failure(CancellationError())) }

    private func enter(
        _ waiter: Int, _ continuation: CheckedContinuation<Outcome, Never>,
        _ body: @escaping @Sendable () async throws -> Value
    ) {
        let entry = state.withLock { state -> Entry in
            // Checked under the lock: a later cancellation finds the waiter.
            if Task.isCancelled { return .cancelled }
            state.waiters[waiter] = continuation
            if state.isRunning { return .joined }
            state.isRunning = true
            state.run += 1
            return .first(run: state.run)
        }
        switch entry {
        case .cancelled: continuation.resume(returning: .failure(CancellationError()))
        case .joined: break
        case .first(let run): start(run, body)
        }
    }

    private func start(_ run: Int, _ body: @escaping @Sendable () async throws -> Value) {
        let work = Task { [weak self] in
            let outcome: Outcome
            do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            self?.finish(run, outcome)
        }
        let timer = Task { [weak self, time, limit] in
            guard (try? await time.sleep(for: limit)) != nil else { return }
            self?.finish(run, .failure(TimedOut(limit: limit)))
        }
        let isOver = state.withLock { state in
            guard state.isRunning, state.run == run else { return true }
            state.tasks = [work, timer]
            return false
        }
        if isOver { timer.cancel() }
    }

    private func finish(_ run: Int, _ outcome: Outcome) {
        let (waiters, tasks) = state.withLock {
            state -> ([CheckedContinuation<Outcome, Never>], [Task<Void, Never>]) in
            guard state.isRunning, state.run == run else { return ([], []) }
            let ended = (Array(state.waiters.values), state.tasks)
            (state.isRunning, state.waiters, state.tasks) = (false, [:], [])
            return ended
        }
        tasks.forEach { $0.cancel() }
        waiters.forEach { $0.resume(returning: outcome) }
    }
}
