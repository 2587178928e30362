internal import Foundations
internal import TestKit
internal import Tokens

/// Plays scenarios on the library's token source, with a clock that is moved by hand.
public struct ScenarioRunner: Sendable {
    public init() {}

    /// What did not come as it must; empty where all did.
    public func play(_ scenario: Scenario) async -> [String] {
        let stage = Stage(scenario)
        await stage.prepare(scenario)
        var complaints: [String] = []
        for (index, step) in scenario.steps.enumerated() {
            for complaint in await stage.play(step) { complaints.append("step \(index + 1): \(complaint)") }
        }
        return complaints
    }
}

/// One scenario's token source, store, clock and token endpoint.
private final class Stage: Sendable {
    private struct Memory: Sendable {
        var first: Token?
        var last: Token?
    }

    private let time = ManualTime()
    private let store = SharedStore()
    private let endpoint: ScriptedEndpoint
    private let source: TokenSource
    private let memory = Locked(Memory())
    private let key = CacheKey(fields: [[7]])

    init(_ scenario: Scenario) {
        endpoint = ScriptedEndpoint(time: time, lifetime: scenario.lifetime)
        source = TokenSource(endpoint, key: key, store: store, time: time)
    }

    /// Makes a token and lets it grow as old as the scenario wants it.
    func prepare(_ scenario: Scenario) async {
        guard let left = scenario.secondsLeft else { return }
        endpoint.script(nil)
        let token = try? await source.token()
        memory.withLock { $0 = Memory(first: token, last: token) }
        time.advance(by: .seconds(scenario.lifetime - left))
    }

    func play(_ step: Scenario.Step) async -> [String] {
        switch step.action {
        case .advance(let seconds):
            time.advance(by: .seconds(seconds))
            await settle()
        case .jumpWall(let seconds): time.jumpWall(by: .seconds(seconds))
        case .reject(let isFirst):
            let token = memory.withLock { isFirst ? $0.first : $0.last }
            if let token { _ = source.reject(token) }
        case .store(let lifetime, let isFirst):
            let first = isFirst ? memory.withLock { $0.first } : nil
            let token = first ?? .sample("another", lifetime: .seconds(lifetime), at: time.now())
            await store.save(StoredState(token: token), for: key)
        case .storeRefusal(let seconds):
            let (now, error) = (time.now().wall, TokenError(.credentialsRefused, "refused", status: 401))
            let end = now + .seconds(seconds)
            let setback = Setback(error: error, failures: 1, time: now, retryAt: end, until: end)
            await store.save(StoredState(setback: setback), for: key)
        case .getToken(let callers, let minTTL, let isForced):
            return await getToken(step, callers: callers, minTTL: minTTL, isForced: isForced)
        }
        return []
    }

    private func getToken(_ step: Scenario.Step, callers: Int, minTTL: Double, isForced: Bool) async -> [String] {
        endpoint.script(step.source)
        let (before, mints) = (endpoint.requests, source.mints.count)
        let known = memory.withLock { $0 }
        let tasks = (0..<callers).map { _ in
            Task { [source] in try await source.token(minTTL: .seconds(minTTL), force: isForced) }
        }
        // Whoever has to wait for an endpoint that hangs waits until the request's own time limit.
        let patience = Task { [time, endpoint] in
            guard step.source?.kind == .hang else { return }
            await time.waitForSleepers(1)
            if source.hasWaiters { time.advance(by: endpoint.timeLimit) }
        }
        var results: [String] = []
        for task in tasks {
            switch await task.result {
            case .success(let token):
                let isKnown = token.value == known.first?.value || token.value == known.last?.value
                results.append(isKnown ? "cached" : "fresh")
                memory.withLock { $0.last = token }
            case .failure: results.append("error")
            }
        }
        patience.cancel()
        await settle()
        return verdict(step.expectation, results, endpoint.requests - before, source.mints.dropFirst(mints).first)
    }

    private func verdict(
        _ expectation: Scenario.Expectation, _ results: [String], _ requests: Int, _ mint: Mint?
    ) -> [String] {
        var complaints: [String] = []
        if let wanted = expectation.result, let other = results.first(where: { $0 != wanted }) {
            complaints.append("the result is \(other), not \(wanted)")
        }
        if let wanted = expectation.sourceContacted, wanted != (requests > 0) {
            complaints.append(wanted ? "the source is not contacted" : "the source is contacted \(requests) times")
        }
        if let wanted = expectation.requests, wanted != requests {
            complaints.append("there are \(requests) token requests, not \(wanted)")
        }
        if let wanted = expectation.reason, let mint, mint.reason.rawValue != wanted {
            complaints.append("the reason is \(mint.reason.rawValue), not \(wanted)")
        }
        return complaints
    }

    /// Returns once no token request is under way, or one hangs.
    private func settle() async {
        while !source.isIdle, !endpoint.isHanging { await Task.yield() }
        if endpoint.isHanging { await time.waitForSleepers(1) }
    }
}

/// A token endpoint that answers as a scenario says.
private final class ScriptedEndpoint: TokenRequester {
    private struct State: Sendable {
        var reply: Scenario.Reply?
        var requests = 0
        var hangsUntil: Duration?
    }

    let timeLimit: Duration = .seconds(30)
    private let time: ManualTime
    private let lifetime: Double
    private let state = Locked(State())

    init(time: ManualTime, lifetime: Double) {
        (self.time, self.lifetime) = (time, lifetime)
    }

    var requests: Int { state.withLock { $0.requests } }
    var isHanging: Bool {
        let now = time.now().uptime
        return state.withLock { $0.hangsUntil.map { now < $0 } ?? false }
    }

    func script(_ reply: Scenario.Reply?) {
        state.withLock { $0.reply = reply }
    }

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        let (reply, number) = state.withLock { state in
            state.requests += 1
            return (state.reply, state.requests)
        }
        let start = time.now()
        switch reply?.kind ?? .fresh {
        case .fresh:
            return .sample("token \(number)", lifetime: .seconds(reply?.lifetime ?? lifetime), at: start)
        case .stale: return .sample("token \(number)", lifetime: .seconds(1), at: start, isCacheable: false)
        case .malformed: throw TokenError(.malformedResponse, "not a token", status: 200)
        case .nonRecoverableError: throw TokenError(.credentialsRefused, "refused", status: reply?.status ?? 401)
        case .error:
            let status = reply?.status ?? 503
            var error = TokenError(status == 429 ? .rateLimited : .serverFailed, "failed", status: status)
            error.retryAfter = reply?.retryAfter.map { .seconds($0) }
            throw error
        case .hang:
            state.withLock { $0.hangsUntil = start.uptime + timeLimit }
            try? await time.sleep(for: timeLimit)
            throw TokenError(.unreachable, "no answer in time")
        }
    }
}

/// A store that other processes write into.
private final class SharedStore: TokenStore {
    private let state = Locked<StoredState?>(nil)

    func load(_ key: CacheKey, at now: Moment) async -> StoredState? { state.withLock { $0 } }
    func save(_ new: StoredState, for key: CacheKey) async { state.withLock { $0 = new } }
    func remove(_ key: CacheKey) async { state.withLock { $0 = nil } }
    func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome { .unavailable }
    func note(_ mint: Mint) async {}
}
