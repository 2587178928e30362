internal import RingdownCore

/// The tasks that wait for an event.
///
/// A caller takes a ticket before it checks its condition. An event between the check and the wait is then not lost.
final class WaitList: Sendable {
    /// The number of events before the check of a caller.
    struct Ticket: Sendable {
        fileprivate let events: Int
    }

    private struct State {
        var events = 0
        var isClosed = false
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
        /// The number of the next waiter, and a number that no earlier waiter has.
        var next = 0
        var first = 0
    }

    private let state = Locked(State())

    /// The number of waiting tasks.
    var count: Int { state.withLock { $0.waiters.count } }

    /// Returns a ticket for ``wait(_:)``.
    func ticket() -> Ticket { Ticket(events: state.withLock { $0.events }) }

    /// Waits for an event.
    ///
    /// Returns immediately if there was an event since the ticket was taken.
    ///
    /// - Parameter ticket: The ticket.
    /// - Throws: `CancellationError` if the task is cancelled.
    func wait(_ ticket: Ticket) async throws {
        let waiter = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    // Checked under the lock: a later cancellation finds the waiter.
                    if Task.isCancelled || state.isClosed { return .failure(CancellationError()) }
                    if state.events != ticket.events { return .success(()) }
                    state.waiters[waiter] = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let continuation = state.withLock { $0.waiters.removeValue(forKey: waiter) }
            continuation?.resume(throwing: CancellationError())
        }
    }

    /// Ends all present and future waits with `CancellationError`.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        waiters.forEach { $0.resume(throwing: CancellationError()) }
    }

    /// Reports an event and resumes the tasks that have waited longest.
    ///
    /// - Parameter limit: The maximum number of tasks to resume (default: all).
    func resume(_ limit: Int = .max) {
        let ready = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            state.events += 1
            var ready: [CheckedContinuation<Void, any Error>] = []
            while !state.waiters.isEmpty, ready.count < limit {
                if let waiter = state.waiters.removeValue(forKey: state.first) { ready.append(waiter) }
                state.first += 1
            }
            return ready
        }
        ready.forEach { $0.resume() }
    }
}
