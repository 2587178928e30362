import Ringdown
import RingdownCore
import RingdownOAuth
import RingdownSimulator
import RingdownTestSupport
import Testing

/// Settings, tokens, calls, and pages in memory against the simulated platforms.
@Suite struct APIClientTests {
    private let time = ManualTime()
    private let simulator: Simulator

    init() {
        var options = Simulator.Options()
        options.tokenLifetime = .seconds(600)
        simulator = Simulator(options, time: time)
    }

    private func settings(_ platform: String) -> [String: String] {
        let credentials = simulator.credentials
        return [
            "RINGDOWN_PLATFORM": platform, "GENESYS_CLIENT_ID": credentials.genesysClientID,
            "GENESYS_CLIENT_SECRET": credentials.genesysClientSecret, "CXONE_CLIENT_ID": credentials.cxoneClientID,
            "CXONE_CLIENT_SECRET": credentials.cxoneClientSecret, "CXONE_ACCESS_KEY_ID": credentials.cxoneAccessKeyID,
            "CXONE_ACCESS_KEY_SECRET": credentials.cxoneAccessKeySecret,
        ]
    }

    private func client(
        _ platform: String, _ more: [String: String] = [:], transport: (any Transport)? = nil,
        calls: CallSettings = CallSettings()
    ) throws -> APIClient {
        let profile = try Profile(Settings(environment: settings(platform).merging(more) { $1 }))
        return APIClient(profile, transport: transport ?? InMemoryTransport(simulator), time: time, calls: calls)
    }

    @Test(arguments: ["genesys", "cxone"])
    func `lists every user once even if the token expires during the listing`(platform: String) async throws {
        var ids: [String] = []
        for try await user in try client(platform).users(pageSize: 10) {
            ids.append(user.id)
            #expect(try JSONReader.parse(user.json)["id"] != nil || platform == "cxone")
            if ids.count % 50 == 0 { time.advance(by: .seconds(590)) }
        }
        #expect(ids.count == 250)
        #expect(Set(ids).count == 250)
        #expect(simulator.story(since: 0).tokenRequests >= 3)
        #expect(simulator.story(since: 0).refused == 0)
    }

    @Test func `whoami returns the organisation and the client`() async throws {
        let genesys = try await client("genesys").whoami()
        #expect(genesys.organizationName == "Simulated Contact Centre")
        #expect(genesys.clientID == simulator.credentials.genesysClientID)
        let cxone = try await client("cxone").whoami()
        #expect(cxone.organizationID == simulator.credentials.cxoneTenantID)
        #expect(cxone.roles == ["Administrator"])
    }

    @Test func `replaces a revoked token and sends the call again`() async throws {
        let client = try client("genesys")
        _ = try await client.get("/api/v2/tokens/me")
        time.advance(by: .seconds(30))
        _ = try await client.delete("/api/v2/tokens/me")
        #expect(try await client.get("/api/v2/organizations/me")["name"] != nil)
        #expect(simulator.story(since: 0).tokenRequests == 2)
        #expect(simulator.story(since: 0).refused == 1)
    }

    @Test func `reports a 401 for a new token instead of retrying`() async throws {
        let transport = ScriptedTransport { request in
            request.url.path == "/oauth/token"
                ? Response(json: ["access_token": "t", "expires_in": 600])
                : Response(status: 401, json: ["code": "bad.credentials"])
        }
        let error = await #expect(throws: APIError.self) {
            try await client("genesys", transport: transport).get("/api/v2/users")
        }
        #expect(error?.code == .unauthorized)
        #expect(transport.requests.count == 2)
    }

    @Test(arguments: [
        "https://evil.example/api", "http://api.mypurecloud.com/api", "https://api.mypurecloud.com.evil.example/",
        "https://api.mypurecloud.com:8443/", "https://api.mypurecloud.ie/",
    ])
    func `does not send the token to another host`(url: String) async throws {
        let transport = ScriptedTransport { _ in Response(json: ["access_token": "t", "expires_in": 600]) }
        let error = await #expect(throws: APIError.self) { try await client("genesys", transport: transport).get(url) }
        #expect(error?.code == .untrustedHost)
        #expect(transport.requests.map(\.url.host) == ["login.mypurecloud.com"])
    }

    @Test func `follows links of a platform behind a gateway through the gateway`() async throws {
        let transport = ScriptedTransport { request in
            let link = "https://api-b32.nice-incontact.com/services/v34.0/agents?skip=100"
            let next: JSON = request.url.query == "skip=100" ? [:] : ["next": .string(link)]
            return Response(json: [
                "issuer": "https://cxone.niceincontact.com",
                "token_endpoint": "https://cxone.niceincontact.com/auth/token",
                "access_token": "t", "expires_in": 600,
                "agents": [["agentId": .int(request.url.query == "skip=100" ? 2 : 1)]], "_links": next,
            ])
        }
        var count = 0
        let client = try client("cxone", ["CXONE_API_URL": "https://gw.example/cx"], transport: transport)
        for try await _ in client.users() { count += 1 }
        #expect(count == 2)
        #expect(transport.requests.last?.url.description == "https://gw.example/cx/services/v34.0/agents?skip=100")
        #expect(!transport.requests.contains { $0.url.host == "api-b32.nice-incontact.com" })
    }

    @Test func `redacts an echoed token, and accepts a URL in a query`() async throws {
        let transport = ScriptedTransport { request in
            request.url.path == "/oauth/token"
                ? Response(json: ["access_token": "echoed-token", "expires_in": 600])
                : Response(status: 500, body: Array("your headers: Bearer echoed-token".utf8))
        }
        let error = await #expect(throws: APIError.self) {
            try await client("genesys", transport: transport).get("/api/v2/users?q=http://x")
        }
        #expect(error?.message.contains("<redacted>") == true)
        #expect(error?.message.contains("echoed-token") == false)
    }

    @Test func `does not follow a link to another host in a page`() async throws {
        let transport = ScriptedTransport { request in
            switch request.url.path {
            case "/oauth/token": Response(json: ["access_token": "t", "expires_in": 600])
            default: Response(json: ["entities": [["id": "1"]], "nextUri": "https://evil.example/api/v2/users"])
            }
        }
        var seen = 0
        let error = await #expect(throws: APIError.self) {
            for try await _ in try client("genesys", transport: transport).users() { seen += 1 }
        }
        #expect(seen == 1)
        #expect(error?.code == .untrustedHost)
        #expect(!transport.requests.contains { $0.url.host == "evil.example" })
    }

    @Test(arguments: [
        (#"{"entities":[{"id":"1"}],"nextUri":"/api/v2/users?pageSize=100&pageNumber=1"}"#, "does not end"),
        (#"{"entities":[{"id":"1"}]"#, "cannot be read"), ("<html>proxy</html>", "cannot be read"),
        (#"{"entities":{}}"#, "is not a list"), (#"{"entities":[{"name":"no id"}]}"#, "has no id"),
        ("", "the body is empty"), (#"{"entities":null}"#, "'entities' is null"),
        (#"{"message":"x","status":500}"#, "an error with a status of success"),
        (#"{"entities":[{"id":"1"}],"total":3}"#, "contain no new item"),
    ])
    func `pages that loop or are invalid end the list with an error`(page: String, reason: String) async throws {
        let transport = ScriptedTransport { request in
            request.url.path == "/oauth/token"
                ? Response(json: ["access_token": "t", "expires_in": 600])
                : Response(status: 200, body: Array(page.utf8))
        }
        var calls = CallSettings()
        calls.waitLimit = .zero
        let error = await #expect(throws: APIError.self) {
            for try await _ in try client("genesys", transport: transport, calls: calls).users() {}
        }
        #expect(error?.message.contains(reason) == true)
    }

    @Test func `an error contains the platform's code, message and correlation ID`() async throws {
        let error = await #expect(throws: APIError.self) { try await client("genesys").get("/api/v2/users/me") }
        #expect(error?.platformCode == "not.a.user")
        #expect(error?.status == 400)
        #expect(error?.correlationID?.count == 36)
        let cxone = await #expect(throws: APIError.self) {
            try await client("cxone").get("/incontactapi/services/v34.0/nothing")
        }
        #expect(cxone?.code == .notFound)
        #expect(cxone?.message.contains("Resource not found") == true)
    }

    @Test(
        arguments: [
            (["GENESYS_REGION": "eu-west-1"], "another region"), (["GENESYS_CLIENT_ID": "unknown"], "another region"),
            (["GENESYS_CLIENT_SECRET": "wrong"], "secret is wrong"),
        ] as [([String: String], String)])
    func `the hint for rejected credentials contains the most likely cause`(change: [String: String], cause: String)
        async throws
    {
        let client = try client("genesys", change)
        let error = try #require(await #expect(throws: TokenError.self) { try await client.token() })
        #expect(error.code == .credentialsRefused)
        #expect(error.hint.contains(cause))
    }

    @Test func `the hint for CXone without an access key mentions the key`() async throws {
        let profile = try Profile(
            Settings(environment: [
                "CXONE_CLIENT_ID": simulator.credentials.cxoneClientID,
                "CXONE_CLIENT_SECRET": simulator.credentials.cxoneClientSecret,
            ])
        )
        let client = APIClient(profile, transport: InMemoryTransport(simulator), time: time)
        let error = try #require(await #expect(throws: TokenError.self) { try await client.token() })
        #expect(error.code == .grantRefused)
        #expect(error.hint.contains("access key"))
    }

    @Test func `rejects a token of another organisation`() async throws {
        let wrong = await #expect(throws: TokenError.self) {
            try await client("genesys", ["GENESYS_ORGANIZATION_ID": "other"]).token()
        }
        #expect(wrong?.message.contains("other") == true)
        let id = try #require(try await client("genesys").whoami().organizationID)
        _ = try await client("genesys", ["GENESYS_ORGANIZATION_ID": id]).token()
    }

    @Test(arguments: ["access_key", "digital"])
    func `requests tokens with the other CXone grants`(grant: String) async throws {
        let client = try client("cxone", ["CXONE_GRANT": grant, "CXONE_REGION": "na1"])
        #expect(try await client.token().lifetime == .seconds(600))
    }

    @Test func `rejects an api_endpoint on an untrusted host`() async throws {
        let transport = ScriptedTransport { request in
            switch request.url.path {
            case "/.well-known/openid-configuration":
                Response(json: [
                    "issuer": "https://cxone.niceincontact.com",
                    "token_endpoint": "https://cxone.niceincontact.com/auth/token",
                ])
            case "/auth/token": Response(json: ["access_token": "t", "expires_in": 600])
            default: Response(json: ["api_endpoint": "https://evil.example"])
            }
        }
        let client = try client("cxone", ["CXONE_TENANT_ID": "x"], transport: transport)
        await #expect(throws: APIError.self) { try await client.get("/incontactapi/services/v34.0/agents") }
        #expect(!transport.requests.contains { $0.url.host == "evil.example" })
    }
}
