import RingdownCore
import RingdownOAuth
import RingdownTestSupport
import Testing

@testable import Ringdown

@Suite struct ShutdownTests {
    private let time = ManualTime()

    /// A transport whose requests to some paths wait until they are cancelled.
    private final class HangingTransport: Transport {
        private let hangs: @Sendable (Request) -> Bool
        private let retryAfter: String?
        private let never = ManualTime()
        private let counts = Locked((requests: 0, hanging: 0))

        init(retryAfter: String? = nil, _ hangs: @escaping @Sendable (Request) -> Bool = { _ in false }) {
            (self.hangs, self.retryAfter) = (hangs, retryAfter)
        }

        var requests: Int { counts.withLock { $0.requests } }
        /// The number of requests that have not ended.
        var hanging: Int { counts.withLock { $0.hanging } }

        func send(_ request: Request) async throws(TransportError) -> Response {
            counts.withLock { $0.requests += 1 }
            if hangs(request) {
                counts.withLock { $0.hanging += 1 }
                defer { counts.withLock { $0.hanging -= 1 } }
                do { try await never.sleep(for: .seconds(1)) } catch {
                    throw TransportError(.cancelled, place: request.url.origin.description, message: "cancelled")
                }
            }
            if request.url.path == "/oauth/token" { return Response(json: ["access_token": "t", "expires_in": 600]) }
            guard let retryAfter else { return Response(json: [:]) }
            return Response(status: 429, headers: ["Retry-After": retryAfter])
        }
    }

    private func client(
        _ transport: any Transport, secret: SecretSource = .value("secret")
    ) throws -> APIClient {
        try APIClient(
            .genesysCloud(region: .usEast1, clientID: "id", clientSecret: secret), transport: transport, time: time)
    }

    private func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    /// Shuts the client down and expects that all calls were cancelled and that nothing of the client remains.
    private func expectEnd(of calls: [Task<JSON, any Error>], _ client: APIClient) async throws {
        await client.shutdown()
        for call in calls { await #expect(throws: CancellationError.self) { try await call.value } }
        #expect(client.lifetime.tasks.count == 0)
        let later = await #expect(throws: APIError.self) { try await client.get("/api/v2/users") }
        #expect(later?.code == .shutDown)
        #expect(later?.message == "the client was shut down")
        let token = await #expect(throws: APIError.self) { try await client.token() }
        #expect(token?.code == .shutDown)
        await client.shutdown()
    }

    @Test func `ends calls that wait for a token`() async throws {
        let transport = HangingTransport { $0.url.path == "/oauth/token" }
        let client = try client(transport)
        let calls = (0..<10).map { _ in Task { try await client.get("/api/v2/users") } }
        await until { transport.hanging == 1 && client.tokens.waitingCount == 10 }
        try await expectEnd(of: calls, client)
        #expect(transport.hanging == 0)
    }

    @Test func `ends calls that wait for a response, and those behind them`() async throws {
        let transport = HangingTransport { $0.url.path == "/api/v2/users" }
        let client = try client(transport)
        _ = try await client.token()
        // Four calls are in progress while the rate limit is unknown.
        let calls = (0..<10).map { _ in Task { try await client.get("/api/v2/users") } }
        await until { transport.hanging == 4 && client.scheduler.waitingCount == 6 }
        try await expectEnd(of: calls, client)
        #expect(transport.hanging == 0)
    }

    @Test func `ends calls that wait for a retry or a rate limit`() async throws {
        let transport = HangingTransport(retryAfter: "30")
        let client = try client(transport)
        let first = Task { try await client.get("/api/v2/users") }
        // The timer of the token request has ended when the call is sent.
        await until { transport.requests == 2 }
        await time.waitForSleepers(1)
        let second = Task { try await client.get("/api/v2/users") }
        await time.waitForSleepers(2)
        try await expectEnd(of: [first, second], client)
        #expect(transport.requests == 2)
    }

    @Test func `ends calls that wait for the retry of a token request`() async throws {
        let transport = RefusingTransport()
        let client = try client(transport)
        let calls = (0..<3).map { _ in Task { try await client.get("/api/v2/users") } }
        await until { client.tokens.waitingCount == 3 }
        // The retry, and the timer of the callers.
        await time.waitForSleepers(2)
        try await expectEnd(of: calls, client)
        #expect(transport.requests == 1)
    }

    @Test func `ends calls that wait for a secret`() async throws {
        let (never, started) = (ManualTime(), Locked(false))
        let client = try client(
            HangingTransport(),
            secret: .provider {
                started.withLock { $0 = true }
                try await never.sleep(for: .seconds(1))
                return Secret("late")
            })
        let call = Task { try await client.get("/api/v2/users") }
        await until { started.withLock { $0 } }
        try await expectEnd(of: [call], client)
    }

    @Test func `a cancelled token request leaves no backoff state for other processes`() async throws {
        let store = RecordingStore()
        let transport = HangingTransport { $0.url.path == "/oauth/token" }
        let client = try APIClient(
            .genesysCloud(region: .usEast1, clientID: "id", clientSecret: "secret"), transport: transport,
            store: store, time: time)
        let call = Task { try await client.get("/api/v2/users") }
        await until { transport.hanging == 1 }
        try await expectEnd(of: [call], client)
        #expect(store.saves == 0)
    }

    @Test func `a transport that was given to the client stays usable`() async throws {
        let transport = HangingTransport()
        let (first, second) = (try client(transport), try client(transport))
        _ = try await first.get("/api/v2/users")
        await first.shutdown()
        #expect(try await second.get("/api/v2/users") == [:])
    }
}

/// A transport that reports an outage for every request.
private final class RefusingTransport: Transport {
    private let count = Locked(0)
    var requests: Int { count.withLock { $0 } }

    func send(_ request: Request) async throws(TransportError) -> Response {
        count.withLock { $0 += 1 }
        return Response(status: 503)
    }
}

private final class RecordingStore: TokenStore {
    private let count = Locked(0)
    var saves: Int { count.withLock { $0 } }

    func load(_ key: CacheKey, at now: Instant) async -> StoredState? { nil }
    func save(_ state: StoredState, for key: CacheKey) async { count.withLock { $0 += 1 } }
    func remove(_ key: CacheKey) async {}
    func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome { .unavailable }
    func note(_ record: TokenRequestRecord) async {}
}
