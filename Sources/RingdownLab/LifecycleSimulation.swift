internal import RingdownCore
internal import RingdownOAuth

/// A simulation of several processes that share a store and a token endpoint, in virtual time.
///
/// It includes latencies, outages, refusals, revocations, clock jumps, cancelled callers and secret rotations. The seed determines
/// everything. After every event, the invariants of the token lifecycle are checked. The first violation ends the run.
package struct LifecycleSimulation {
    /// The result of a run.
    package struct Report: Sendable {
        /// The seed of the run.
        package var seed: UInt64
        /// The number of simulated events.
        package var events = 0
        /// The number of token requests.
        package var requests = 0
        /// The violated invariant and its time; nil if the run passed.
        package var violation: String?
    }

    /// Runs the simulation.
    ///
    /// - Parameters:
    ///   - seed: The seed of the random numbers.
    ///   - events: The maximum number of events.
    package static func run(seed: UInt64, events: Int) -> Report {
        var world = SimulatedWorld(seed: seed)
        return world.run(events: events)
    }
}

/// The state of a run. Times are in seconds since its start. The wall clock of each process has its own error.
struct SimulatedWorld {
    private enum Event {
        case call(process: Int)
        case tryLock(process: Int, TokenMachine<Int>.Fetch)
        case land(process: Int, TokenMachine<Int>.Fetch, sent: Double)
        case cancel(process: Int, waiter: Int)
        case use(process: Int, Token)
        case fault
    }

    private struct Process {
        var machine: TokenMachine<Int>
        var wallError = 0.0
        var hasOldSecret = false
        /// The waiting callers and their options.
        var waiters: [Int: (minimumValidity: Duration, isForced: Bool)] = [:]
        var inFlight = 0
        /// The rejected tokens that the machine has agreed to replace.
        var rejected: Set<String> = []
        var lastRequest: (time: Double, hasFailed: Bool)?
        var clockJumped = -1e9
    }

    private let settings: LifecycleSettings
    private var random: SeededRandom
    private var now = 0.0
    private var queue = EventQueue<Event>()
    private var processes: [Process]
    private var stored: StoredState?
    private var isStoreUp = true
    private var lockedBy: Int?
    private var lifetime: Double
    /// The minimum age at which a token is refreshed without a request for it, minus the maximum duration of a request.
    private let earliest: Double
    private var outageUntil = 0.0
    private var isSecretRotated = false
    private var revoked: Set<String> = []
    private var nextWaiter = 0
    private var report: LifecycleSimulation.Report

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        report = .init(seed: seed)
        settings = LifecycleSettings()
        lifetime = [60, 300, 900, 3600, 86400][random.below(5)]
        let settings = settings
        earliest = RefreshPlan(settings, lifetime: .seconds(lifetime), replicas: 1).firstRefresh.inSeconds - 11
        processes = (0..<1 + random.below(4)).map { _ in Process(machine: TokenMachine(settings)) }
    }

    mutating func run(events: Int) -> LifecycleSimulation.Report {
        for process in processes.indices { queue.add(.call(process: process), at: random.unit()) }
        queue.add(.fault, at: random.unit() * lifetime)
        while report.events < events, report.violation == nil, let (time, event) = queue.next() {
            now = time
            report.events += 1
            handle(event)
        }
        if report.violation == nil { recover() }
        return report
    }

    private mutating func violated(_ text: String) {
        if report.violation == nil { report.violation = "\(text), at \(now) s, event \(report.events)" }
    }

    private func instant(_ process: Int) -> Instant {
        Instant(
            uptime: .seconds(now + 1000),
            wall: Timestamp(secondsSince1970: 1_795_248_000 + now + processes[process].wallError))
    }

    // MARK: Events

    private mutating func handle(_ event: Event) {
        switch event {
        case .call(let process):
            call(process)
            queue.add(.call(process: process), at: now + random.unit() * lifetime / 50)
        case .tryLock(let process, let fetch): proceed(process, fetch)
        case .land(let process, let fetch, let sent): land(process, fetch, sent)
        case .cancel(let process, let waiter):
            if processes[process].machine.cancel(waiter) { processes[process].waiters[waiter] = nil }
        case .use(let process, let token): use(process, token)
        case .fault:
            makeFault()
            queue.add(.fault, at: now + random.unit() * lifetime)
        }
    }

    private mutating func call(_ process: Int) {
        let isForced = random.below(200) == 0
        let minimumValidity = random.below(20) == 0 ? Duration.seconds(random.unit() * lifetime / 2) : .zero
        nextWaiter += 1
        let waiter = nextWaiter
        let before = processes[process].machine.stored(at: instant(process)).token
        switch processes[process].machine.request(
            at: instant(process), minimumValidity: minimumValidity, force: isForced, waiter: waiter)
        {
        case .serve(let token): deliver(token, process)
        case .serveAndFetch(let token, let fetch):
            deliver(token, process)
            begin(process, fetch)
        case .fail:
            checkNeedless(process, before, minimumValidity, isForced, "receives an error")
        case .fetch(let fetch):
            checkNeedless(process, before, minimumValidity, isForced, "waits")
            processes[process].waiters[waiter] = (minimumValidity, isForced)
            begin(process, fetch)
        case .wait:
            checkNeedless(process, before, minimumValidity, isForced, "waits")
            processes[process].waiters[waiter] = (minimumValidity, isForced)
        }
        if processes[process].waiters[waiter] != nil, random.below(10) == 0 {
            queue.add(.cancel(process: process, waiter: waiter), at: now + random.unit() * 2)
        }
    }

    /// Checks that no caller waits or fails while a token is valid, except in its last minute.
    private mutating func checkNeedless(
        _ process: Int, _ token: Token?, _ minimumValidity: Duration, _ isForced: Bool, _ what: String
    ) {
        guard !isForced, let token else { return }
        let left = token.remaining(at: instant(process))
        if left > max(settings.mandatory(token), minimumValidity), left > settings.margin(token) {
            violated("a caller \(what) although a token is valid for another \(left.spoken)")
        }
    }

    private mutating func deliver(_ token: Token, _ process: Int) {
        let left = token.remaining(at: instant(process))
        if token.isCacheable, left <= settings.margin(token) {
            violated("a token is returned \(left.spoken) before it expires")
        }
        let text = token.value.reveal()
        if processes[process].rejected.contains(text) { violated("a rejected token is returned again") }
        if random.below(3) == 0 { queue.add(.use(process: process, token), at: now + random.unit()) }
    }

    private mutating func use(_ process: Int, _ token: Token) {
        guard revoked.contains(token.value.reveal()) else { return }
        let cached = processes[process].machine.stored(at: instant(process)).token
        if processes[process].machine.reject(token, at: instant(process)) == .retry, cached?.value == token.value {
            processes[process].rejected.insert(token.value.reveal())
        }
    }

    // MARK: Token requests

    private mutating func begin(_ process: Int, _ fetch: TokenMachine<Int>.Fetch) {
        processes[process].inFlight += 1
        if processes[process].inFlight > 1 { violated("a process sends two requests at the same time") }
        proceed(process, fetch)
    }

    private mutating func proceed(_ process: Int, _ fetch: TokenMachine<Int>.Fetch) {
        if isStoreUp {
            if settle(process, fetch) { return }
            if let holder = lockedBy, holder != process {
                guard fetch.reason == .advisory else {
                    return queue.add(.tryLock(process: process, fetch), at: now + 0.05)
                }
                let answers = processes[process].machine.abandon(fetch, at: instant(process))
                return finish(process, answers, nil)
            }
            lockedBy = process
        }
        checkSpacing(process, fetch)
        report.requests += 1
        queue.add(.land(process: process, fetch, sent: now), at: now + random.unit() * random.unit() * 10)
    }

    /// Returns whether the state in the store makes the request unnecessary.
    private mutating func settle(_ process: Int, _ fetch: TokenMachine<Int>.Fetch) -> Bool {
        guard var stored else { return false }
        // The age depends on the wall clock of the reading process.
        if let token = stored.token {
            let age = max(0, (instant(process).wall - token.requested.wall).inSeconds)
            stored.token = token.isStillGood(age: age) ? token.seen(at: instant(process), age: age) : nil
        }
        guard let landing = processes[process].machine.loaded(stored, for: fetch, at: instant(process)) else {
            return false
        }
        finish(process, landing.answers, landing.next)
        return true
    }

    private mutating func land(_ process: Int, _ fetch: TokenMachine<Int>.Fetch, _ sent: Double) {
        let here = instant(process)
        let result: Result<Token, TokenError>
        if now < outageUntil {
            var error = TokenError(.serverFailed, "503")
            if random.below(4) == 0 { error.retryAfter = .seconds(random.unit() * 60) }
            result = .failure(error)
        } else if processes[process].hasOldSecret {
            result = .failure(TokenError(.credentialsRefused, "refused"))
        } else {
            nextWaiter += 1
            let jitter = settings.refreshJitter(lifetime: .seconds(lifetime), draw: random.unit())
            result = .success(
                Token(
                    value: Secret("token \(nextWaiter)"), lifetime: .seconds(lifetime),
                    requested: Instant(uptime: .seconds(sent + 1000), wall: here.wall + .seconds(sent - now)),
                    refreshJitter: jitter))
        }
        var landing: TokenMachine<Int>.Landing
        switch result {
        case .success(let token):
            processes[process].lastRequest = (now, false)
            landing = processes[process].machine.fetched(token, for: fetch, at: here)
        case .failure(let error):
            processes[process].lastRequest = (now, true)
            landing = processes[process].machine.failed(error, for: fetch, at: here, draw: random.unit())
        }
        if lockedBy == process {
            stored = processes[process].machine.stored(at: here)
            lockedBy = nil
        }
        finish(process, landing.answers, landing.next)
    }

    private mutating func finish(
        _ process: Int, _ answers: [(waiter: Int, result: Result<Token, TokenError>)], _ next: TokenMachine<Int>.Fetch?
    ) {
        processes[process].inFlight -= 1
        for (waiter, result) in answers {
            guard processes[process].waiters.removeValue(forKey: waiter) != nil else {
                violated("a caller receives two results, or a result without a request")
                continue
            }
            if case .success(let token) = result, token.isCacheable { deliver(token, process) }
        }
        if let next { begin(process, next) }
        if processes[process].inFlight == 0, !processes[process].waiters.isEmpty { violated("a caller gets no result") }
    }

    /// Checks the time between requests: one second after a failure, most of the token lifetime after a success, unless forced.
    private mutating func checkSpacing(_ process: Int, _ fetch: TokenMachine<Int>.Fetch) {
        guard let last = processes[process].lastRequest, fetch.reason != .forced else { return }
        let since = now - last.time
        if last.hasFailed, fetch.reason != .rejected, since < 0.999 {
            violated("a failed request is retried after \(since) s")
        }
        let isExpected = [.advisory, .mandatory, .cold].contains(fetch.reason)
        if !last.hasFailed, isExpected, since < earliest, now - processes[process].clockJumped > lifetime {
            violated("a new token is requested \(since) s after the last one, although its lifetime is \(lifetime) s")
        }
    }

    // MARK: Faults

    private mutating func makeFault() {
        let process = random.below(processes.count)
        switch random.below(6) {
        case 0: outageUntil = now + random.unit() * lifetime
        case 1:
            for process in processes {
                process.machine.stored(at: instant(0)).token.map { _ = revoked.insert($0.value.reveal()) }
            }
        case 2:
            processes[process].wallError += (random.unit() - 0.5) * 2 * lifetime
            for index in processes.indices { processes[index].clockJumped = now }
        case 3: isStoreUp.toggle()
        case 4:
            // The secret is rotated on the platform. Each process receives the new secret a little later.
            for index in processes.indices { processes[index].hasOldSecret = random.below(2) == 0 }
        default: for index in processes.indices { processes[index].hasOldSecret = false }
        }
        // An unavailable store releases the lock, as the system does when a process exits.
        if !isStoreUp { lockedBy = nil }
    }

    /// Checks that all processes receive tokens after the faults have ended, within the maximum backoff.
    private mutating func recover() {
        outageUntil = now
        for index in processes.indices { processes[index].hasOldSecret = false }
        let end = now + settings.retryAfterLimit.inSeconds / 30 + settings.refusalMemory.inSeconds + 80
        while now < end, let (time, event) = queue.next(), report.violation == nil {
            now = max(now, time)
            if case .fault = event { continue }
            handle(event)
        }
        for process in processes.indices where report.violation == nil {
            let action = processes[process].machine.request(at: instant(process), waiter: nil)
            if case .fail(let error) = action {
                violated("a process receives no token after all faults have ended: \(error)")
            }
        }
    }
}

extension Token {
    fileprivate func isStillGood(age: Double) -> Bool { age < lifetime.inSeconds }

    /// Returns the token as another process reads it from a store.
    fileprivate func seen(at now: Instant, age: Double) -> Token {
        requested(at: Instant(uptime: now.uptime - .seconds(age), wall: requested.wall))
    }
}
