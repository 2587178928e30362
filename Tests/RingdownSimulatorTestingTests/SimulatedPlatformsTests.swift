import Ringdown
import RingdownSimulator
import RingdownSimulatorTesting
import Testing

/// Tests as in a client package: the library and real sockets, without an account.
@Suite(.simulated { $0.userCount = 30 }) struct SimulatedPlatformsTests {
    private func client(_ platform: String) throws -> APIClient {
        let live = try #require(SimulatedPlatforms.current)
        return try APIClient(.environment(live.variables(platform: platform)))
    }

    @Test(arguments: ["genesys", "cxone"])
    func `lists all users over real sockets`(platform: String) async throws {
        var count = 0
        for try await _ in try client(platform).users() { count += 1 }
        #expect(count == 30)
        #expect(SimulatedPlatforms.current?.simulator.story(since: 0).tokenRequests == 1)
    }

    @Test func `each test has its own simulator`() async throws {
        #expect(SimulatedPlatforms.current?.simulator.requestCount == 0)
        _ = try await client("genesys").token()
        #expect(SimulatedPlatforms.current?.simulator.requestCount == 1)
    }
}

private func oneOutage() -> FaultRule {
    var rule = FaultRule()
    (rule.path, rule.status, rule.times) = ("/oauth/token", 503, 1)
    return rule
}

@Test(.simulated(faults: [oneOutage()]))
func `a fault is active from the start of a test`() async throws {
    let live = try #require(SimulatedPlatforms.current)
    var calls = CallSettings()
    calls.waitLimit = .zero
    let client = try APIClient(.environment(live.variables(platform: "genesys")), calls: calls)
    await #expect(throws: TokenError.self) { try await client.token() }
    #expect(live.simulator.requestCount == 1)
}
