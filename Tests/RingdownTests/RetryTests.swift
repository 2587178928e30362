import RingdownCore
import Testing

@testable import Ringdown

@Suite struct RetryTests {
    private let policy = RetryPolicy(settings: CallSettings())

    private func status(_ code: Int, asked: Duration? = nil, reset: Duration? = nil) -> CallFailure {
        .status(code, asked: asked, reset: reset)
    }

    @Test func `waits after 429 for Retry-After, or for the window, or for 3, 9 and 27 seconds`() {
        func decide(_ failure: CallFailure, _ attempt: Int) -> RetryPolicy.Decision {
            policy.decide(failure, attempt: attempt, mayBeRetried: false, draw: 0)
        }
        #expect(decide(status(429, asked: .seconds(7), reset: .seconds(40)), 1) == .retry(after: .seconds(7)))
        #expect(decide(status(429, reset: .seconds(40)), 1) == .retry(after: .seconds(41)))
        #expect((1...4).map { decide(status(429), $0) } == [3, 9, 27, 27].map { .retry(after: .seconds($0)) })
        #expect(decide(status(429), 5) == .giveUp)
    }

    @Test func `the random part only extends a wait`() {
        for draw in [0, 0.3, 0.999] {
            guard case .retry(let wait) = policy.decide(status(429), attempt: 2, mayBeRetried: true, draw: draw) else {
                Issue.record("a retry was expected")
                continue
            }
            #expect((.seconds(9)...(.seconds(13.5))).contains(wait))
        }
    }

    @Test func `reports a wait beyond the limit instead of waiting`() {
        let hours = status(429, asked: .seconds(7200))
        #expect(policy.decide(hours, attempt: 1, mayBeRetried: true, draw: 0) == .tooLong(.seconds(7200)))
        #expect(policy.decide(hours, attempt: 5, mayBeRetried: true, draw: 0) == .tooLong(.seconds(7200)))
    }

    @Test(arguments: [(500, false), (501, false), (502, true), (503, true), (504, true), (400, false), (403, false)])
    func `retries only temporary server errors`(code: Int, isRepeated: Bool) {
        let decision = policy.decide(status(code), attempt: 1, mayBeRetried: true, draw: 0)
        #expect((decision == .giveUp) == !isRepeated)
        #expect(policy.decide(status(code), attempt: 1, mayBeRetried: false, draw: 0) == .giveUp)
    }

    @Test func `retries a write only if the server did not receive it`() {
        #expect(policy.decide(.unsent, attempt: 1, mayBeRetried: false, draw: 0) == .retry(after: .seconds(3)))
        #expect(policy.decide(.interrupted, attempt: 1, mayBeRetried: false, draw: 0) == .giveUp)
        #expect(policy.decide(.interrupted, attempt: 1, mayBeRetried: true, draw: 0) == .retry(after: .seconds(3)))
        #expect(APICall("POST", "/x").mayBeRetried == false)
        #expect(APICall("POST", "/x", isIdempotent: true).mayBeRetried)
        #expect(["GET", "PUT", "DELETE"].allSatisfy { APICall($0, "/x").mayBeRetried })
    }

    @Test func `retries end without credit, and successes earn credit`() {
        var budget = RetryBudget()
        var taken = 0
        while budget.take(for: .unsent) { taken += 1 }
        #expect(taken == 35)  // 500 by 14
        let isTakenForLimit = budget.take(for: .status(429, asked: nil, reset: nil))
        #expect(isTakenForLimit)
        for _ in 0..<14 { budget.earn() }
        let isEarned = budget.take(for: .unsent)
        #expect(isEarned)
    }

    @Test func `the circuit opens after five failures, and one probe can close it`() {
        var breaker = CircuitBreaker(CallSettings())
        let admit = { (now: Duration) in breaker.admit(at: now) }
        for _ in 0..<4 { breaker.failed(at: .seconds(1)) }
        breaker.succeeded()
        for _ in 0..<4 { breaker.failed(at: .seconds(1)) }
        #expect(admit(.seconds(1)) == nil)
        breaker.failed(at: .seconds(1))
        #expect(admit(.seconds(11)) == .seconds(20))
        #expect(admit(.seconds(31)) == nil)
        #expect(admit(.seconds(31)) != nil)
        breaker.failed(at: .seconds(32))
        #expect(admit(.seconds(40)) == .seconds(22))
        #expect(admit(.seconds(62)) == nil)
        breaker.succeeded()
        #expect(admit(.seconds(62)) == nil)
        #expect(admit(.seconds(62)) == nil)
    }
}

@Suite struct RateLimiterTests {
    @Test func `calls wait for the next window if the current one is full`() {
        var gate = RateLimiter(slack: .seconds(1))
        let admit = { (now: Duration) in gate.admit(at: now) }
        #expect(admit(.zero) == .admitted)
        gate.ended(RateLimit(count: 298, allowed: 300, reset: .seconds(30)), at: .zero)
        #expect(admit(.seconds(1)) == .admitted)
        #expect(admit(.seconds(1)) == .admitted)
        #expect(admit(.seconds(1)) == .wait(.seconds(30)))
        #expect(admit(.seconds(31)) == .admitted)
    }

    @Test func `calls in progress count in addition to the last reported count`() {
        var gate = RateLimiter(slack: .zero)
        let admit = { (now: Duration) in gate.admit(at: now) }
        _ = gate.admit(at: .zero)
        gate.ended(RateLimit(count: 1, allowed: 10, reset: .seconds(60)), at: .zero)
        for _ in 0..<9 { #expect(admit(.seconds(1)) == .admitted) }
        #expect(admit(.seconds(1)) != .admitted)
        gate.ended(RateLimit(count: 2, allowed: 10, reset: .seconds(59)), at: .seconds(1))
        #expect(admit(.seconds(1)) != .admitted)
    }

    @Test func `counts calls of other programs as the platform reports them`() {
        var gate = RateLimiter(slack: .zero)
        let admit = { (now: Duration) in gate.admit(at: now) }
        _ = gate.admit(at: .zero)
        gate.ended(RateLimit(count: 300, allowed: 300, reset: .seconds(5)), at: .zero)
        #expect(admit(.seconds(1)) == .wait(.seconds(4)))
    }

    @Test func `responses without a limit do not fill a window with an unknown end`() {
        var gate = RateLimiter(slack: .zero)
        let admit = { (now: Duration) in gate.admit(at: now) }
        _ = admit(.zero)
        gate.ended(RateLimit(count: 1, allowed: 3, reset: .seconds(1)), at: .zero)
        for second in 2..<20 {
            #expect(admit(.seconds(second)) == .admitted)
            gate.ended(nil, at: .seconds(second))
        }
        for _ in 0..<3 { #expect(admit(.seconds(30)) == .admitted) }
        #expect(admit(.seconds(30)) != .admitted)
    }

    @Test func `calls do not wait without a limit, and a pause delays all calls`() {
        var gate = RateLimiter(slack: .zero)
        let admit = { (now: Duration) in gate.admit(at: now) }
        for _ in 0..<1000 { #expect(admit(.zero) == .admitted) }
        gate.pause(until: .seconds(9))
        #expect(admit(.seconds(2)) == .wait(.seconds(7)))
        #expect(admit(.seconds(9)) == .admitted)
    }

    @Test(arguments: [
        ["inin-ratelimit-count": "1"], ["inin-ratelimit-count": "x", "inin-ratelimit-allowed": "300"],
        ["inin-ratelimit-count": "1", "inin-ratelimit-allowed": "0", "inin-ratelimit-reset": "6"],
        ["inin-ratelimit-count": "1", "inin-ratelimit-allowed": "9", "inin-ratelimit-reset": "-1"],
    ])
    func `ignores invalid rate limit fields`(fields: [String: String]) throws {
        var headers = Headers()
        for (name, value) in fields { try headers.set(name, value) }
        #expect(RateLimit(headers, Platform.genesys.capabilities.rateLimitHeaders) == nil)
    }
}
