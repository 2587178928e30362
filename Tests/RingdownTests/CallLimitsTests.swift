import Ringdown
import RingdownTestSupport
import Testing

@Suite struct CallLimitsTests {
    private let transport = ScriptedTransport { request in
        switch request.url.path {
        case "/oauth/token": Response(json: ["access_token": "t", "expires_in": 600])
        case "/api/v2/users" where request.url.query?.contains("pageNumber=2") == true:
            Response(json: ["entities": [["id": "2"]]])
        default: Response(json: ["entities": [["id": "1"]], "nextUri": "/api/v2/users?pageSize=1&pageNumber=2"])
        }
    }

    private func client(_ calls: CallSettings = CallSettings()) throws -> APIClient {
        try APIClient(
            .genesysCloud(region: .usEast1, clientID: "id", clientSecret: "secret"), transport: transport,
            time: ManualTime(), calls: calls)
    }

    /// The limits of the requests to the API.
    private var limits: [Request.Limits] { transport.requests.filter { $0.method != "POST" }.map(\.limits) }

    @Test func `a call has the default limits`() async throws {
        _ = try await client().get("/api/v2/users")
        #expect(limits.map(\.connect) == [.seconds(5)])
        #expect(limits.map(\.total) == [.seconds(60)])
        #expect(limits.map(\.responseInBytes) == [64 << 20])
    }

    @Test func `the limits of a client apply to its calls, and not to token requests`() async throws {
        var calls = CallSettings()
        calls.limits = Request.Limits(connect: .seconds(1), total: .seconds(2), responseInBytes: 1000)
        let client = try client(calls)
        for try await _ in client.users(pageSize: 1) {}
        _ = try await client.forward(APICall("/api/v2/users"))
        #expect(limits.count == 3)
        #expect(limits.allSatisfy { $0.total == .seconds(2) && $0.responseInBytes == 1000 })
        #expect(transport.requests.first?.limits.total == .seconds(20))
    }

    @Test func `the limits of a call replace those of the client, also for the pages of a list`() async throws {
        let client = try client()
        let long = Request.Limits(total: .seconds(300))
        _ = try await client.send(APICall("GET", "/api/v2/users", limits: long))
        for try await _ in client.pages(APICall("GET", "/api/v2/users?pageSize=1", limits: long)) {}
        #expect(limits.map(\.total) == [.seconds(300), .seconds(300), .seconds(300)])
    }

    @Test func `a response beyond the size limit of its call is an error`() async throws {
        let handler = LargeHandler()
        let client = try APIClient(
            .accessToken(Secret("token"), region: .usEast1), transport: InMemoryTransport(handler), time: ManualTime())
        let small = Request.Limits(responseInBytes: 10)
        let error = await #expect(throws: APIError.self) {
            try await client.send(APICall("GET", "/api/v2/users", limits: small))
        }
        #expect(error?.transport?.code == .responseTooLarge)
        #expect(try await client.send(APICall("/api/v2/users")).body.count == 1000)
    }
}

private struct LargeHandler: Handler {
    func handle(_ request: Request) -> Reply {
        .ready(Response(status: 200, body: [UInt8](repeating: 120, count: 1000)))
    }
}
