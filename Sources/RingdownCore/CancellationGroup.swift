/// Operations that are cancelled together, without cancelling the tasks that wait for them.
package final class CancellationGroup: Sendable {
    private struct State {
        var isCancelled = false
        var operations: [Int: @Sendable () -> Void] = [:]
        var next = 0
    }

    private let state = Locked(State())

    /// Creates an empty group.
    package init() {}

    /// Adds an operation.
    ///
    /// - Parameter cancel: The function that cancels the operation. It must not block.
    /// - Returns: The number for ``remove(_:)``; nil if the group is cancelled, so that the operation must not start.
    package func add(_ cancel: @escaping @Sendable () -> Void) -> Int? {
        state.withLock { state in
            if state.isCancelled { return nil }
            state.next += 1
            state.operations[state.next] = cancel
            return state.next
        }
    }

    /// Removes an operation that has ended.
    package func remove(_ number: Int) {
        _ = state.withLock { $0.operations.removeValue(forKey: number) }
    }

    /// Cancels all operations. Later ones do not start.
    package func cancelAll() {
        let operations = state.withLock { state in
            state.isCancelled = true
            defer { state.operations = [:] }
            return Array(state.operations.values)
        }
        operations.forEach { $0() }
    }
}

/// A transport that cancels a request without cancelling the calling task.
package protocol CancellableTransport: Transport {
    /// Sends a request that ends when the group is cancelled.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - group: The group of the request.
    /// - Returns: The response.
    /// - Throws: `TransportError`, as `send(_:)` does.
    func send(_ request: Request, in group: CancellationGroup) async throws(TransportError) -> Response
}
