internal import RingdownCore

/// The commands that wait for the thread of a client.
final class RedisQueue: Sendable {
    private struct State {
        var commands: [RedisCommand] = []
        var hasThread = false
        var isClosed = false
    }

    private let state = Monitor(State())

    /// The number of waiting commands.
    var count: Int { state.change { $0.commands.count } }

    /// Adds a command.
    ///
    /// - Returns: Whether the caller must start the thread.
    func add(_ command: RedisCommand) -> Bool {
        state.change { state in
            state.commands.append(command)
            defer { state.hasThread = true }
            return !state.hasThread
        }
    }

    /// Records that the thread was not started.
    func hasNoThread() { state.change { $0.hasThread = false } }

    /// Removes and returns all waiting commands.
    func takeAll() -> [RedisCommand] {
        state.change { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Waits for commands and removes them from the queue.
    ///
    /// - Parameter limit: The maximum number of commands.
    /// - Returns: The commands; nil if the queue is closed and empty.
    func next(limit: Int) -> [RedisCommand]? {
        state.wait { state -> [RedisCommand]?? in
            if state.commands.isEmpty { return state.isClosed ? .some(nil) : nil }
            let batch = Array(state.commands.prefix(limit))
            state.commands.removeFirst(batch.count)
            return batch
        }
    }

    /// Ends the thread after the waiting commands.
    func close() { state.change { $0.isClosed = true } }
}
