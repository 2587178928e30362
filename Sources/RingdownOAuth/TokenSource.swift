public import RingdownCore
internal import Synchronization

/// Gets new tokens: over OAuth, or from a test.
public protocol TokenRequester: Sendable {
    /// One token request. `draw` is uniform in 0..<1 and decides the token's refresh jitter.
    func requestToken(draw: Double) async throws(TokenError) -> Token
}

/// Hands out a valid token to however many tasks ask, with one token request at a time.
///
/// The request runs in a task of its own: cancelling a caller ends that caller's wait and nothing else.
public final class TokenSource: Sendable {
    private struct State {
        var machine: TokenMachine<Int>
        var hasShortcuts = false
        var waiters: [Int: CheckedContinuation<Result<Token, TokenError>, Never>] = [:]
        var nextWaiter = 0
        /// Whether the store was asked before anybody waited.
        var isPreloaded = false
        var records: [TokenRequestRecord] = []
        var counts = TokenRequestCounts()
    }

    /// A token that is far from its end, and until when that is so by both clocks, in nanoseconds.
    private struct Shortcut: Sendable {
        var token: Token
        var uptime: Int64
        var wall: Int64
    }

    private let requester: any TokenRequester
    private let store: any TokenStore
    package let key: CacheKey
    private let account: String
    private let time: any TimeSource
    private let settings: LifecycleSettings
    private let state: Locked<State>
    /// Changed only under the lock of `state`.
    private let shortcuts = StripedCache<Shortcut>()

    public init(
        _ requester: any TokenRequester, key: CacheKey, account: String = "", store: any TokenStore = .memory,
        time: any TimeSource = .system, settings: LifecycleSettings = LifecycleSettings()
    ) {
        self.requester = requester
        self.key = key
        self.account = account
        self.store = store
        self.time = time
        self.settings = settings
        state = Locked(State(machine: TokenMachine(settings)))
    }

    /// A token that is valid now and for at least `minimumValidity`.
    ///
    /// Throws ``TokenError`` where there is none to be had; a later call may succeed without anyone's help.
    /// `force` asks the platform for a new one whatever is cached.
    public func token(minimumValidity: Duration = .zero, force: Bool = false) async throws(TokenError) -> Token {
        if !force, minimumValidity == .zero, let token = untroubledToken() { return token }
        if let token = try served(minimumValidity: minimumValidity, force: force) { return token }
        // Before the first request: what another process left, without a task for it.
        if await preload(), let token = try served(minimumValidity: minimumValidity, force: force) { return token }
        return try await wait(minimumValidity: minimumValidity, force: force)
    }

    /// Changes what token there is. The shortcuts to the former one end before anybody can see the change.
    private func change<Result>(_ body: (inout State) -> Result) -> Result {
        state.withLock { state in
            if state.hasShortcuts { shortcuts.removeAll() }
            state.hasShortcuts = false
            return body(&state)
        }
    }

    /// The token as long as it is far from its end: two clocks and a comparison.
    private func untroubledToken() -> Token? {
        let now = time.glance()
        return shortcuts.withOwn { shortcut in
            guard let shortcut, now.uptime < shortcut.uptime, now.wall < shortcut.wall else { return nil }
            return shortcut.token
        }
    }

    /// The token that is at hand; nil where one must be waited for.
    private func served(minimumValidity: Duration, force: Bool) throws(TokenError) -> Token? {
        let now = time.now()
        let action = state.withLock { state in
            let action = state.machine.request(at: now, minimumValidity: minimumValidity, force: force)
            if let (token, uptime, wall) = state.machine.fastPathToken {
                // A copy of its own, so that threads do not share even the count of its references.
                let shortcut = Shortcut(token: token.requested(at: token.requested), uptime: uptime, wall: wall)
                shortcuts.withOwn { $0 = shortcut }
                state.hasShortcuts = true
            }
            return action
        }
        switch action {
        case .serve(let token): return token
        case .serveAndFetch(let token, let fetch):
            run(fetch)
            return token
        case .fail(let error): throw error
        case .wait, .fetch: return nil
        }
    }

    /// Takes over what the store holds, once; whether there was something.
    private func preload() async -> Bool {
        let isFirst = state.withLock { state in
            defer { state.isPreloaded = true }
            return !state.isPreloaded
        }
        guard isFirst, let stored = await store.load(key, at: time.now()) else { return false }
        let now = time.now()
        if let token = stored.token {
            Logger.current.debug("cache.hit", "the cache has a token with \(token.remaining(at: now).spoken) left")
        }
        change { $0.machine.adopt(stored, at: now) }
        return true
    }

    /// Drops the token that is cached, here and in the store, and returns it; nil where there is none. A request that is under
    /// way goes on.
    package func forget() async -> Token? {
        _ = await preload()
        let now = time.now()
        let (token, rest) = change { state in (state.machine.forget(), state.machine.stored(at: now)) }
        if token != nil { await store.save(rest, for: key) }
        return token
    }

    /// What the store holds, as it is.
    package func storedToken() async -> Token? { await store.load(key, at: time.now())?.token }

    /// Whether no token request is under way.
    package var isIdle: Bool { state.withLock { $0.machine.isIdle } }

    /// Whether a caller waits for a token request.
    package var hasWaiters: Bool { state.withLock { !$0.waiters.isEmpty } }

    /// The last token requests of this source, a hundred at most.
    public var records: [TokenRequestRecord] { state.withLock { $0.records } }

    /// How many token requests there were.
    public var tokenRequestCounts: TokenRequestCounts { state.withLock { $0.counts } }

    /// The token that would be served now, if there is one; nothing is requested.
    public func cachedToken() -> Token? {
        let now = time.now()
        guard let token = state.withLock({ $0.machine.stored(at: now).token }), token.remaining(at: now) > .zero else {
            return nil
        }
        return token
    }

    /// Reports that the API answered 401 to `token`, and says whether to ask for another one.
    public func reject(_ token: Token) -> TokenMachine<Int>.Rejection {
        let now = time.now()
        return change { $0.machine.reject(token, at: now) }
    }

    private func wait(minimumValidity: Duration, force: Bool) async throws(TokenError) -> Token {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enter(waiter, continuation, minimumValidity: minimumValidity, force: force)
            }
        } onCancel: {
            let continuation = state.withLock { state in
                state.machine.cancel(waiter) ? state.waiters.removeValue(forKey: waiter) : nil
            }
            continuation?.resume(returning: .failure(.cancelled))
        }
        return try result.get()
    }

    private func enter(
        _ waiter: Int, _ continuation: CheckedContinuation<Result<Token, TokenError>, Never>, minimumValidity: Duration,
        force: Bool
    ) {
        let now = time.now()
        let action = state.withLock { state -> TokenMachine<Int>.Action in
            // Read under the lock: a cancellation that comes later finds the waiter in its place.
            if Task.isCancelled { return .fail(.cancelled) }
            let action = state.machine.request(at: now, minimumValidity: minimumValidity, force: force, waiter: waiter)
            switch action {
            case .wait, .fetch: state.waiters[waiter] = continuation
            case .serve, .serveAndFetch, .fail: break
            }
            return action
        }
        switch action {
        case .serve(let token): continuation.resume(returning: .success(token))
        case .serveAndFetch(let token, let fetch):
            run(fetch)
            continuation.resume(returning: .success(token))
        case .fail(let error): continuation.resume(returning: .failure(error))
        case .fetch(let fetch):
            run(fetch)
            if fetch.reason == .advisory { release(waiter, after: settings.advisoryPatience ?? .zero) }
        case .wait: break
        }
    }

    /// Gives a caller the cached token once it has waited long enough.
    private func release(_ waiter: Int, after patience: Duration) {
        Task {
            try? await time.sleep(for: patience)
            let now = time.now()
            let answer = state.withLock { state in
                state.machine.release(waiter, at: now).map { (state.waiters.removeValue(forKey: waiter), $0) }
            }
            answer?.0?.resume(returning: answer?.1 ?? .failure(.cancelled))
        }
    }

    /// Performs a token request that no caller owns; its end is bounded by the request's own time limits.
    private func run(_ fetch: TokenMachine<Int>.Fetch) {
        Task {
            // A request that nobody must wait for is left to whoever is at it already.
            let isWaiting = fetch.reason != .advisory
            if let stored = await store.load(key, at: time.now()), land({ $0.loaded(stored, for: fetch, at: $1) }) {
                return
            }
            let outcome = await store.lock(key, time: time, isWaiting: isWaiting)
            if case .taken = outcome, !isWaiting, land({ ($0.abandon(fetch, at: $1), nil) }) { return }
            // Before anybody is answered: the process may end with the answer, and a lock is not always released by that.
            let release = { if case .locked(let lock) = outcome { lock.release() } }
            // Whoever held the lock before may have stored what this request is for.
            if let stored = await store.load(key, at: time.now()),
                land({ $0.loaded(stored, for: fetch, at: $1) }, then: release)
            {
                return
            }
            await request(fetch, then: release)
        }
    }

    /// Asks the platform, tells the store, and only then those who wait: so that nobody asks again meanwhile.
    private func request(_ fetch: TokenMachine<Int>.Fetch, then release: () -> Void) async {
        Logger.current.debug("token.needed", "a new token is requested: \(fetch.reason.rawValue)")
        let start = time.now()
        let result: Result<Token, TokenError>
        do throws(TokenError) {
            result = .success(try await requester.requestToken(draw: .random(in: 0..<1)))
        } catch { result = .failure(error) }
        let now = time.now()
        typealias Outcome = (
            answers: Answers, next: TokenMachine<Int>.Fetch?, stored: StoredState, record: TokenRequestRecord
        )
        let (answers, next, stored, record) = change { state -> Outcome in
            let record = self.record(of: fetch, result, from: start, to: now, callers: state.machine.waiterCount(fetch))
            state.records = state.records.suffix(99) + [record]
            if record.error == nil { state.counts.granted += 1 } else { state.counts.failed += 1 }
            let landing: TokenMachine<Int>.Landing =
                switch result {
                case .success(let token): state.machine.fetched(token, for: fetch, at: now)
                case .failure(let error):
                    (state.machine.failed(error, for: fetch, at: now, draw: .random(in: 0..<1)), nil)
                }
            return (self.taken(landing.answers, from: &state), landing.next, state.machine.stored(at: now), record)
        }
        await store.save(stored, for: key)
        await store.note(record)
        release()
        if let next { run(next) }
        for (continuation, result) in answers { continuation?.resume(returning: result) }
    }

    private typealias Answers = [(CheckedContinuation<Result<Token, TokenError>, Never>?, Result<Token, TokenError>)]

    private func taken(
        _ answers: [(waiter: Int, result: Result<Token, TokenError>)], from state: inout State
    ) -> Answers {
        answers.map { (state.waiters.removeValue(forKey: $0.waiter), $0.result) }
    }

    /// Ends a request without the platform, if `landing` says so.
    private func land(
        _ landing: (inout TokenMachine<Int>, Instant) -> TokenMachine<Int>.Landing?, then release: () -> Void = {}
    ) -> Bool {
        let now = time.now()
        let landed = change { state -> (Answers, TokenMachine<Int>.Fetch?)? in
            landing(&state.machine, now).map { (self.taken($0.answers, from: &state), $0.next) }
        }
        guard let (answers, next) = landed else { return false }
        release()
        if let next { run(next) }
        for (continuation, result) in answers { continuation?.resume(returning: result) }
        return true
    }

    private func record(
        of fetch: TokenMachine<Int>.Fetch, _ result: Result<Token, TokenError>, from start: Instant, to end: Instant,
        callers: Int
    ) -> TokenRequestRecord {
        var (error, lifetime): (TokenError?, Duration?)
        switch result {
        case .success(let token): lifetime = token.lifetime
        case .failure(let failure): error = failure
        }
        return TokenRequestRecord(
            time: start.wall, account: account, reason: fetch.reason, error: error?.code, status: error?.status,
            lifetime: lifetime, duration: end.uptime - start.uptime, callers: callers)
    }
}
