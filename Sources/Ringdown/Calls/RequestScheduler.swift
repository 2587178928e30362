internal import RingdownCore
internal import RingdownOAuth

/// The shared state of all calls of a client: rate limit, retry budget, and circuit breaker.
///
/// It performs the waits. The types that it contains make the decisions.
final class RequestScheduler: Sendable {
    private struct State {
        var gate: RateLimiter
        var budget = RetryBudget()
        var breaker: CircuitBreaker
        var counts = CallCounts()
    }

    let settings: CallSettings
    private let limitHeaders: PlatformCapabilities.RateLimitHeaders?
    private let time: any TimeSource
    private let pause: SharedPause
    private let state: Locked<State>
    /// The callers that wait for the next response.
    private let responses = WaitList()
    private let observer = Locked<(@Sendable (CallEvent) -> Void)?>(nil)

    init(
        _ settings: CallSettings, limitHeaders: PlatformCapabilities.RateLimitHeaders?, time: any TimeSource,
        store: any TokenStore, key: CacheKey, tasks: TaskOwner
    ) {
        self.settings = settings
        self.limitHeaders = limitHeaders
        self.time = time
        pause = SharedPause(store, key, tasks: tasks)
        let gate = RateLimiter(slack: settings.windowSlack, isReported: limitHeaders != nil)
        state = Locked(State(gate: gate, breaker: CircuitBreaker(settings)))
    }

    var counts: CallCounts { state.withLock { $0.counts } }

    func observe(_ observer: @escaping @Sendable (CallEvent) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    /// The number of calls that wait for the next response.
    var waitingCount: Int { responses.count }

    /// Ends the waits of calls.
    func shutDown() {
        responses.close()
        pause.shutDown()
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

    /// Waits until a call may be sent.
    ///
    /// - Throws: ``APIError`` if the wait is too long or the circuit is open, and `CancellationError`.
    func admit(_ call: APICall) async throws {
        var isProbe = false
        do {
            while true {
                let ticket = responses.ticket()
                switch try await admission(call, &isProbe) {
                case .admitted: return
                case .wait(let wait): try await self.wait(wait, call)
                case .waitForResponse:
                    let start = time.now().uptime
                    Logger.current.debug("api.wait", "\(call.title) waits for the rate limit in the next response")
                    try await responses.wait(ticket)
                    tell(.waiting(time.now().uptime - start, reason: "limit"))
                }
            }
        } catch {
            if isProbe { state.withLock { $0.breaker.ended() } }
            // This caller may have been resumed instead of another one.
            resumeWaiting()
            throw error
        }
    }

    /// Returns the decision about a call at the present time.
    ///
    /// - Parameters:
    ///   - call: The call.
    ///   - isProbe: Whether the call is the only one that the open circuit admits.
    /// - Throws: ``APIError`` if the circuit is open. It may have opened while the call waited.
    private func admission(_ call: APICall, _ isProbe: inout Bool) async throws -> RateLimiter.Admission {
        let now = time.now()
        if settings.isGated, let until = try await pause.end(at: now.uptime), until > now.wall,
            until - now.wall <= settings.waitLimit
        {
            state.withLock { $0.gate.pause(until: now.uptime + (until - now.wall)) }
        }
        let isFirst = !isProbe
        let (broken, admission, isOpen) = state.withLock { state -> (Duration?, RateLimiter.Admission, Bool) in
            if isFirst, let broken = state.breaker.admit(at: now.uptime) { return (broken, .admitted, false) }
            return (nil, settings.isGated ? state.gate.admit(at: now.uptime) : .admitted, state.breaker.isOpen)
        }
        if let broken {
            var error = APIError(
                .circuitOpen,
                "\(call.title) was not sent: the platform failed \(settings.failuresToOpen) times in a row",
                hint: "the next call is possible in \(broken.spoken)")
            error.retryAfter = broken
            throw error
        }
        isProbe = isProbe || isOpen
        return admission
    }

    private func wait(_ wait: Duration, _ call: APICall) async throws {
        guard wait <= settings.waitLimit else { throw Self.tooLong(call, wait) }
        Logger.current.debug("api.wait", "\(call.title) waits \(wait.spoken) for the rate limit")
        tell(.waiting(wait, reason: "limit"))
        if wait >= .seconds(1) { await pause.share(until: time.now().wall + wait) }
        try await time.sleep(for: wait)
    }

    /// Resumes as many waiting callers as may be admitted.
    private func resumeWaiting() { responses.resume(state.withLock { $0.gate.vacancies }) }

    static func tooLong(_ call: APICall, _ wait: Duration) -> APIError {
        var error = APIError(
            .rateLimited, "rate limit exceeded: \(call.title) cannot be sent for \(wait.spoken)",
            hint: "retry after this time"
                + (wait >= .seconds(3600) ? "; a wait of this length is most likely a daily limit" : ""), status: 429)
        error.retryAfter = wait
        return error
    }

    /// Records the end of an admitted attempt.
    func ended(_ response: Response?, _ failure: CallFailure?) {
        let now = time.now().uptime
        defer { resumeWaiting() }
        state.withLock { state in
            let limit = settings.isGated ? response.flatMap { RateLimit($0.headers, limitHeaders) } : nil
            state.gate.ended(limit, isSuccess: response?.isSuccess == true, at: now)
            // Before any waiting caller is resumed.
            if let failure, settings.isGated, let pause = RetryPolicy(settings: settings).pause(after: failure) {
                state.gate.pause(until: now + pause)
            }
            guard let failure else {
                state.budget.earn()
                return state.breaker.succeeded()
            }
            if failure.isOutage { state.breaker.failed(at: now) } else { state.breaker.succeeded() }
        }
    }

    /// Records that an admitted call is not sent.
    func abandon() {
        let now = time.now().uptime
        state.withLock { state in
            state.gate.ended(nil, at: now)
            state.breaker.ended()
        }
        resumeWaiting()
    }

    /// Waits before a retry. Returns false if the call is not retried. Throws ``APIError`` if the wait is too long.
    ///
    /// - Parameter first: The uptime of the first failure of the call.
    func mayRepeat(
        _ call: APICall, after failure: CallFailure, attempt: Int, since first: Duration
    ) async throws -> Bool {
        let decision = RetryPolicy(settings: settings).decide(
            failure, attempt: attempt, elapsed: time.now().uptime - first, mayBeRetried: call.mayBeRetried,
            draw: .random(in: 0..<1))
        switch decision {
        case .giveUp: return false
        case .tooLong(let wait):
            if case .status(429, _, _) = failure { throw Self.tooLong(call, wait) }
            return false
        case .retry(let wait):
            guard state.withLock({ $0.budget.take(for: failure) }) else { return false }
            let reason = failure.reason
            Logger.current.debug("api.retry", "retrying \(call.title) in \(wait.spoken): \(reason)")
            tell(.retrying(method: call.method, path: call.path, after: wait, reason: reason))
            if case .status(429, _, _) = failure, settings.isGated {
                state.withLock { $0.gate.pause(until: time.now().uptime + wait) }
                await pause.share(until: time.now().wall + wait)
            }
            try await time.sleep(for: wait)
            return true
        }
    }
}
