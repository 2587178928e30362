internal import RingdownCore
internal import RingdownOAuth

/// What all calls of a client share: how near the platform's limit is, how much may be repeated, whether the platform
/// answers at all. Waiting goes on here; the decisions are made by the pure types that it holds.
final class RequestScheduler: Sendable {
    private struct State {
        var gate: RateLimiter
        var budget = RetryBudget()
        var breaker: CircuitBreaker
        var counts = CallCounts()
        /// Until when the others were told to wait last.
        var posted = Timestamp(secondsSince1970: 0)
    }

    let settings: CallSettings
    private let time: any TimeSource
    private let board: (any TokenStore, CacheKey)
    private let state: Locked<State>
    private let observer = Locked<(@Sendable (CallEvent) -> Void)?>(nil)

    init(_ settings: CallSettings, time: any TimeSource, store: any TokenStore, key: CacheKey) {
        self.settings = settings
        self.time = time
        board = (store, key)
        state = Locked(State(gate: RateLimiter(slack: settings.windowSlack), breaker: CircuitBreaker(settings)))
    }

    var counts: CallCounts { state.withLock { $0.counts } }

    func observe(_ observer: @escaping @Sendable (CallEvent) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    func tell(_ event: CallEvent) {
        observer.withLock { $0 }?(event)
        state.withLock { state in
            switch event {
            case .answered(_, _, let status, _, let duration, _):
                state.counts.calls += 1
                state.counts.answering += duration
                if (200..<300).contains(status) { state.counts.successes += 1 }
                if status == 429 { state.counts.rateLimited += 1 }
            case .unanswered: state.counts.calls += 1
            case .retrying(_, _, let after, _):
                state.counts.retries += 1
                state.counts.waited += after
            case .waiting(let duration, _): state.counts.waited += duration
            case .tokenRefused: state.counts.tokensRefused += 1
            }
        }
    }

    /// Waits until a call may be sent. Throws ``APIError`` where that is too far off, and `CancellationError`.
    func admit(_ call: APICall) async throws {
        if let broken = state.withLock({ $0.breaker.admit(at: time.now().uptime) }) {
            throw APIError(
                .serverFailed,
                "\(call.title) was not sent: the platform failed \(settings.failuresToOpen) times in a row",
                hint: "the next call is tried in \(broken.spoken)")
        }
        do {
            while let wait = await gateWait() {
                guard wait <= settings.waitLimit else { throw Self.tooLong(call, wait) }
                Logger.current.debug("api.wait", "\(call.title) waits \(wait.spoken): the platform's limit is near")
                tell(.waiting(wait, reason: "limit"))
                // A moment is only until the first answer of a window; everything longer concerns the others too.
                if wait >= .seconds(1) { await post(wait) }
                try await time.sleep(for: wait)
            }
        } catch {
            state.withLock { $0.breaker.ended() }
            throw error
        }
    }

    private func gateWait() async -> Duration? {
        guard settings.isGated else { return nil }
        let now = time.now()
        if let until = await board.0.pause(board.1), until > now.wall, until - now.wall <= settings.waitLimit {
            state.withLock { $0.gate.pause(until: now.uptime + (until - now.wall)) }
        }
        return state.withLock { $0.gate.admit(at: now.uptime) }
    }

    static func tooLong(_ call: APICall, _ wait: Duration) -> APIError {
        var error = APIError(
            .rateLimited, "\(call.title) may be sent again only in \(wait.spoken)",
            hint: "call again then: so long a wait is most likely the limit of a day", status: 429)
        error.retryAfter = wait
        return error
    }

    /// An attempt that was admitted is over.
    func ended(_ response: Response?, _ failure: CallFailure?) {
        let now = time.now().uptime
        state.withLock { state in
            state.gate.ended(settings.isGated ? response.flatMap { RateLimit($0.headers) } : nil, at: now)
            guard let failure else {
                state.budget.earn()
                return state.breaker.succeeded()
            }
            if failure.isOutage { state.breaker.failed(at: now) } else { state.breaker.succeeded() }
        }
    }

    /// A call that was admitted is not sent after all.
    func abandon() {
        let now = time.now().uptime
        state.withLock { state in
            state.gate.ended(nil, at: now)
            state.breaker.ended()
        }
    }

    /// Waits before a repetition; false where there is to be none. Throws ``APIError`` where the wait would be too long.
    func mayRepeat(_ call: APICall, after failure: CallFailure, attempt: Int) async throws -> Bool {
        let decision = RetryPolicy(settings: settings).decide(
            failure, attempt: attempt, mayBeRetried: call.mayBeRetried, draw: .random(in: 0..<1))
        switch decision {
        case .giveUp: return false
        case .tooLong(let wait):
            if case .status(429, _, _) = failure { throw Self.tooLong(call, wait) }
            return false
        case .retry(let wait):
            guard state.withLock({ $0.budget.take(for: failure) }) else { return false }
            let reason = Self.reason(failure)
            Logger.current.debug("api.retry", "\(call.title) is sent again in \(wait.spoken): \(reason)")
            tell(.retrying(method: call.method, path: call.path, after: wait, reason: reason))
            if case .status(429, _, _) = failure, settings.isGated {
                state.withLock { $0.gate.pause(until: time.now().uptime + wait) }
                await post(wait)
            }
            try await time.sleep(for: wait)
            return true
        }
    }

    /// Whoever has to wait makes the other processes wait too.
    private func post(_ wait: Duration) async {
        let end = time.now().wall + wait
        let isLater = state.withLock { state in
            guard end > state.posted + .milliseconds(100) else { return false }
            state.posted = end
            return true
        }
        if isLater { await board.0.pause(board.1, until: end) }
    }

    private static func reason(_ failure: CallFailure) -> String {
        switch failure {
        case .status(let status, _, _): "it was answered \(status)"
        case .unsent: "no connection was made"
        case .interrupted: "no answer came"
        }
    }
}
