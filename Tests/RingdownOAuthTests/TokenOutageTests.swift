import RingdownCore
import RingdownOAuth
import RingdownTestSupport
import Testing

private func settings(waitLimit: Duration = .seconds(180)) -> LifecycleSettings {
    var settings = LifecycleSettings()
    settings.retries.attempts = 5
    settings.retries.waitLimit = waitLimit
    return settings
}

private let outage = TokenError(.serverFailed, "returned 503", status: 503)

private func unanswered(_ code: TransportError.Code) throws -> TokenError {
    let place = try HTTPURL("https://login.example/oauth/token")
    return .unreachable(TransportError(code, place: place.origin.description, message: "no"), endpoint: place)
}

@Suite struct TokenRetryPolicyTests {
    private let policy = settings().retries

    private func error(_ code: TokenError.Code, _ status: Int? = nil, asked: Duration? = nil) -> TokenError {
        var error = TokenError(code, "", status: status)
        error.retryAfter = asked
        return error
    }

    @Test func `waits for 3, 9 and 27 seconds, or for Retry-After`() {
        let waits = (1...4).map { policy.delay(after: outage, attempt: $0, draw: 0) }
        #expect(waits == [3, 9, 27, 27].map { .seconds($0) })
        #expect(policy.delay(after: outage, attempt: 5, draw: 0) == nil)
        let asked = error(.rateLimited, 429, asked: .seconds(7))
        #expect(policy.delay(after: asked, attempt: 1, draw: 0.5) == .seconds(7.5))
    }

    @Test(
        arguments: [
            (.rateLimited, 429, true), (.rateLimited, 400, true), (.serverFailed, 502, true),
            (.serverFailed, 503, true),
            (.serverFailed, 504, true), (.serverFailed, 500, false), (.credentialsRefused, 401, false),
            (.credentialsRefused, 502, false), (.grantRefused, 400, false), (.scopeRefused, 400, false),
            (.requestRefused, 404, false), (.malformedResponse, 200, false), (.intercepted, 403, false),
            (.signInRequired, nil, false), (.secretUnavailable, nil, false), (.tooShort, nil, false),
        ] as [(TokenError.Code, Int?, Bool)])
    func `retries temporary failures and never refusals`(code: TokenError.Code, status: Int?, isRetried: Bool) {
        #expect((policy.delay(after: error(code, status), attempt: 1, draw: 0) != nil) == isRetried)
    }

    @Test(arguments: TransportError.Code.allCases)
    func `retries lost connections and timeouts, and connections that fail for 15 s`(code: TransportError.Code) throws {
        let unsent: Set<TransportError.Code> = [.nameResolution, .connection, .proxy]
        let error = try unanswered(code)
        let isRetried = policy.delay(after: error, attempt: 1, draw: 0) != nil
        #expect(isRetried == (unsent.contains(code) || code == .timeout || code == .brokenResponse))
        #expect(policy.limit(after: error) == .seconds(unsent.contains(code) ? 15 : 180))
    }

    @Test func `a single request is retried within the limit`() async throws {
        let time = SkippingTime()
        let start = time.now().uptime
        var (count, waits) = (0, 0)
        let value = try await policy.retrying(time, observe: { _, _ in waits += 1 }) { () throws(TokenError) -> Int in
            count += 1
            if count < 3 { throw outage }
            return count
        }
        #expect(value == 3 && waits == 2)
        #expect((.seconds(12) ... .seconds(18)).contains(time.now().uptime - start))
        await #expect(throws: TokenError.self) {
            try await policy.retrying(time) { () throws(TokenError) in
                count += 1
                throw error(.credentialsRefused, 401)
            }
        }
        #expect(count == 4)
    }
}

/// Tests of retries in the state machine, without clock, tasks, or network.
@Suite struct TokenMachineOutageTests {
    private typealias Machine = TokenMachine<Int>
    private let start = ManualTime().now()

    private func fetch(_ action: Machine.Action) -> Machine.Fetch? {
        if case .fetch(let fetch) = action { fetch } else { nil }
    }

    @Test func `callers without a token wait for the next attempt`() throws {
        var machine = Machine(settings())
        let first = try #require(fetch(machine.request(at: start, waiter: 1)))
        _ = machine.request(at: start, waiter: 2)
        let (answers, next) = machine.failed(outage, for: first, at: start, draw: 0)
        #expect(answers.isEmpty)
        let second = try #require(next)
        #expect(second.attempt == 2 && second.notBefore == start.uptime + .seconds(3))
        // A new caller joins.
        if case .wait = machine.request(at: start + .seconds(1), waiter: 3) {} else { Issue.record("does not wait") }
        let mayStart = machine.mayStart(second)
        #expect(mayStart)
        let landing = machine.fetched(.sample(at: start + .seconds(3)), for: second, at: start + .seconds(3))
        #expect(Set(landing.answers.map(\.waiter)) == [1, 2, 3])
    }

    @Test func `all callers receive the last error after five attempts`() throws {
        var machine = Machine(settings())
        var now = start
        var next = fetch(machine.request(at: now, waiter: 1))
        var (attempts, answers) = (0, 0)
        while let fetch = next {
            now = start + (max(fetch.notBefore, now.uptime) - start.uptime)
            attempts += 1
            let landing = machine.failed(outage, for: fetch, at: now, draw: 0)
            (next, answers) = (landing.next, answers + landing.answers.count)
        }
        #expect(attempts == 5 && answers == 1)
        #expect(now.uptime - start.uptime == .seconds(66))
    }

    @Test func `a refusal ends the wait of all callers`() throws {
        var machine = Machine(settings())
        let first = try #require(fetch(machine.request(at: start, waiter: 1)))
        let refusal = TokenError(.credentialsRefused, "invalid_client", status: 401)
        let landing = machine.failed(refusal, for: first, at: start, draw: 0)
        #expect(landing.answers.count == 1 && landing.next == nil)
    }

    @Test func `a wait beyond the limit fails at once`() throws {
        var machine = Machine(settings(waitLimit: .seconds(10)))
        let first = try #require(fetch(machine.request(at: start, waiter: 1)))
        var error = outage
        error.retryAfter = .seconds(11)
        #expect(machine.failed(error, for: first, at: start, draw: 0).next == nil)
    }

    @Test func `a caller that accepts the cached token does not wait`() throws {
        var machine = Machine(settings())
        let first = try #require(fetch(machine.request(at: start, waiter: 1)))
        _ = machine.fetched(.sample(at: start), for: first, at: start)
        let now = start + .seconds(3570)
        let second = try #require(fetch(machine.request(at: now, waiter: 2)))
        _ = machine.request(at: now, minimumValidity: .seconds(600), waiter: 3)
        let landing = machine.failed(outage, for: second, at: now, draw: 0)
        #expect(landing.answers.map(\.waiter) == [2])
        #expect(landing.next != nil)
    }

    @Test func `a hanging request ends the wait of each caller at its own time`() throws {
        var machine = Machine(settings(waitLimit: .seconds(10)))
        let first = try #require(fetch(machine.request(at: start, waiter: 1)))
        _ = machine.request(at: start + .seconds(4), waiter: 2)
        #expect(machine.nextDeadline == start.uptime + .seconds(10))
        let isEarly = machine.expire(at: start + .seconds(9)).isEmpty
        #expect(isEarly)
        let late = machine.expire(at: start + .seconds(10))
        #expect(late.map(\.waiter) == [1])
        #expect(throws: TokenError.self) { try late[0].result.get() }
        #expect(machine.nextDeadline == start.uptime + .seconds(14))
        let token = Token.sample(at: start + .seconds(12))
        #expect(machine.fetched(token, for: first, at: start + .seconds(12)).answers.map(\.waiter) == [2])
    }

    @Test func `an attempt that no caller waits for is not started`() throws {
        var machine = Machine(settings())
        let first = try #require(fetch(machine.request(at: start, waiter: 1)))
        let next = try #require(machine.failed(outage, for: first, at: start, draw: 0).next)
        let wasWaiting = machine.cancel(1)
        let mayStart = machine.mayStart(next)
        #expect(wasWaiting && !mayStart && machine.isIdle)
    }

    @Test func `callers of another process wait for the same attempt`() throws {
        var (first, second) = (Machine(settings()), Machine(settings()))
        let failed = try #require(fetch(first.request(at: start, waiter: 1)))
        let next = try #require(first.failed(outage, for: failed, at: start, draw: 0).next)
        let other = try #require(fetch(second.request(at: start, waiter: 1)))
        let stored = first.stored(at: start)
        let loaded = second.loaded(stored, for: other, at: start)
        let landing = try #require(loaded)
        #expect(landing.answers.isEmpty)
        let wait = try #require(landing.next).notBefore - next.notBefore
        #expect((.milliseconds(-1) ... .milliseconds(1)).contains(wait))
        #expect(landing.next?.attempt == 1)
    }

    @Test func `a minimum validity just below the lifetime causes one request`() throws {
        var machine = Machine()
        let first = try #require(fetch(machine.request(at: start, minimumValidity: .seconds(3599), waiter: 1)))
        // The lifetime counts from the time at which the request was sent.
        let landed = machine.fetched(.sample(at: start), for: first, at: start + .seconds(2))
        #expect((try? landed.answers[0].result.get()) != nil)
        for second in 2...60 {
            let action = machine.request(at: start + .seconds(second), minimumValidity: .seconds(3599), waiter: second)
            if case .serve = action {} else { Issue.record("requests a token after \(second) s") }
        }
        #expect(fetch(machine.request(at: start + .seconds(121), minimumValidity: .seconds(3599), waiter: 61)) != nil)
    }
}

@Suite struct TokenSourceOutageTests {
    private let time = ManualTime()
    private let requester = GatedRequester()

    private func source(waitLimit: Duration = .seconds(180)) -> TokenSource {
        TokenSource(requester, key: CacheKey(fields: [[1]]), time: time, settings: settings(waitLimit: waitLimit))
    }

    @Test func `fifty waiting callers cause one retry sequence`() async throws {
        let source = source()
        let requester = requester, time = time
        let waits = Locked(0)
        source.observeWaits { _, _ in waits.withLock { $0 += 1 } }
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await source.token().value.reveal() } }
            for attempt in 1...3 {
                await requester.waitForRequests(attempt)
                if attempt == 3 { break }
                requester.answer(.failure(outage))
                // The timer of the callers, and the wait before the next attempt.
                await time.waitForSleepers(2)
                time.advance(by: .seconds(14))
            }
            requester.answer(.success(.sample("back", at: time.now())))
            for try await text in group { #expect(text == "back") }
        }
        #expect(requester.requests == 3)
        #expect(waits.withLock { $0 } == 2)
    }

    @Test func `a hanging endpoint does not hold callers beyond the limit`() async throws {
        let source = source(waitLimit: .seconds(5))
        let requester = requester, time = time
        let caller = Task { try await source.token() }
        await requester.waitForRequests(1)
        await time.waitForSleepers(1)
        time.advance(by: .seconds(5))
        let error = await #expect(throws: TokenError.self) { try await caller.value }
        #expect(error?.code == .unreachable)
        requester.answer(.failure(outage))
    }

    @Test func `a refusal is returned at once`() async throws {
        let source = source()
        let requester = requester
        let caller = Task { try await source.token() }
        await requester.waitForRequests(1)
        requester.answer(.failure(TokenError(.credentialsRefused, "invalid_client", status: 401)))
        await #expect(throws: TokenError.self) { try await caller.value }
        #expect(requester.requests == 1)
    }
}
