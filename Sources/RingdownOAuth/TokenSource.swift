package import RingdownCore
internal import Synchronization

/// Requests new tokens.
package protocol TokenRequester: Sendable {
    /// Sends one token request.
    ///
    /// - Parameter draw: A random number, uniform in 0..<1, that determines the refresh jitter of the token.
    /// - Throws: ``TokenError`` if no token is granted.
    func requestToken(draw: Double) async throws(TokenError) -> Token
}

/// Returns valid tokens to any number of tasks, with at most one token request at a time.
///
/// The request runs in its own task. Cancelling a caller ends only the wait of that caller.
package final class TokenSource: Sendable {
    struct State {
        var machine: TokenMachine<Int>
        var hasShortcuts = false
        var waiters: [Int: CheckedContinuation<Result<Token, TokenError>, Never>] = [:]
        var nextWaiter = 0
        /// Whether waits end immediately.
        var isShutDown = false
        /// Whether the state of the store was loaded.
        var isPreloaded = false
        var records: [TokenRequestRecord] = []
        var counts = TokenRequestCounts()
        /// Ends the wait of callers whose time is over.
        var timer: Task<Void, Never>?
    }

    /// A token that does not need a refresh, and the times of both clocks until which this holds, in nanoseconds.
    private struct Shortcut: Sendable {
        var token: Token
        var uptime: Int64
        var wall: Int64
    }

    let requester: any TokenRequester
    let store: any TokenStore
    /// The key of the token in the store.
    package let key: CacheKey
    let account: String
    let time: any TimeSource
    private let settings: LifecycleSettings
    /// The owner of token requests and timers.
    let tasks: TaskOwner
    let state: Locked<State>
    let waitObserver = Locked<(@Sendable (Duration, TokenError) -> Void)?>(nil)
    /// Changed only under the lock of `state`.
    private let shortcuts = StripedCache<Shortcut>()

    /// Creates a token source.
    ///
    /// - Parameters:
    ///   - requester: The object that sends token requests.
    ///   - key: The key of the token in the store.
    ///   - account: The account name for the request log.
    ///   - store: The store that is shared with other processes (default: none).
    ///   - time: The clock (default: the system clock).
    ///   - settings: The settings of the token lifecycle.
    ///   - tasks: The owner of token requests, which can cancel them (default: a new one).
    package init(
        _ requester: any TokenRequester, key: CacheKey, account: String = "", store: any TokenStore = .memory,
        time: any TimeSource = .system, settings: LifecycleSettings = LifecycleSettings(),
        tasks: TaskOwner = TaskOwner()
    ) {
        self.requester = requester
        self.key = key
        self.account = account
        self.store = store
        self.time = time
        self.settings = settings
        self.tasks = tasks
        state = Locked(State(machine: TokenMachine(settings)))
    }

    /// Sets the observer of the waits before a failed request is sent again. The observer must not block.
    package func observeWaits(_ observer: @escaping @Sendable (Duration, TokenError) -> Void) {
        waitObserver.withLock { $0 = observer }
    }

    /// Returns a valid token.
    ///
    /// - Parameters:
    ///   - minimumValidity: The minimum remaining lifetime of the token (default: zero).
    ///   - force: Whether to request a new token even if a usable one is cached (default: false).
    /// - Throws: ``TokenError`` if no token is available. A later call may succeed.
    package func token(minimumValidity: Duration = .zero, force: Bool = false) async throws(TokenError) -> Token {
        if !force, minimumValidity == .zero, let token = untroubledToken() { return token }
        if let token = try served(minimumValidity: minimumValidity, force: force) { return token }
        // Before the first request, use the token of another process without starting a task.
        if await preload(), let token = try served(minimumValidity: minimumValidity, force: force) { return token }
        return try await wait(minimumValidity: minimumValidity, force: force)
    }

    /// Changes the state. The shortcuts to the previous token are removed before the change is visible.
    func change<Result>(_ body: (inout State) -> Result) -> Result {
        state.withLock { state in
            if state.hasShortcuts { shortcuts.removeAll() }
            state.hasShortcuts = false
            return body(&state)
        }
    }

    /// Returns the token if it does not need a refresh. Costs two clock readings and a comparison.
    private func untroubledToken() -> Token? {
        let now = time.glance()
        return shortcuts.withOwn { shortcut in
            guard let shortcut, now.uptime < shortcut.uptime, now.wall < shortcut.wall else { return nil }
            return shortcut.token
        }
    }

    /// Returns the cached token; nil if the caller must wait for one.
    private func served(minimumValidity: Duration, force: Bool) throws(TokenError) -> Token? {
        let now = time.now()
        let action = state.withLock { state in
            let action = state.machine.request(at: now, minimumValidity: minimumValidity, force: force)
            if let (token, uptime, wall) = state.machine.fastPathToken {
                // A separate copy, so that threads do not share its reference count.
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
        case .fail(let error):
            if let remembered = error.remembered {
                Logger.current.debug(
                    "token.remembered",
                    "no token request: one failed \(remembered.age.spoken) ago; next request in \(remembered.remaining.spoken)"
                )
            }
            throw error
        case .wait, .fetch: return nil
        }
    }

    /// Loads the state of the store once. Returns whether there was any.
    private func preload() async -> Bool {
        let isFirst = state.withLock { state in
            defer { state.isPreloaded = true }
            return !state.isPreloaded
        }
        guard isFirst, let stored = await store.load(key, at: time.now()) else { return false }
        let now = time.now()
        if let token = stored.token {
            Logger.current.debug(
                "cache.hit", "found a cached token that is valid for another \(token.remaining(at: now).spoken)")
        }
        change { $0.machine.adopt(stored, at: now) }
        return true
    }

    /// Deletes the cached token from memory and from the store, and returns it; nil if no token is cached. A request in progress
    /// continues.
    package func forget() async -> Token? {
        _ = await preload()
        let now = time.now()
        let (token, rest) = change { state in (state.machine.forget(), state.machine.stored(at: now)) }
        if token != nil { await store.save(rest, for: key) }
        return token
    }

    /// Returns the stored token, also an expired one, or nil if the store has no token.
    package func storedToken() async -> Token? { await store.load(key, at: time.now())?.token }

    /// Returns the backoff state in the store; nil if the last token request succeeded.
    package func storedBackoff() async -> BackoffState? { await store.load(key, at: time.now())?.backoff }

    /// Whether no token request is in progress.
    package var isIdle: Bool { state.withLock { $0.machine.isIdle } }

    /// Whether a caller waits for a token request.
    package var hasWaiters: Bool { state.withLock { !$0.waiters.isEmpty } }

    /// The number of callers that wait for a token request.
    package var waitingCount: Int { state.withLock { $0.waiters.count } }

    /// The last token requests of this source, up to 100.
    package var records: [TokenRequestRecord] { state.withLock { $0.records } }

    /// The number of token requests of this source.
    package var tokenRequestCounts: TokenRequestCounts { state.withLock { $0.counts } }

    /// Returns the cached token; nil if there is no valid one. Sends no request.
    package func cachedToken() -> Token? {
        let now = time.now()
        guard let token = state.withLock({ $0.machine.stored(at: now).token }), token.remaining(at: now) > .zero else {
            return nil
        }
        return token
    }

    /// Reports that the API returned 401 for a token. Returns whether the caller should request another one.
    package func reject(_ token: Token) -> TokenMachine<Int>.Rejection {
        let now = time.now()
        return change { $0.machine.reject(token, at: now) }
    }

    /// Ends all present and future waits. The owner of the tasks ends the requests.
    package func shutDown() {
        let waiting = state.withLock { state in
            state.isShutDown = true
            defer { state.waiters = [:] }
            for waiter in state.waiters.keys { _ = state.machine.cancel(waiter) }
            state.timer.take()?.cancel()
            return Array(state.waiters.values)
        }
        waiting.forEach { $0.resume(returning: .failure(.cancelled)) }
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
            // Checked under the lock: a later cancellation finds the waiter.
            if Task.isCancelled || state.isShutDown { return .fail(.cancelled) }
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
            startTimer()
        case .wait: startTimer()
        }
    }

    /// Ends the wait of each caller when its time is over, also if a request hangs. One timer serves all callers.
    private func startTimer() {
        state.withLock { state in
            guard state.timer == nil, state.machine.nextDeadline != nil else { return }
            state.timer = tasks.start { [weak self, time] in
                while let end = self?.expireWaiters() {
                    guard (try? await time.passTimeLimit(end - time.now().uptime)) != nil else { return }
                }
            }
        }
    }

    /// Ends the wait of the callers whose time is over. Returns the uptime at which the next one ends.
    private func expireWaiters() -> Duration? {
        let now = time.now()
        let (answers, next) = state.withLock { state -> (Answers, Duration?) in
            let answers = self.taken(state.machine.expire(at: now), from: &state)
            let next = state.machine.nextDeadline
            if next == nil { state.timer = nil }
            return (answers, next)
        }
        for (continuation, result) in answers { continuation?.resume(returning: result) }
        return next
    }

    /// Ends the wait of a caller with the cached token after a time.
    private func release(_ waiter: Int, after patience: Duration) {
        tasks.start { [self] in
            try? await time.sleep(for: patience)
            let now = time.now()
            let answer = state.withLock { state in
                state.machine.release(waiter, at: now).map { (state.waiters.removeValue(forKey: waiter), $0) }
            }
            answer?.0?.resume(returning: answer?.1 ?? .failure(.cancelled))
        }
    }
}
