import Ringdown
import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

/// What the errors of the library have in common.
@Suite struct ErrorTests {
    private let time = ManualTime()
    private let simulator = Simulator()

    private func client(
        transport: (any Transport)? = nil, calls: CallSettings = CallSettings()
    ) throws -> APIClient {
        let credentials = simulator.credentials
        return try APIClient(
            .genesysCloud(
                region: .usEast1, clientID: credentials.genesysClientID, clientSecret: credentials.genesysClientSecret),
            transport: transport ?? InMemoryTransport(simulator), time: time, calls: calls)
    }

    private func error(_ body: () async throws -> Void) async -> (any RingdownError)? {
        do {
            try await body()
            return nil
        } catch { return error as? any RingdownError }
    }

    @Test func `every error has a code, a message, a hint and a recovery`() async throws {
        simulator.addFaults([try FaultRule("path=/api/v2/routing/queues,status=403")])
        simulator.addFaults([try FaultRule("path=/api/v2/teams,status=429,retryAfter=7200")])
        let client = try client()
        let missing = await error { _ = try await client.get("/api/v2/nothing") }
        #expect(missing?.code == .notFound && missing?.status == 404 && missing?.recovery == .checkRequest)
        #expect(missing?.hint.isEmpty == false && missing?.message.contains("/api/v2/nothing") == true)
        let forbidden = await error { _ = try await client.get("/api/v2/routing/queues") }
        #expect(forbidden?.code == .forbidden && forbidden?.recovery == .assignPermission(nil))
        let limited = await error { _ = try await client.get("/api/v2/teams") }
        #expect(limited?.code == .rateLimited && limited?.retryAfter.map { $0 >= .seconds(7200) } == true)
        #expect(limited?.recovery == .retry(after: limited?.retryAfter))
        simulator.addFaults([try FaultRule("path=/oauth/token,status=401")])
        let refused = await error { _ = try await self.client().token() }
        #expect(refused?.code == .credentialsRefused && refused?.recovery == .findRegion)
        #expect(refused?.hint.contains("most likely") == true)
        let unset = await error { _ = try APIClient(.environment([:])) }
        #expect(unset?.code == .configuration && unset?.recovery == .configureAccount)
    }

    @Test func `an open circuit has a code of its own and the time of the next call`() async throws {
        simulator.addFaults([try FaultRule("path=/api/v2/users,status=503")])
        var calls = CallSettings()
        (calls.attempts, calls.failuresToOpen) = (1, 2)
        let client = try client(calls: calls)
        for _ in 0..<2 { _ = await error { _ = try await client.get("/api/v2/users") } }
        let open = await error { _ = try await client.get("/api/v2/users") }
        #expect(open?.code == .circuitOpen && open?.status == nil)
        #expect(open?.retryAfter.map { $0 > .zero } == true)
        #expect(open?.recovery == .retry(after: open?.retryAfter))
    }

    @Test(arguments: ["/oauth/token", "/api/v2/users"])
    func `a cancelled task always receives a CancellationError`(path: String) async throws {
        let (reached, isReleased) = (Locked(0), Locked(false))
        let inner = InMemoryTransport(simulator)
        let transport = HangingTransport(inner: inner, path: path, reached: reached, isReleased: isReleased)
        let client = try client(transport: transport)
        let tasks = (0..<50).map { _ in Task { try await client.get("/api/v2/users") } }
        while reached.withLock({ $0 }) == 0 { await Task.yield() }
        for task in tasks { task.cancel() }
        for task in tasks {
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        // A token request continues for later callers.
        isReleased.withLock { $0 = true }
    }

    /// A transport that answers requests for one path only when they are cancelled or released.
    private struct HangingTransport: Transport {
        let inner: InMemoryTransport
        let path: String
        let reached: Locked<Int>
        let isReleased: Locked<Bool>

        func send(_ request: Request) async throws(TransportError) -> Response {
            guard request.url.path == path else { return try await inner.send(request) }
            reached.withLock { $0 += 1 }
            while !Task.isCancelled, !isReleased.withLock({ $0 }) { await Task.yield() }
            throw TransportError(.cancelled, place: "here", message: "cancelled")
        }
    }

    @Test func `a printed token or error contains no secret`() async throws {
        let token = try await client().token()
        var dumped = "\(token) \(String(reflecting: token))"
        dump(token, to: &dumped)
        #expect(dumped.hasPrefix("token until ") && !dumped.contains(token.value.reveal()))
        let wrong = try APIClient(
            .genesysCloud(region: .usEast1, clientID: "id", clientSecret: "s3cr3t-of-the-cl1ent"),
            transport: InMemoryTransport(simulator), time: time)
        let error = try #require(await error { _ = try await wrong.token() })
        var printed = "\(error) \(String(reflecting: error))"
        dump(error, to: &printed)
        #expect(printed.contains("client not found") && !printed.contains("s3cr3t"))
    }

    /// The command line has its own words (`Failure.swift`).
    @Test func `no error of the library contains a command line`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        var count = 0
        for module in ["Ringdown", "RingdownOAuth", "RingdownStores", "RingdownCore", "RingdownCurl"] {
            for path in Self.files(below: "\(root)/Sources/\(module)") where path.hasSuffix(".swift") {
                let text = String(decoding: try File.read(path), as: UTF8.self)
                count += 1
                for line in text.split(separator: "\n") where !String(line).trimmed.hasPrefix("//") {
                    // The keyring has a program of its own.
                    if line.contains("secret-tool") { continue }
                    let isCommand = line.contains("'ringdown ") || line.firstRange(of: /[ "'(]--[a-z]/) != nil
                    #expect(!isCommand, "\(path): \(line)")
                }
            }
        }
        #expect(count > 80)
    }

    private static func files(below directory: String) -> [String] {
        TemporaryDirectory.names(in: directory).flatMap { name in
            name.contains(".") ? ["\(directory)/\(name)"] : files(below: "\(directory)/\(name)")
        }
    }
}
