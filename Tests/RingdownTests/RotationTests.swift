import Ringdown
import RingdownCore
import RingdownOAuth
import RingdownSimulator
import RingdownTestSupport
import Testing

@Suite struct RotationTests {
    private let directory: ScratchDirectory
    private let time = ManualTime()
    private let simulator: Simulator

    init() throws {
        directory = try ScratchDirectory()
        simulator = Simulator(Simulator.Options(), time: time)
    }

    private var variables: [String: String] {
        ["GENESYS_CLIENT_ID": simulator.credentials.genesysClientID, "GENESYS_CLIENT_SECRET": secret]
    }
    private var secret: String { simulator.credentials.genesysClientSecret }

    private func client(_ more: [String: String]) throws -> APIClient {
        let settings = Settings(environment: variables.merging(more) { $1 }.filter { !$0.value.isEmpty })
        return APIClient(try Profile(settings), transport: InMemoryTransport(simulator), time: time)
    }

    private func rotate() throws {
        simulator.addFaults([try FaultRule("path=/oauth/token,rotateSecret=true,times=1")])
    }

    @Test func `uses the next secret after the current one is rejected, and keeps it`() async throws {
        let client = try client(["GENESYS_CLIENT_SECRET_NEXT": secret + "-1"])
        _ = try await client.token()
        #expect(simulator.requestCount == 1)
        try rotate()
        _ = try await client.token(force: true)
        #expect(simulator.requestCount == 3)
        _ = try await client.token(force: true)
        #expect(simulator.requestCount == 4)
    }

    @Test func `tries the current secret again after the next one is rejected`() async throws {
        let client = try client(["GENESYS_CLIENT_SECRET": secret + "-2", "GENESYS_CLIENT_SECRET_NEXT": secret])
        _ = try await client.token()
        try rotate()
        try rotate()
        // Both rotations happen before the next request, so the secret that was rejected first is valid.
        _ = try await client.token(force: true)
        #expect(simulator.requestCount == 4)
    }

    @Test func `sends one request for a rejected secret without a next one`() async throws {
        let client = try client(["GENESYS_CLIENT_SECRET": "wrong"])
        await #expect(throws: TokenError.self) { try await client.token() }
        #expect(simulator.requestCount == 1)
    }

    @Test func `reads a secret file again and uses the previous secret while it cannot be read`() async throws {
        let path = directory.path + "/secret"
        try File.replace(path, with: Array(secret.utf8))
        let client = try client(["GENESYS_CLIENT_SECRET": "", "GENESYS_CLIENT_SECRET_FILE": path])
        _ = try await client.token()
        File.remove(path)
        time.advance(by: .seconds(60))
        _ = try await client.token(force: true)
        try rotate()
        try File.replace(path, with: Array((secret + "-1").utf8))
        time.advance(by: .seconds(60))
        _ = try await client.token(force: true)
    }
}
