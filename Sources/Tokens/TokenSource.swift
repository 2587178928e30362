public import Foundations
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
        var waiters: [Int: CheckedContinuation<Result<Token, TokenError>, Never>] = [:]
        var nextWaiter = 0
    }

    private let requester: any TokenRequester
    private let store: any TokenStore
    private let key: CacheKey
    private let time: any TimeSource
    private let settings: LifecycleSettings
    private let state: Locked<State>

    public init(
        _ requester: any TokenRequester, key: CacheKey, store: any TokenStore = .memory, time: any TimeSource = .system,
        settings: LifecycleSettings = LifecycleSettings()
    ) {
        self.requester = requester
        self.key = key
        self.store = store
        self.time = time
        self.settings = settings
        state = Locked(State(machine: TokenMachine(settings)))
    }

    /// A token that is valid now and for at least `minTTL`.
    ///
    /// Throws ``TokenError`` where there is none to be had; a later call may succeed without anyone's help.
    /// `force` asks the platform for a new one whatever is cached.
    public func token(minTTL: Duration = .zero, force: Bool = false) async throws(TokenError) -> Token {
        let now = time.now()
        switch state.withLock({ $0.machine.request(at: now, minTTL: minTTL, force: force) }) {
        case .serve(let token): return token
        case .serveAndFetch(let token, let fetch):
            run(fetch)
            return token
        case .fail(let error): throw error
        case .wait, .fetch: return try await wait(minTTL: minTTL, force: force)
        }
    }

    /// Reports that the API answered 401 to `token`, and says whether to ask for another one.
    public func reject(_ token: Token) -> TokenMachine<Int>.Rejection {
        let now = time.now()
        return state.withLock { $0.machine.reject(token, at: now) }
    }

    private func wait(minTTL: Duration, force: Bool) async throws(TokenError) -> Token {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enter(waiter, continuation, minTTL: minTTL, force: force)
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
        _ waiter: Int, _ continuation: CheckedContinuation<Result<Token, TokenError>, Never>, minTTL: Duration,
        force: Bool
    ) {
        let now = time.now()
        let action = state.withLock { state -> TokenMachine<Int>.Action in
            // Read under the lock: a cancellation that comes later finds the waiter in its place.
            if Task.isCancelled { return .fail(.cancelled) }
            let action = state.machine.request(at: now, minTTL: minTTL, force: force, waiter: waiter)
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
        case .fetch(let fetch): run(fetch)
        case .wait: break
        }
    }

    /// Performs a token request that no caller owns; its end is bounded by the request's own time limits.
    private func run(_ fetch: TokenMachine<Int>.Fetch) {
        Task {
            let result: Result<Token, TokenError>
            do throws(TokenError) {
                result = .success(try await fetched(fetch))
            } catch { result = .failure(error) }
            let now = time.now()
            let (answers, next) = state.withLock { state in
                let landing: TokenMachine<Int>.Landing =
                    switch result {
                    case .success(let token): state.machine.fetched(token, for: fetch, at: now)
                    case .failure(let error):
                        (state.machine.failed(error, for: fetch, at: now, draw: .random(in: 0..<1)), nil)
                    }
                return (landing.answers.map { (state.waiters.removeValue(forKey: $0.waiter), $0.result) }, landing.next)
            }
            if let next { run(next) }
            for (continuation, result) in answers { continuation?.resume(returning: result) }
        }
    }

    /// The token that another process has stored, else a new one.
    private func fetched(_ fetch: TokenMachine<Int>.Fetch) async throws(TokenError) -> Token {
        if let token = await stored(for: fetch) { return token }
        let lock = await store.lock(key, time: time)
        defer { lock?.release() }
        // Whoever held the lock before may have stored what this request is for.
        if let token = await stored(for: fetch) { return token }
        Logger.current.debug("token.needed", "a new token is requested: \(fetch.reason.rawValue)")
        let token = try await requester.requestToken(draw: .random(in: 0..<1))
        if token.isCacheable { await store.save(token, for: key) }
        return token
    }

    /// A stored token that serves the purpose of the request.
    private func stored(for fetch: TokenMachine<Int>.Fetch) async -> Token? {
        let now = time.now()
        guard fetch.reason != .forced, let token = await store.load(key, at: now) else { return nil }
        let isAnother = token.value != fetch.replaced?.value
        let left = token.remaining(at: now)
        let lasts = left > max(settings.mandatory(token), fetch.minTTL)
        // Where the platform has just granted less than is wanted, it would do so again.
        let isHopeless = token.lifetime <= fetch.minTTL && token.age(at: now) < settings.refusalMemory
        let isOfUse = isAnother && (lasts || isHopeless)
        Logger.current.debug(
            "cache.hit", "the cache has a token with \(left.spoken) left\(isOfUse ? "" : ", which is of no use")")
        return isOfUse ? token : nil
    }
}
