internal import RingdownCore
internal import RingdownOAuth

/// A stage that drives the state machine directly and performs its actions one after the other.
struct MachineStage: Stage {
    private typealias Machine = TokenMachine<Int>

    private let setting: Setting
    private var machine = Machine()
    private var callers = 0
    /// The result of each caller in the current step. Waiting callers have no entry.
    private var results: [Int: Token?] = [:]
    /// The hanging request and its eventual result.
    private var hanging: (fetch: Machine.Fetch, result: Task<Result<Token, TokenError>, Never>)?
    private var reason: String?

    init(_ setting: Setting) {
        self.setting = setting
    }

    mutating func getToken(_ wish: GetToken) async -> (tokens: [Token?], reason: String?) {
        let numbers = callers..<callers + wish.callers
        (callers, results, reason) = (numbers.upperBound, [:], nil)
        var started: [Machine.Fetch] = []
        for number in numbers {
            let action = machine.request(
                at: setting.time.now(), minimumValidity: wish.minimumValidity, force: wish.isForced, waiter: number)
            switch action {
            case .serve(let token): results[number] = .some(token)
            case .serveAndFetch(let token, let fetch):
                results[number] = .some(token)
                started.append(fetch)
            case .fail: results[number] = .some(nil)
            case .fetch(let fetch): started.append(fetch)
            case .wait: break
            }
        }
        for fetch in started { await run(fetch) }
        while results.count < wish.callers, hanging != nil {
            setting.time.advance(by: .seconds(1))
            await settle()
        }
        return (numbers.map { results[$0] ?? nil }, reason)
    }

    mutating func reject(_ token: Token) {
        _ = machine.reject(token, at: setting.time.now())
    }

    mutating func settle() async {
        guard let (fetch, result) = hanging, !setting.endpoint.isHanging else { return }
        hanging = nil
        await land(fetch, result.value)
    }

    private mutating func run(_ fetch: Machine.Fetch) async {
        let now = setting.time.now()
        if let stored = await setting.store.load(setting.key, at: now),
            let landing = machine.loaded(stored, for: fetch, at: now)
        {
            return await take(landing)
        }
        let isDone = Locked(false)
        let result = Task { [endpoint = setting.endpoint] in
            let result: Result<Token, TokenError>
            do throws(TokenError) { result = .success(try await endpoint.requestToken(draw: 0)) } catch {
                result = .failure(error)
            }
            isDone.withLock { $0 = true }
            return result
        }
        reason = reason ?? fetch.reason.rawValue
        while !isDone.withLock({ $0 }), !setting.endpoint.isHanging { await Task.yield() }
        if isDone.withLock({ $0 }) { return await land(fetch, result.value) }
        await setting.time.waitForSleepers(1)
        hanging = (fetch, result)
    }

    private mutating func land(_ fetch: Machine.Fetch, _ result: Result<Token, TokenError>) async {
        let now = setting.time.now()
        let landing: Machine.Landing =
            switch result {
            case .success(let token): machine.fetched(token, for: fetch, at: now)
            case .failure(let error): machine.failed(error, for: fetch, at: now, draw: 0.5)
            }
        await setting.store.save(machine.stored(at: now), for: setting.key)
        await take(landing)
    }

    private mutating func take(_ landing: Machine.Landing) async {
        for (number, result) in landing.answers { results[number] = .some(try? result.get()) }
        if let next = landing.next { await run(next) }
    }
}
