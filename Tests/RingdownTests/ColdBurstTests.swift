import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

@testable import Ringdown

/// Many calls of a client that does not know its rate limit yet.
@Suite struct ColdBurstTests {
    /// A step of a burst, and the expected decision.
    enum Step: Sendable {
        case admit(RateLimiter.Admission)
        case ended(RateLimit?, isSuccess: Bool)
    }

    private static let limit = RateLimit(count: 1, allowed: 6, reset: .seconds(60))

    @Test(
        arguments: [
            // Four calls are in progress until the first response. Its limit counts the other three.
            [
                .admit(.admitted), .admit(.admitted), .admit(.admitted), .admit(.admitted), .admit(.waitForResponse),
                .ended(limit, isSuccess: true), .admit(.admitted), .admit(.admitted), .admit(.wait(.seconds(60))),
            ],
            // A successful response without a limit ends the wait: the platform reports none.
            [
                .admit(.admitted), .admit(.admitted), .admit(.admitted), .admit(.admitted), .admit(.waitForResponse),
                .ended(nil, isSuccess: true), .admit(.admitted), .admit(.admitted), .admit(.admitted),
            ],
            // A failure says nothing about the limit: one call ends, and one may be sent.
            [
                .admit(.admitted), .admit(.admitted), .admit(.admitted), .admit(.admitted),
                .ended(nil, isSuccess: false), .admit(.admitted), .admit(.waitForResponse),
            ],
        ] as [[Step]])
    func `admits four calls until the first response`(steps: [Step]) {
        var limiter = RateLimiter(slack: .zero, isReported: true)
        for step in steps {
            switch step {
            case .admit(let expected):
                let admission = limiter.admit(at: .zero)
                #expect(admission == expected)
            case .ended(let limit, let isSuccess): limiter.ended(limit, isSuccess: isSuccess, at: .zero)
            }
        }
    }

    @Test func `a full window with an unknown end is left to the calls in progress`() {
        var limiter = RateLimiter(slack: .zero, isReported: true)
        let admit = { (now: Duration) in limiter.admit(at: now) }
        #expect(admit(.zero) == .admitted)
        limiter.ended(RateLimit(count: 1, allowed: 2, reset: .seconds(10)), isSuccess: true, at: .zero)
        #expect(admit(.seconds(10)) == .admitted)
        #expect(admit(.seconds(10)) == .admitted)
        #expect(limiter.vacancies == 0)
        #expect(admit(.seconds(10)) == .waitForResponse)
        limiter.ended(nil, at: .seconds(11))
        #expect(limiter.vacancies == 1)
        limiter.ended(RateLimit(count: 2, allowed: 2, reset: .seconds(9)), isSuccess: true, at: .seconds(11))
        #expect(limiter.vacancies == .max)
        #expect(admit(.seconds(11)) == .wait(.seconds(9)))
    }

    /// Sends concurrent calls of a new client in virtual time.
    private func burst(_ count: Int, usedBefore: Int = 0) async throws -> CallCounts {
        let time = GroupTime(tasks: count)
        var options = Simulator.Options()
        options.callsPerMinute = 300
        let simulator = Simulator(options, time: time)
        let credentials = simulator.credentials
        let profile = try Profile(
            Settings(environment: [
                "GENESYS_CLIENT_ID": credentials.genesysClientID,
                "GENESYS_CLIENT_SECRET": credentials.genesysClientSecret,
            ]))
        let client = APIClient(profile, transport: InMemoryTransport(simulator), time: time)
        let token = try await client.token()
        for _ in 0..<usedBefore {
            var request = Request("GET", try HTTPURL("https://api.mypurecloud.com/api/v2/tokens/me"))
            try request.headers.set("Authorization", token.authorization)
            _ = try await InMemoryTransport(simulator).send(request)
        }
        try await withThrowingTaskGroup { group in
            for _ in 0..<count {
                group.addTask {
                    defer { time.finished() }
                    _ = try await client.send(APICall("HEAD", "/api/v2/tokens/me"))
                }
            }
            try await group.waitForAll()
        }
        return client.counts
    }

    @Test func `2,000 concurrent calls of a new client are refused at most five times`() async throws {
        let counts = try await burst(2000)
        #expect(counts.successes == 2000)
        #expect(counts.rateLimited <= 5)
    }

    @Test func `a window that other processes have used up costs at most five refusals`() async throws {
        let counts = try await burst(500, usedBefore: 300)
        #expect(counts.successes == 500)
        #expect((1...5).contains(counts.rateLimited))
    }

    @Test func `a cancelled wait ends at once, and an event resumes the next one`() async throws {
        let list = WaitList()
        let ticket = list.ticket()
        let first = Task { try await list.wait(ticket) }
        await until { list.count == 1 }
        let second = Task { try await list.wait(ticket) }
        await until { list.count == 2 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        list.resume(1)
        try await second.value
        // There was an event since the ticket was taken.
        try await list.wait(ticket)
    }

    private func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }
}
