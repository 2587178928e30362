import RingdownCore
import RingdownOAuth
import RingdownSimulator
import RingdownTestSupport
import Testing

@testable import Ringdown

@Suite struct TokenOutageTests {
    private let time = SkippingTime()
    private let simulator: Simulator

    init() {
        simulator = Simulator(Simulator.Options(), time: time)
    }

    private func client(_ faults: String..., calls: CallSettings = CallSettings()) throws -> APIClient {
        simulator.addFaults(try faults.map { try FaultRule($0) })
        let settings = Settings(environment: [
            "GENESYS_CLIENT_ID": simulator.credentials.genesysClientID,
            "GENESYS_CLIENT_SECRET": simulator.credentials.genesysClientSecret,
        ])
        return APIClient(try Profile(settings), transport: InMemoryTransport(simulator), time: time, calls: calls)
    }

    private var tokenRequests: Int { simulator.requests(since: 0).count { $0.path == "/oauth/token" } }

    @Test(arguments: ["status=503", "status=502", "status=504", "status=429,retryAfter=2", "cut=before", "cut=within"])
    func `one failure of the token endpoint does not reach the caller`(fault: String) async throws {
        let client = try client("path=/oauth/token,times=1,\(fault)")
        _ = try await client.get("/api/v2/tokens/me")
        #expect(tokenRequests == 2)
    }

    @Test func `an export survives a revoked token and one 503 at the token endpoint`() async throws {
        let client = try client(
            "path=/api/v2/users,nth=2,revokeToken=true", "path=/oauth/token,nth=2,status=503,retryAfter=1")
        _ = try await client.get("/api/v2/users?pageNumber=1")
        time.advance(by: .seconds(60))
        _ = try await client.get("/api/v2/users?pageNumber=2")
        #expect(tokenRequests == 3)
    }

    @Test func `a refusal is sent once`() async throws {
        let client = try client("path=/oauth/token,status=401")
        await #expect(throws: TokenError.self) { try await client.token() }
        #expect(tokenRequests == 1)
    }

    @Test func `the wait limit also applies to token requests`() async throws {
        var calls = CallSettings()
        calls.waitLimit = .seconds(10)
        let client = try client("path=/oauth/token,status=503", calls: calls)
        let start = time.now().uptime
        let error = await #expect(throws: TokenError.self) { try await client.token() }
        #expect(error?.status == 503)
        #expect(time.now().uptime - start <= .seconds(10))
    }

    @Test func `a connection that fails is retried for 15 s`() {
        let policy = RetryPolicy(settings: CallSettings())
        func decide(_ attempt: Int, _ elapsed: Duration) -> RetryPolicy.Decision {
            policy.decide(.unsent, attempt: attempt, elapsed: elapsed, mayBeRetried: true, draw: 0)
        }
        #expect(decide(1, .zero) == .retry(after: .seconds(3)))
        #expect(decide(2, .seconds(3)) == .retry(after: .seconds(9)))
        #expect(decide(3, .seconds(12)) == .giveUp)
    }
}
