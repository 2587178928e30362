import RingdownCore
import RingdownOAuth
import RingdownTestSupport
import Testing

/// Tests of the state machine without clock, tasks, or network.
@Suite struct TokenMachineTests {
    private typealias Machine = TokenMachine<Int>
    private let start = ManualTime().now()

    /// Returns a machine with a token that was just granted.
    private func machine(_ text: String = "first", lifetime: Duration = .seconds(3600)) throws -> Machine {
        var machine = Machine()
        let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        _ = machine.fetched(.sample(text, lifetime: lifetime, at: start), for: fetch, at: start)
        return machine
    }

    private func fetched(from action: Machine.Action) -> Machine.Fetch? {
        switch action {
        case .fetch(let fetch), .serveAndFetch(_, let fetch): fetch
        case .serve, .wait, .fail: nil
        }
    }

    private func served(_ action: Machine.Action) -> String? {
        switch action {
        case .serve(let token), .serveAndFetch(let token, _): token.value.reveal()
        case .fetch, .wait, .fail: nil
        }
    }

    private func name(_ action: Machine.Action) -> String {
        switch action {
        case .serve: "serve"
        case .serveAndFetch: "serveAndFetch"
        case .fetch: "fetch"
        case .wait: "wait"
        case .fail: "fail"
        }
    }

    private let outage = TokenError(.serverFailed, "503")
    private let refusal = TokenError(.credentialsRefused, "invalid_client")

    @Test func `the first caller requests a token, the others wait, and all receive it`() throws {
        var machine = Machine()
        let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        #expect(fetch.reason == .cold)
        for waiter in 2...50 {
            #expect(name(machine.request(at: start, waiter: waiter)) == "wait")
        }
        let answers = machine.fetched(.sample(at: start), for: fetch, at: start).answers
        #expect(Set(answers.map(\.waiter)) == Set(1...50))
        #expect(answers.allSatisfy { (try? $0.result.get().value.reveal()) == "token" })
    }

    @Test func `serves a valid token without a request`() throws {
        var machine = try machine()
        #expect(name(machine.request(at: start + .seconds(1000))) == "serve")
    }

    @Test(arguments: [
        (600.0, 300.0), (1200, 300), (1201, 600.5), (3600, 900), (5399, 900), (5400, 2700), (86400, 3600), (60, 30),
    ])
    func `the advisory window depends on the lifetime and is at most half of it`(lifetime: Double, window: Double)
        throws
    {
        var machine = try machine(lifetime: .seconds(lifetime))
        let begin = lifetime - window
        #expect(name(machine.request(at: start + .seconds(begin - 1))) == "serve")
        let action = machine.request(at: start + .seconds(begin + 0.5))
        #expect(fetched(from: action)?.reason == .advisory)
        #expect(served(action) == "first")
        // Only the first caller starts a request.
        #expect(name(machine.request(at: start + .seconds(begin + 0.5))) == "serve")
    }

    @Test func `a refresh starts earlier by the jitter of the token`() throws {
        var machine = Machine()
        let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        let token = Token(value: Secret("t"), lifetime: .seconds(3600), requested: start, refreshJitter: .seconds(100))
        _ = machine.fetched(token, for: fetch, at: start)
        #expect(fetched(from: machine.request(at: start + .seconds(2599))) == nil)
        #expect(fetched(from: machine.request(at: start + .seconds(2601)))?.reason == .advisory)
    }

    @Test func `callers wait for one request in the mandatory window`() throws {
        var machine = try machine()
        let now = start + .seconds(3600 - 50)
        let fetch = try #require(fetched(from: machine.request(at: now, waiter: 7)))
        #expect(fetch.reason == .mandatory)
        #expect(name(machine.request(at: now, waiter: 8)) == "wait")
        let answers = machine.fetched(.sample("second", at: now), for: fetch, at: now).answers
        #expect(Set(answers.map(\.waiter)) == [7, 8])
        #expect(served(machine.request(at: now)) == "second")
    }

    @Test func `serves all callers with one request during an outage with 30 seconds left`() throws {
        var machine = try machine()
        let now = start + .seconds(3570)
        let fetch = try #require(fetched(from: machine.request(at: now, waiter: 1)))
        let answers = machine.failed(outage, for: fetch, at: now, draw: 0).answers
        #expect(try answers.map { try $0.result.get().value.reveal() } == ["first"])
        for second in 0..<4 { #expect(served(machine.request(at: now + .seconds(second), waiter: 2)) == "first") }
    }

    @Test func `fails below the usable margin`() throws {
        var machine = try machine()
        let now = start + .seconds(3595)
        let fetch = try #require(fetched(from: machine.request(at: now, waiter: 1)))
        let answers = machine.failed(outage, for: fetch, at: now, draw: 0).answers
        #expect(throws: TokenError.self) { try answers[0].result.get() }
    }

    @Test func `retries a failed advisory refresh after 10 s, then 20 s, half of it random`()
        throws
    {
        var machine = try machine()
        let now = start + .seconds(2800)
        var fetch = try #require(fetched(from: machine.request(at: now)))
        _ = machine.failed(outage, for: fetch, at: now, draw: 0)
        #expect(fetched(from: machine.request(at: now + .seconds(4.9))) == nil)
        fetch = try #require(fetched(from: machine.request(at: now + .seconds(5.1))))
        _ = machine.failed(outage, for: fetch, at: now + .seconds(5.1), draw: 0)
        #expect(fetched(from: machine.request(at: now + .seconds(15))) == nil)
        #expect(fetched(from: machine.request(at: now + .seconds(15.2))) != nil)
    }

    @Test func `does not try rejected credentials again for 30 seconds`() throws {
        var machine = Machine()
        let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        _ = machine.failed(refusal, for: fetch, at: start, draw: 0)
        for second in 0..<30 {
            #expect(name(machine.request(at: start + .seconds(second), waiter: 2)) == "fail")
        }
        #expect(fetched(from: machine.request(at: start + .seconds(31), waiter: 3))?.reason == .cold)
    }

    @Test func `returns a temporary failure for one to five seconds`() throws {
        var machine = Machine()
        let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        _ = machine.failed(outage, for: fetch, at: start, draw: 0.5)
        #expect(name(machine.request(at: start + .seconds(2.9), waiter: 2)) == "fail")
        #expect(fetched(from: machine.request(at: start + .seconds(3.1), waiter: 3)) != nil)
    }

    @Test func `obeys a requested wait up to an hour`() throws {
        for (asked, kept) in [(4.0, 4.0), (7200, 3600)] {
            var machine = Machine()
            let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
            var error = TokenError(.rateLimited, "slow down")
            error.retryAfter = .seconds(asked)
            _ = machine.failed(error, for: fetch, at: start, draw: 0)
            #expect(name(machine.request(at: start + .seconds(kept - 0.1), waiter: 2)) == "fail")
            #expect(fetched(from: machine.request(at: start + .seconds(kept + 0.1), waiter: 3)) != nil)
        }
    }

    @Test func `serves all callers after any failure and a later success`() throws {
        for error in [refusal, outage, TokenError(.malformedResponse, "x"), TokenError(.scopeRefused, "x")] {
            var machine = Machine()
            var fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
            _ = machine.failed(error, for: fetch, at: start, draw: 0.9)
            let later = start + .seconds(60)
            fetch = try #require(fetched(from: machine.request(at: later, waiter: 2)))
            #expect(machine.fetched(.sample(at: later), for: fetch, at: later).answers.count == 1)
            #expect(served(machine.request(at: later)) == "token")
        }
    }

    @Test func `a rejected token causes one request regardless of the number of reports`() throws {
        var machine = try machine()
        let now = start + .seconds(100)
        let token = Token.sample("first", at: start)
        for _ in 0..<50 { #expect(machine.reject(token, at: now) == .retry) }
        let fetch = try #require(fetched(from: machine.request(at: now, waiter: 1)))
        #expect(fetch.reason == .rejected)
        #expect(fetch.replaced?.value.reveal() == "first")
        #expect(name(machine.request(at: now, waiter: 2)) == "wait")
        _ = machine.fetched(.sample("second", at: now), for: fetch, at: now)
        // A late report of the old token has no effect.
        #expect(machine.reject(token, at: now + .seconds(60)) == .retry)
        #expect(served(machine.request(at: now + .seconds(60))) == "second")
    }

    @Test func `never serves a rejected token again, even during an outage`() throws {
        var machine = try machine()
        let now = start + .seconds(100)
        _ = machine.reject(.sample("first", at: start), at: now)
        let fetch = try #require(fetched(from: machine.request(at: now, waiter: 1)))
        let answers = machine.failed(outage, for: fetch, at: now, draw: 0).answers
        #expect(throws: TokenError.self) { try answers[0].result.get() }
        #expect(served(machine.request(at: now + .seconds(10), waiter: 2)) == nil)
    }

    @Test func `does not replace a token that is rejected right after it was granted`() throws {
        var machine = try machine()
        #expect(machine.reject(.sample("first", at: start), at: start + .seconds(1)) == .freshToken)
        #expect(served(machine.request(at: start + .seconds(1))) == "first")
    }

    @Test func `does not replace a second rejected token within five seconds`() throws {
        var machine = try machine()
        let now = start + .seconds(100)
        #expect(machine.reject(.sample("first", at: start), at: now) == .retry)
        let fetch = try #require(fetched(from: machine.request(at: now, waiter: 1)))
        let second = Token.sample("second", at: now)
        _ = machine.fetched(second, for: fetch, at: now)
        #expect(machine.reject(second, at: now + .seconds(3)) == .tooSoon)
        #expect(machine.reject(second, at: now + .seconds(6)) == .retry)
    }

    @Test func `a minimum validity causes a new token or an error`() throws {
        var machine = try machine()
        let now = start + .seconds(1800)
        let fetch = try #require(fetched(from: machine.request(at: now, minimumValidity: .seconds(2700), waiter: 1)))
        #expect(fetch.reason == .minimumValidity)
        _ = machine.request(at: now, minimumValidity: .seconds(7200), waiter: 2)
        let answers = machine.fetched(.sample("second", at: now), for: fetch, at: now).answers
        for answer in answers {
            if answer.waiter == 1 { #expect(try answer.result.get().value.reveal() == "second") }
            if answer.waiter == 2 { #expect(throws: TokenError.self) { try answer.result.get() } }
        }
    }

    @Test func `a remembered failure has its age and the time until the next request`() throws {
        var machine = Machine()
        let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        for answer in machine.failed(refusal, for: fetch, at: start, draw: 0).answers {
            let error = #expect(throws: TokenError.self) { try answer.result.get() }
            #expect(error?.remembered == nil)
        }
        guard case .fail(let error) = machine.request(at: start + .seconds(23)) else {
            Issue.record("a request was sent")
            return
        }
        #expect(error.remembered == .init(age: .seconds(23), remaining: .seconds(7)))
    }

    @Test func `a forced request is sent after a refusal, but not while the platform requests a wait`() throws {
        var machine = Machine()
        let first = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        _ = machine.failed(refusal, for: first, at: start, draw: 0)
        let forced = try #require(fetched(from: machine.request(at: start, force: true, waiter: 2)))
        _ = machine.failed(TokenError(.rateLimited, "slow down"), for: forced, at: start, draw: 0)
        guard case .fail(let error) = machine.request(at: start, force: true, waiter: 3) else {
            Issue.record("a request was sent")
            return
        }
        #expect(error.code == .rateLimited && error.remembered?.age == .zero)
    }

    @Test func `a forced request ignores the cached token and reports its failure`() throws {
        var machine = try machine()
        let fetch = try #require(fetched(from: machine.request(at: start, force: true, waiter: 1)))
        #expect(fetch.reason == .forced)
        let answers = machine.failed(outage, for: fetch, at: start, draw: 0).answers
        #expect(throws: TokenError.self) { try answers[0].result.get() }
        #expect(served(machine.request(at: start)) == "first")
    }

    @Test func `a forced caller receives the failure of a shared request, other callers do not`() throws {
        var machine = try machine()
        let now = start + .seconds(3550)
        let fetch = try #require(fetched(from: machine.request(at: now, waiter: 1)))
        _ = machine.request(at: now, force: true, waiter: 2)
        for answer in machine.failed(outage, for: fetch, at: now, draw: 0).answers {
            #expect(((try? answer.result.get()) == nil) == (answer.waiter == 2))
        }
    }

    @Test func `a minimum validity above the granted lifetime fails without a request each time`() throws {
        var machine = try machine()
        let long: Duration = .seconds(7200)
        #expect(name(machine.request(at: start, minimumValidity: long, waiter: 1)) == "fail")
        #expect(name(machine.request(at: start + .seconds(60), minimumValidity: long, waiter: 1)) == "fetch")
    }

    @Test func `a refresh that grants an expired token keeps the valid one`() throws {
        var machine = try machine()
        let now = start + .seconds(2800)
        let fetch = try #require(fetched(from: machine.request(at: now)))
        _ = machine.fetched(.sample("over", lifetime: .zero, at: now, isCacheable: false), for: fetch, at: now)
        #expect(served(machine.request(at: now)) == "first")
    }

    @Test func `a stored token does not satisfy callers that joined with stricter options`() throws {
        var machine = Machine()
        let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        _ = machine.request(at: start, minimumValidity: .seconds(1800), waiter: 2)
        _ = machine.request(at: start, force: true, waiter: 3)
        let stored = Token.sample("stored", at: start + .seconds(-3000))
        let first = machine.fetched(stored, for: fetch, at: start)
        #expect(first.answers.map(\.waiter) == [1])
        let next = try #require(first.next)
        #expect(next.reason == .forced && next.minimumValidity == .seconds(1800))
        let second = machine.fetched(.sample("new", at: start), for: next, at: start)
        #expect(Set(second.answers.map(\.waiter)) == [2, 3])
        #expect(second.next == nil)
        for answer in second.answers { #expect(try answer.result.get().value.reveal() == "new") }
    }

    @Test func `a cancelled caller is removed and the request continues for the others`() throws {
        var machine = Machine()
        let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        _ = machine.request(at: start, waiter: 2)
        let (first, second) = (machine.cancel(1), machine.cancel(1))
        #expect(first && !second)
        #expect(machine.fetched(.sample(at: start), for: fetch, at: start).answers.map(\.waiter) == [2])
        let third = machine.cancel(2)
        #expect(!third)
    }

    @Test func `uses a token that is granted expired once and does not cache it`() throws {
        var machine = Machine()
        let fetch = try #require(fetched(from: machine.request(at: start, waiter: 1)))
        let answers = machine.fetched(.sample(lifetime: .zero, at: start, isCacheable: false), for: fetch, at: start)
            .answers
        #expect(try answers[0].result.get().value.reveal() == "token")
        #expect(fetched(from: machine.request(at: start, waiter: 2)) != nil)
    }

    @Test(arguments: [86400.0, -86400])
    func `a wall clock that jumps by a day serves no expired token and drops at most one token`(jump: Double) throws {
        var machine = try machine()
        var later = start + .seconds(100)
        later.wall = later.wall + .seconds(jump)
        if let fetch = fetched(from: machine.request(at: later, waiter: 1)) {
            _ = machine.fetched(.sample("second", at: later), for: fetch, at: later)
        }
        #expect(served(machine.request(at: later + .seconds(1000))) != nil)
        #expect(served(machine.request(at: later + .seconds(4000), waiter: 9)) == nil)
    }

    @Test func `ignores a backoff state of a clock that is ahead`() {
        let time = ManualTime()
        var machine = TokenMachine<Int>()
        let far = time.now().wall + .seconds(5 * 86400)
        let backoff = BackoffState(
            error: TokenError(.credentialsRefused, "no"), failures: 1, time: far, retryAt: far,
            until: far + .seconds(30))
        machine.adopt(StoredState(backoff: backoff), at: time.now())
        guard case .fetch = machine.request(at: time.now(), waiter: 1) else {
            Issue.record("a request was expected")
            return
        }
    }

    @Test func `does not adopt a rejected token from a store`() throws {
        let time = ManualTime()
        var machine = TokenMachine<Int>()
        let (old, new) = (Token.sample("old", at: time.now()), Token.sample("new", at: time.now()))
        machine.adopt(StoredState(token: old), at: time.now())
        time.advance(by: .seconds(60))
        #expect(machine.reject(old, at: time.now()) == .retry)
        machine.adopt(StoredState(token: new), at: time.now())
        machine.adopt(StoredState(token: old), at: time.now())
        guard case .serve(let token) = machine.request(at: time.now(), waiter: 1) else {
            Issue.record("a token was expected")
            return
        }
        #expect(token.value == new.value)
    }
}
