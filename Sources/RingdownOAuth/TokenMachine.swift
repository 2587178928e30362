package import RingdownCore

/// The reason for a token request.
public enum FetchReason: String, Sendable {
    /// No usable token is cached.
    case cold
    /// The token expires soon. Callers receive the cached token.
    case advisory
    /// The token is about to expire. Callers wait.
    case mandatory
    /// The API rejected the token.
    case rejected
    /// A caller requires a longer validity than the cached token has.
    case minimumValidity
    /// A caller forced a new token.
    case forced
}

/// The state machine of the token lifecycle. It decides when to return a token, request one, wait, or fail.
///
/// It has no side effects: times and random numbers are arguments, and the results are actions. The owner holds the lock, sends the
/// requests, and resumes the waiting callers.
package struct TokenMachine<Waiter: Hashable & Sendable>: Sendable {
    /// A token request in progress. Late results of an earlier request are ignored by its number.
    package struct Fetch: Sendable, Equatable {
        /// The number of the request.
        package let number: Int
        /// The reason for the request.
        package let reason: FetchReason
        /// The token that the request replaces. A store must not return it again.
        package let replaced: Token?
        /// The minimum validity that the caller requires.
        package let minimumValidity: Duration
        /// The uptime at which the request started. A token that was requested earlier comes from a store.
        package let begun: Duration
        /// The number of the attempt, starting from 1, while the same callers wait.
        package let attempt: Int
        /// The uptime before which the request must not be sent.
        package let notBefore: Duration
    }

    /// The result of ``request(at:minimumValidity:force:waiter:)``.
    package enum Action: Sendable {
        /// Return this token.
        case serve(Token)
        /// Return this token, and start this request in the background.
        case serveAndFetch(Token, Fetch)
        /// Start this request and wait for it.
        case fetch(Fetch)
        /// Wait for the request in progress. Without a waiter: call again with a waiter.
        case wait
        /// Fail with this error without a token request.
        case fail(TokenError)
    }

    /// The result of ``reject(_:at:)``.
    package enum Rejection: Sendable, Equatable {
        /// Request a token again: a newer one is available or will be requested.
        case retry
        /// The token was just granted, so a new token would not help.
        case freshToken
        /// Another rejected token was replaced recently, so a new token would not help.
        case tooSoon
    }

    /// The options of a waiting caller.
    struct Wish: Sendable {
        var minimumValidity: Duration
        var isForced: Bool
        /// The uptime at which the caller started to wait.
        var begun: Duration
    }

    struct Flight: Sendable {
        var fetch: Fetch
        var waiters: [Waiter: Wish]
    }

    let settings: LifecycleSettings
    var token: Token?
    private var isRejected = false
    /// The last tokens that the API rejected. A store must not return them again.
    private var rejected: [Secret] = []
    var flight: Flight?
    private var fetches = 0
    private var failures = 0
    /// The uptime before which a usable token is not refreshed again.
    private var retryAt: Duration = .zero
    /// The error that callers without a token receive until an uptime.
    var refusal: (error: TokenError, until: Duration)?
    private var rejectedAt: Duration?
    /// The uptime of the last failure.
    var failedAt: Duration = .zero

    /// Creates a machine without a token.
    package init(_ settings: LifecycleSettings = LifecycleSettings()) {
        self.settings = settings
    }

    /// Requests a token for a caller.
    ///
    /// - Parameters:
    ///   - now: The current time.
    ///   - minimumValidity: The minimum remaining lifetime of the token.
    ///   - force: Whether to request a new token even if a usable one is cached.
    ///   - waiter: The waiter to add to a token request; nil if the caller does not wait yet.
    package mutating func request(
        at now: Instant, minimumValidity: Duration = .zero, force: Bool = false, waiter: Waiter? = nil
    ) -> Action {
        let wish = Wish(minimumValidity: minimumValidity, isForced: force, begun: now.uptime)
        guard !force, let token, isUsable(token, at: now, for: minimumValidity) else {
            var notBefore = now.uptime
            if let refusal, flight == nil, now.uptime < refusal.until, !force || refusal.error.isWaitRequested {
                guard canOutlast(refusal.error, until: refusal.until, wish) else {
                    return .fail(remembered(refusal, at: now))
                }
                notBefore = refusal.until
            }
            if !force, let token, isTooShort(token, for: minimumValidity, at: now) {
                return .fail(.tooShort(granted: token.lifetime, wanted: minimumValidity))
            }
            return join(reason(force: force, at: now), waiter, wish, at: now, notBefore: notBefore)
        }
        let remaining = token.remaining(at: now)
        if remaining <= settings.mandatory(token) {
            return flight == nil && now.uptime < retryAt
                ? .serve(token)
                : join(.mandatory, waiter, wish, at: now)
        }
        guard remaining <= settings.advisory(token), flight == nil, now.uptime >= retryAt else { return .serve(token) }
        if settings.advisoryPatience != nil {
            return join(.advisory, waiter, wish, at: now)
        }
        return .serveAndFetch(token, begin(.advisory, at: now, minimumValidity: .zero, waiters: [:]))
    }

    /// The token that callers without options can use directly, with the times of both clocks until which this holds, in
    /// nanoseconds. Until then these callers do not need ``request(at:minimumValidity:force:waiter:)``. Nil if there is no such
    /// token. Any other event invalidates the value.
    package var fastPathToken: (token: Token, uptime: Int64, wall: Int64)? {
        guard let token, !isRejected else { return nil }
        let ahead = max(settings.advisory(token), settings.mandatory(token), settings.margin(token))
        let uptime = (token.requested.uptime + token.lifetime - ahead).inNanoseconds
        // A coarse reading of the wall clock may be late, so one second is subtracted.
        let wall = (token.requested.wall + (token.lifetime - ahead)).secondsSince1970 - 1
        return (token, uptime, Int64(wall * 1e9))
    }

    // MARK: Stores

    /// Applies a stored state: a token that is newer than the cached one, and the backoff state.
    package mutating func adopt(_ stored: StoredState, at now: Instant) {
        if let new = stored.token, new.value != token?.value, !rejected.contains(new.value),
            token.map({ new.requested.wall >= $0.requested.wall }) ?? true
        {
            (token, isRejected) = (new, false)
        }
        // A backoff state from the future was written with another clock, so its end is unknown.
        guard let backoff = stored.backoff, backoff.time - now.wall <= Self.clockTolerance else { return }
        func uptime(_ instant: Timestamp) -> Duration { now.uptime + (instant - now.wall) }
        failures = max(failures, backoff.failures)
        failedAt = max(failedAt, uptime(backoff.time))
        retryAt = max(retryAt, uptime(backoff.retryAt))
        let until = uptime(backoff.until)
        if until > now.uptime, until > refusal?.until ?? .zero { refusal = (backoff.error, until) }
    }

    /// The accepted difference between the wall clocks of processes that share a store.
    private static var clockTolerance: Duration { .seconds(60) }

    /// Returns the state to store.
    package func stored(at now: Instant) -> StoredState {
        func wall(_ uptime: Duration) -> Timestamp { now.wall + (uptime - now.uptime) }
        let backoff = refusal.map { refusal in
            BackoffState(
                error: refusal.error, failures: failures, time: wall(failedAt), retryAt: wall(retryAt),
                until: wall(refusal.until))
        }
        return StoredState(token: isRejected ? nil : token, backoff: failures > 0 ? backoff : nil)
    }

    /// Applies a stored state before a request is sent. The request ends if the stored token satisfies all waiting callers, or if
    /// the stored backoff state forbids it. Returns nil if the request must be sent.
    package mutating func loaded(_ stored: StoredState, for fetch: Fetch, at now: Instant) -> Landing? {
        guard let flight, flight.fetch.number == fetch.number else { return ([], nil) }
        let former = token
        adopt(stored, at: now)
        if let token, token.value != former?.value, fetch.reason != .forced {
            let left = token.remaining(at: now)
            let longest = flight.waiters.values.map(\.minimumValidity).max() ?? .zero
            // If the platform just granted less than the required validity, a new token would not have more.
            let isHopeless = token.lifetime <= longest && token.age(at: now) < settings.refusalMemory
            if isHopeless || left > max(settings.mandatory(token), settings.required(longest, of: token)) {
                return fetched(token, for: fetch, at: now)
            }
        }
        return isHeldBack(flight, at: now) ? heldBack(flight, at: now) : nil
    }

    /// Returns whether the stored failures forbid the request.
    private func isHeldBack(_ flight: Flight, at now: Instant) -> Bool {
        if flight.fetch.reason == .forced {
            return refusal.map { isAhead($0.until, of: now) && $0.error.isWaitRequested } ?? false
        }
        if flight.fetch.reason == .rejected {
            return refusal.map { isAhead($0.until, of: now) && $0.error.isFirm } ?? false
        }
        let areServed = flight.waiters.values.allSatisfy { wish in
            token.map { isUsable($0, at: now, for: wish.minimumValidity) } ?? false
        }
        if areServed { return isAhead(retryAt, of: now) }
        return refusal.map { isAhead($0.until, of: now) } ?? false
    }

    /// Whether a stored time is ahead. Stored times are rounded and converted between clocks.
    private func isAhead(_ uptime: Duration, of now: Instant) -> Bool { now.uptime + .milliseconds(20) < uptime }

    // MARK: Requests

    /// The results of waiting callers, and the next request if other callers need one.
    package typealias Landing = (answers: [(waiter: Waiter, result: Result<Token, TokenError>)], next: Fetch?)

    /// Ends a request with a token: a new one, or one from a store, which may not satisfy all waiting callers.
    package mutating func fetched(_ new: Token, for fetch: Fetch, at now: Instant) -> Landing {
        guard let flight, flight.fetch.number == fetch.number else { return ([], nil) }
        self.flight = nil
        (failures, refusal, retryAt) = (0, nil, .zero)
        if new.isCacheable { (token, isRejected) = (new, false) }
        let isStored = new.requested.uptime < fetch.begun
        let open = flight.waiters.filter {
            isStored && !satisfies(new, $0.value, at: now) && new.lifetime > $0.value.minimumValidity
        }
        let answers = flight.waiters.filter { open[$0.key] == nil }.map { waiter, wish in
            // A token that was granted expired is used for one attempt, but not for callers with a minimum validity.
            let lasts = lasts(new, wish.minimumValidity, at: now)
            let result: Result<Token, TokenError> =
                lasts ? .success(new) : .failure(.tooShort(granted: new.lifetime, wanted: wish.minimumValidity))
            return (waiter, result)
        }
        guard !open.isEmpty else { return (answers, nil) }
        let reason: FetchReason = open.values.contains(where: \.isForced) ? .forced : .minimumValidity
        return (
            answers,
            begin(reason, at: now, minimumValidity: open.values.map(\.minimumValidity).max() ?? .zero, waiters: open)
        )
    }

    private func satisfies(_ token: Token, _ wish: Wish, at now: Instant) -> Bool {
        !wish.isForced && lasts(token, wish.minimumValidity, at: now)
    }

    private func lasts(_ token: Token, _ minimumValidity: Duration, at now: Instant) -> Bool {
        minimumValidity <= .zero || token.remaining(at: now) >= settings.required(minimumValidity, of: token)
    }

    /// Ends a request with an error. Callers that accept the cached token receive it. The others receive the error, or continue to
    /// wait if the request is sent again.
    ///
    /// - Parameters:
    ///   - error: The failure.
    ///   - fetch: The request.
    ///   - now: The current time.
    ///   - draw: A random number, uniform in 0..<1.
    package mutating func failed(
        _ error: TokenError, for fetch: Fetch, at now: Instant, draw: Double
    ) -> Landing {
        guard let flight, flight.fetch.number == fetch.number else { return ([], nil) }
        failures += 1
        failedAt = now.uptime
        let asked = min(error.retryAfter ?? .zero, settings.retryAfterLimit)
        let remaining = token.map { $0.remaining(at: now) } ?? .zero
        retryAt = now.uptime + max(settings.backoff(failures: failures, remaining: remaining, draw: draw), asked)
        refusal = (error, now.uptime + memory(of: error, asked: asked, draw: draw))
        let delay = settings.retries.delay(after: error, attempt: fetch.attempt, draw: draw)
        let landing = end(flight, error, next: delay.map { now.uptime + $0 }, attempt: fetch.attempt + 1, at: now)
        // New callers and other processes wait for the same attempt.
        if let next = landing.next { refusal = (error, next.notBefore) }
        return landing
    }

    /// Whether no token request is in progress.
    package var isIdle: Bool { flight == nil }

    /// Returns the number of callers that wait for a request.
    package func waiterCount(_ fetch: Fetch) -> Int {
        flight?.fetch.number == fetch.number ? flight?.waiters.count ?? 0 : 0
    }

    /// Reports that the API rejected a token. Only the cached token is dropped, so late reports of an old token have no effect.
    package mutating func reject(_ rejected: Token, at now: Instant) -> Rejection {
        guard let token, token.value == rejected.value, !isRejected else { return .retry }
        if token.age(at: now) < settings.freshAge(token) { return .freshToken }
        if let rejectedAt, now.uptime - rejectedAt < settings.rejectionInterval(token) { return .tooSoon }
        isRejected = true
        self.rejected = self.rejected.suffix(15) + [token.value]
        rejectedAt = now.uptime
        // The rejection is unrelated to the token endpoint, so a temporary failure of the endpoint does not delay the request.
        if refusal?.error.isFirm != true { refusal = nil }
        return .retry
    }

    /// Drops the cached token and returns it. A store cannot return it again.
    package mutating func forget() -> Token? {
        guard let former = token else { return nil }
        rejected = rejected.suffix(15) + [former.value]
        (token, isRejected) = (nil, false)
        return former
    }

    /// Removes a waiting caller. The request continues for the others. Returns false if the caller already has a result.
    package mutating func cancel(_ waiter: Waiter) -> Bool {
        flight?.waiters.removeValue(forKey: waiter) != nil
    }

    func isUsable(_ token: Token, at now: Instant, for minimumValidity: Duration) -> Bool {
        !isRejected
            && token.remaining(at: now) > max(settings.margin(token), settings.required(minimumValidity, of: token))
    }

    /// Returns whether the platform just granted less than the required validity, so a new token would not have more.
    private func isTooShort(_ token: Token, for minimumValidity: Duration, at now: Instant) -> Bool {
        !isRejected && token.lifetime <= minimumValidity && token.age(at: now) < settings.refusalMemory
    }

    private func reason(force: Bool, at now: Instant) -> FetchReason {
        if force { return .forced }
        guard let token else { return .cold }
        if isRejected { return .rejected }
        return isUsable(token, at: now, for: .zero) ? .minimumValidity : .cold
    }

    private mutating func join(
        _ reason: FetchReason, _ waiter: Waiter?, _ wish: Wish, at now: Instant, notBefore: Duration = .zero
    ) -> Action {
        guard let waiter else { return .wait }
        guard flight == nil else {
            flight?.waiters[waiter] = wish
            return .wait
        }
        let fetch = begin(
            reason, at: now, minimumValidity: wish.minimumValidity, waiters: [waiter: wish], notBefore: notBefore)
        return .fetch(fetch)
    }

    mutating func begin(
        _ reason: FetchReason, at now: Instant, minimumValidity: Duration, waiters: [Waiter: Wish], attempt: Int = 1,
        notBefore: Duration = .zero
    ) -> Fetch {
        fetches += 1
        let fetch = Fetch(
            number: fetches, reason: reason, replaced: token, minimumValidity: minimumValidity,
            begun: max(now.uptime, notBefore), attempt: attempt, notBefore: notBefore)
        flight = Flight(fetch: fetch, waiters: waiters)
        return fetch
    }

    private func memory(of error: TokenError, asked: Duration, draw: Double) -> Duration {
        if error.isRefusal { return max(settings.refusalMemory, asked) }
        let range = settings.failureMemory
        return max(range.lowerBound + (range.upperBound - range.lowerBound) * draw, asked)
    }
}
