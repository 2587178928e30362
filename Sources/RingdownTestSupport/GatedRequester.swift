package import RingdownCore
package import RingdownOAuth

/// A token requester whose requests wait until the test provides a result.
package final class GatedRequester: TokenRequester {
    private struct State {
        var requests = 0
        var pending: [CheckedContinuation<Result<Token, TokenError>, Never>] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Locked(State())

    package init() {}

    /// The number of requests so far.
    package var requests: Int { state.withLock { $0.requests } }

    package func requestToken(draw: Double) async throws(TokenError) -> Token {
        let result = await withCheckedContinuation { continuation in
            let watchers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.requests += 1
                state.pending.append(continuation)
                let ready = state.watchers.filter { $0.count <= state.requests }.map(\.continuation)
                state.watchers.removeAll { $0.count <= state.requests }
                return ready
            }
            watchers.forEach { $0.resume() }
        }
        return try result.get()
    }

    /// Waits until there have been `count` requests.
    package func waitForRequests(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.requests >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// Completes the oldest pending request. Traps if no request is pending.
    package func answer(_ result: Result<Token, TokenError>) {
        state.withLock { $0.pending.removeFirst() }.resume(returning: result)
    }
}

extension Token {
    /// Creates a token for tests.
    package static func sample(
        _ text: String = "token", lifetime: Duration = .seconds(3600), at instant: Instant, isCacheable: Bool = true
    ) -> Token {
        Token(value: Secret(text), lifetime: lifetime, requested: instant, isCacheable: isCacheable)
    }
}
