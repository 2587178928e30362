public import RingdownCore

/// Why a token is requested.
public enum FetchReason: String, Sendable {
    /// There is none.
    case cold
    /// It ends before long; nobody waits.
    case advisory
    /// It is about to end; callers wait.
    case mandatory
    /// The API refused it.
    case rejected
    /// A caller needs it to last longer.
    case minimumValidity
    /// A caller insists on a new one.
    case forced
}

/// Decides when a token is served, requested, waited for or refused.
///
/// A pure state machine: time and chance come in as arguments, what to do comes out. Its owner holds the lock, performs
/// the request and resumes those who wait.
public struct TokenMachine<Waiter: Hashable & Sendable>: Sendable {
    /// A token request under way. Late answers to an earlier one are ignored by its number.
    public struct Fetch: Sendable, Equatable {
        public let number: Int
        public let reason: FetchReason
        /// The token that must not come back, from whatever store.
        public let replaced: Token?
        /// How long the token must last for who asked for it.
        public let minimumValidity: Duration
        /// The uptime at which it began: a token that was requested earlier came from a store.
        public let begun: Duration
    }

    /// What the caller of ``request(at:minimumValidity:force:waiter:)`` is told.
    public enum Action: Sendable {
        /// Use this token.
        case serve(Token)
        /// Use this token, and start this request for the others.
        case serveAndFetch(Token, Fetch)
        /// Start this request and wait for it.
        case fetch(Fetch)
        /// Wait for the request that is under way; without a waiter: come back with one.
        case wait
        /// There is no token, and none will be asked for now.
        case fail(TokenError)
    }

    /// What a caller learns whose token was refused by the API.
    public enum Rejection: Sendable, Equatable {
        /// Ask for a token again: there is a newer one, or there will be.
        case retry
        /// The token was new: it is not the token that is wrong.
        case freshToken
        /// Another refused token was replaced moments ago: asking again would not help.
        case tooSoon
    }

    /// What a caller asked for.
    private struct Wish: Sendable {
        var minimumValidity: Duration
        var isForced: Bool
    }

    private struct Flight: Sendable {
        var fetch: Fetch
        var waiters: [Waiter: Wish]
    }

    private let settings: LifecycleSettings
    private var token: Token?
    private var isRejected = false
    /// The last tokens that the API refused: they must not come back from a store.
    private var rejected: [Secret] = []
    private var flight: Flight?
    private var fetches = 0
    private var failures = 0
    /// Before this uptime no refresh of a token that still serves is tried again.
    private var retryAt: Duration = .zero
    /// What callers without a token are told until this uptime.
    private var refusal: (error: TokenError, until: Duration)?
    private var rejectedAt: Duration?
    /// When the last failure was.
    private var failedAt: Duration = .zero

    public init(_ settings: LifecycleSettings = LifecycleSettings()) {
        self.settings = settings
    }

    /// A caller wants a token that lasts at least `minimumValidity`.
    public mutating func request(
        at now: Instant, minimumValidity: Duration = .zero, force: Bool = false, waiter: Waiter? = nil
    ) -> Action {
        guard !force, let token, isUsable(token, at: now, for: minimumValidity) else {
            if let refusal, flight == nil, now.uptime < refusal.until, !force || refusal.error.isFirm {
                return .fail(refusal.error)
            }
            if !force, let token, isTooShort(token, for: minimumValidity, at: now) {
                return .fail(.tooShort(granted: token.lifetime, wanted: minimumValidity))
            }
            return join(
                reason(force: force, at: now), waiter, Wish(minimumValidity: minimumValidity, isForced: force), at: now)
        }
        let remaining = token.remaining(at: now)
        if remaining <= settings.mandatory(token) {
            return flight == nil && now.uptime < retryAt
                ? .serve(token)
                : join(.mandatory, waiter, Wish(minimumValidity: minimumValidity, isForced: false), at: now)
        }
        guard remaining <= settings.advisory(token), flight == nil, now.uptime >= retryAt else { return .serve(token) }
        if settings.advisoryPatience != nil {
            return join(.advisory, waiter, Wish(minimumValidity: minimumValidity, isForced: false), at: now)
        }
        return .serveAndFetch(token, begin(.advisory, at: now, minimumValidity: .zero, waiters: [:]))
    }

    /// The token that is served without a thought, and until when by both clocks, in nanoseconds: before that no caller without
    /// wishes of its own needs ``request(at:minimumValidity:force:waiter:)``. Nil while there is none. To be asked again after any
    /// other event.
    public var fastPathToken: (token: Token, uptime: Int64, wall: Int64)? {
        guard let token, !isRejected else { return nil }
        let ahead = max(settings.advisory(token), settings.mandatory(token), settings.margin(token))
        let uptime = (token.requested.uptime + token.lifetime - ahead).inNanoseconds
        // A wall clock that is read cheaply may be late: a second is kept back.
        let wall = (token.requested.wall + (token.lifetime - ahead)).secondsSince1970 - 1
        return (token, uptime, Int64(wall * 1e9))
    }

    // MARK: Stores

    /// Takes over what a store holds: a token that is newer than the one at hand, and the reasons not to ask for another.
    public mutating func adopt(_ stored: StoredState, at now: Instant) {
        if let new = stored.token, new.value != token?.value, !rejected.contains(new.value),
            token.map({ new.requested.wall >= $0.requested.wall }) ?? true
        {
            (token, isRejected) = (new, false)
        }
        // A setback from the future was written by another clock: nothing can be said about its end.
        guard let backoff = stored.backoff, backoff.time - now.wall <= Self.clockTolerance else { return }
        func uptime(_ instant: Timestamp) -> Duration { now.uptime + (instant - now.wall) }
        failures = max(failures, backoff.failures)
        failedAt = max(failedAt, uptime(backoff.time))
        retryAt = max(retryAt, uptime(backoff.retryAt))
        let until = uptime(backoff.until)
        if until > now.uptime, until > refusal?.until ?? .zero { refusal = (backoff.error, until) }
    }

    /// By how much the wall clocks of those who share a store may differ.
    private static var clockTolerance: Duration { .seconds(60) }

    /// What a store should hold.
    public func stored(at now: Instant) -> StoredState {
        func wall(_ uptime: Duration) -> Timestamp { now.wall + (uptime - now.uptime) }
        let backoff = refusal.map { refusal in
            BackoffState(
                error: refusal.error, failures: failures, time: wall(failedAt), retryAt: wall(retryAt),
                until: wall(refusal.until))
        }
        return StoredState(token: isRejected ? nil : token, backoff: failures > 0 ? backoff : nil)
    }

    /// A store has something while a request is about to be sent. Where that is good enough for all who wait, or says that
    /// asking again is of no use now, the request is over; nil where it must be sent.
    public mutating func loaded(_ stored: StoredState, for fetch: Fetch, at now: Instant) -> Landing? {
        guard let flight, flight.fetch.number == fetch.number else { return ([], nil) }
        let former = token
        adopt(stored, at: now)
        if let token, token.value != former?.value, fetch.reason != .forced {
            let left = token.remaining(at: now)
            let longest = flight.waiters.values.map(\.minimumValidity).max() ?? .zero
            // Where the platform has just granted less than is wanted, it would do so again.
            let isHopeless = token.lifetime <= longest && token.age(at: now) < settings.refusalMemory
            if isHopeless || left > max(settings.mandatory(token), longest) {
                return fetched(token, for: fetch, at: now)
            }
        }
        return isHeldBack(flight, at: now) ? (abandon(fetch, at: now), nil) : nil
    }

    /// Whether the failures that a store tells of are reason enough not to send the request.
    private func isHeldBack(_ flight: Flight, at now: Instant) -> Bool {
        if flight.fetch.reason == .forced || flight.fetch.reason == .rejected {
            return refusal.map { now.uptime < $0.until && $0.error.isFirm } ?? false
        }
        let areServed = flight.waiters.values.allSatisfy { wish in
            token.map { isUsable($0, at: now, for: wish.minimumValidity) } ?? false
        }
        if areServed { return now.uptime < retryAt }
        return refusal.map { now.uptime < $0.until } ?? false
    }

    /// The request is not sent, without having failed. Whoever can live with the cached token gets it.
    public mutating func abandon(
        _ fetch: Fetch, at now: Instant
    ) -> [(waiter: Waiter, result: Result<Token, TokenError>)] {
        guard let flight, flight.fetch.number == fetch.number else { return [] }
        self.flight = nil
        let error = refusal?.error ?? .cancelled
        return flight.waiters.map { ($0, answer($1, or: error, at: now)) }
    }

    /// A caller does not wait any longer: it gets the cached token where that can serve. Nil where it had its answer already.
    public mutating func release(_ waiter: Waiter, at now: Instant) -> Result<Token, TokenError>? {
        guard let wish = flight?.waiters.removeValue(forKey: waiter) else { return nil }
        return answer(wish, or: .cancelled, at: now)
    }

    private func answer(_ wish: Wish, or error: TokenError, at now: Instant) -> Result<Token, TokenError> {
        guard let token, !wish.isForced, isUsable(token, at: now, for: wish.minimumValidity) else {
            return .failure(error)
        }
        return .success(token)
    }

    // MARK: Requests

    /// Those who waited, each with what it gets, and the request that others of them need still.
    public typealias Landing = (answers: [(waiter: Waiter, result: Result<Token, TokenError>)], next: Fetch?)

    /// The request brought a token: a new one, or one from a store, which is not good enough for who asked for more.
    public mutating func fetched(_ new: Token, for fetch: Fetch, at now: Instant) -> Landing {
        guard let flight, flight.fetch.number == fetch.number else { return ([], nil) }
        self.flight = nil
        (failures, refusal, retryAt) = (0, nil, .zero)
        if new.isCacheable { (token, isRejected) = (new, false) }
        let isStored = new.requested.uptime < fetch.begun
        let open = flight.waiters.filter {
            isStored && !satisfies(new, $0.value, at: now) && new.lifetime > $0.value.minimumValidity
        }
        let answers = flight.waiters.filter { open[$0.key] == nil }.map { waiter, wish in
            // A token that was over when it came is good for this one attempt, but not for who needs it to last.
            let lasts = wish.minimumValidity <= .zero || new.remaining(at: now) >= wish.minimumValidity
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
        !wish.isForced && (wish.minimumValidity <= .zero || token.remaining(at: now) >= wish.minimumValidity)
    }

    /// The request failed. `draw` is uniform in 0..<1. Whoever can live with the cached token gets it, the others the error.
    public mutating func failed(
        _ error: TokenError, for fetch: Fetch, at now: Instant, draw: Double
    ) -> [(waiter: Waiter, result: Result<Token, TokenError>)] {
        guard let flight, flight.fetch.number == fetch.number else { return [] }
        self.flight = nil
        failures += 1
        failedAt = now.uptime
        let asked = min(error.retryAfter ?? .zero, settings.retryAfterLimit)
        let remaining = token.map { $0.remaining(at: now) } ?? .zero
        retryAt = now.uptime + max(settings.backoff(failures: failures, remaining: remaining, draw: draw), asked)
        refusal = (error, now.uptime + memory(of: error, asked: asked, draw: draw))
        return flight.waiters.map { ($0, answer($1, or: error, at: now)) }
    }

    public var isIdle: Bool { flight == nil }

    /// How many callers wait for a request.
    public func waiterCount(_ fetch: Fetch) -> Int {
        flight?.fetch.number == fetch.number ? flight?.waiters.count ?? 0 : 0
    }

    /// The API refused a token. Only the one that is cached is dropped, so that late refusals of an old one cost nothing.
    public mutating func reject(_ rejected: Token, at now: Instant) -> Rejection {
        guard let token, token.value == rejected.value, !isRejected else { return .retry }
        if token.age(at: now) < settings.freshAge(token) { return .freshToken }
        if let rejectedAt, now.uptime - rejectedAt < settings.rejectionInterval(token) { return .tooSoon }
        isRejected = true
        self.rejected = self.rejected.suffix(15) + [token.value]
        rejectedAt = now.uptime
        // The refusal says nothing about the token endpoint: a passing failure of it is no reason to wait.
        if refusal?.error.isFirm != true { refusal = nil }
        return .retry
    }

    /// Drops the token, which no store brings back.
    public mutating func forget() -> Token? {
        guard let former = token else { return nil }
        rejected = rejected.suffix(15) + [former.value]
        (token, isRejected) = (nil, false)
        return former
    }

    /// A caller stopped waiting; the request goes on for the others. False where it had its answer already.
    public mutating func cancel(_ waiter: Waiter) -> Bool {
        flight?.waiters.removeValue(forKey: waiter) != nil
    }

    private func isUsable(_ token: Token, at now: Instant, for minimumValidity: Duration) -> Bool {
        !isRejected && token.remaining(at: now) > max(settings.margin(token), minimumValidity)
    }

    /// Whether the platform has just granted less than is wanted: asking again would bring the same.
    private func isTooShort(_ token: Token, for minimumValidity: Duration, at now: Instant) -> Bool {
        !isRejected && token.lifetime <= minimumValidity && token.age(at: now) < settings.refusalMemory
    }

    private func reason(force: Bool, at now: Instant) -> FetchReason {
        if force { return .forced }
        guard let token else { return .cold }
        if isRejected { return .rejected }
        return isUsable(token, at: now, for: .zero) ? .minimumValidity : .cold
    }

    private mutating func join(_ reason: FetchReason, _ waiter: Waiter?, _ wish: Wish, at now: Instant) -> Action {
        guard let waiter else { return .wait }
        guard flight == nil else {
            flight?.waiters[waiter] = wish
            return .wait
        }
        return .fetch(begin(reason, at: now, minimumValidity: wish.minimumValidity, waiters: [waiter: wish]))
    }

    private mutating func begin(
        _ reason: FetchReason, at now: Instant, minimumValidity: Duration, waiters: [Waiter: Wish]
    ) -> Fetch {
        fetches += 1
        let fetch = Fetch(
            number: fetches, reason: reason, replaced: token, minimumValidity: minimumValidity, begun: now.uptime)
        flight = Flight(fetch: fetch, waiters: waiters)
        return fetch
    }

    private func memory(of error: TokenError, asked: Duration, draw: Double) -> Duration {
        if error.isRefusal { return max(settings.refusalMemory, asked) }
        let range = settings.failureMemory
        return max(range.lowerBound + (range.upperBound - range.lowerBound) * draw, asked)
    }
}
