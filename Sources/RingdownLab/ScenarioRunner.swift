internal import RingdownCore
internal import RingdownOAuth

/// A runner for scenarios, with a manual clock.
package enum ScenarioRunner: Sendable {
    /// Runs scenarios on the state machine.
    case machine
    /// Runs scenarios on the token source of the library.
    case library

    /// Runs a scenario. Returns the failed expectations, or nil if this runner does not support the scenario.
    package func play(_ scenario: Scenario) async -> [String]? {
        guard scenario.plays(self == .machine ? "machine" : "library") else { return nil }
        let setting = Setting(scenario)
        var stage: any Stage = self == .machine ? MachineStage(setting) : LibraryStage(setting)
        return await play(scenario, setting, &stage)
    }

    private func play(_ scenario: Scenario, _ setting: Setting, _ stage: inout any Stage) async -> [String] {
        var (first, last): (Token?, Token?)
        if let left = scenario.secondsLeft {
            first = await stage.getToken(GetToken()).tokens[0]
            last = first
            setting.time.advance(by: .seconds(scenario.lifetime - left))
        }
        var complaints: [String] = []
        for (index, step) in scenario.steps.enumerated() {
            switch step.action {
            case .advance(let seconds):
                setting.time.advance(by: .seconds(seconds))
                await stage.settle()
            case .jumpWall(let seconds): setting.time.jumpWall(by: .seconds(seconds))
            case .reject(let isFirst):
                if let token = isFirst ? first : last { stage.reject(token) }
            case .store(let lifetime, let isFirst):
                let now = setting.time.now()
                let other = Token(value: Secret("another"), lifetime: .seconds(lifetime), requested: now)
                await setting.store.save(StoredState(token: isFirst ? first : other), for: setting.key)
            case .storeRefusal(let seconds): await setting.storeRefusal(seconds)
            case .getToken(let callers, let minimumValidity, let isForced):
                setting.endpoint.script(step.source)
                let before = setting.endpoint.requests
                let wish = GetToken(callers: callers, minimumValidity: .seconds(minimumValidity), isForced: isForced)
                let (tokens, reason) = await stage.getToken(wish)
                let known = [first?.value, last?.value]
                last = tokens.compactMap { $0 }.last ?? last
                let outcome = Scenario.Outcome(
                    results: tokens.map { $0.map { known.contains($0.value) ? "cached" : "fresh" } ?? "error" },
                    requests: setting.endpoint.requests - before, reason: reason)
                complaints += step.expectation.complaints(about: outcome).map { "step \(index + 1): \($0)" }
            }
        }
        return complaints
    }
}

/// The implementation on which a runner executes the steps of a scenario.
protocol Stage {
    /// Returns the token of each caller, and the reason for the first request, if any.
    mutating func getToken(_ wish: GetToken) async -> (tokens: [Token?], reason: String?)
    /// Handles a token to which the API responds with 401.
    mutating func reject(_ token: Token)
    /// Waits until no token request is active, or one is hanging.
    mutating func settle() async
}

/// The options of a token request.
struct GetToken: Sendable {
    var callers = 1
    var minimumValidity: Duration = .zero
    var isForced = false
}

/// The clock, the store and the token endpoint of a scenario.
struct Setting: Sendable {
    let time = ManualTime()
    let store = SharedStore()
    let key = CacheKey(fields: [[7]])
    let endpoint: ScriptedEndpoint

    init(_ scenario: Scenario) {
        endpoint = ScriptedEndpoint(time: time, lifetime: scenario.lifetime)
    }

    /// Stores a refusal like another process whose credentials were refused.
    func storeRefusal(_ seconds: Double) async {
        let (now, error) = (time.now().wall, TokenError(.credentialsRefused, "refused", status: 401))
        let end = now + .seconds(seconds)
        let backoff = BackoffState(error: error, failures: 1, time: now, retryAt: end, until: end)
        await store.save(StoredState(backoff: backoff), for: key)
    }
}

/// A store that other processes write to.
final class SharedStore: TokenStore {
    private let state = Locked<StoredState?>(nil)

    func load(_ key: CacheKey, at now: Instant) async -> StoredState? { state.withLock { $0 } }
    func save(_ new: StoredState, for key: CacheKey) async { state.withLock { $0 = new } }
    func remove(_ key: CacheKey) async { state.withLock { $0 = nil } }
    func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome { .unavailable }
    func note(_ record: TokenRequestRecord) async {}
}
