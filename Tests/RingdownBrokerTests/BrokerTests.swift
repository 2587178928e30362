import Ringdown
import RingdownBroker
import RingdownCore
import RingdownOAuth
import RingdownSimulator
import RingdownTestSupport
import Testing

/// The broker as a handler, in front of the simulated platforms in memory.
@Suite(.timeLimit(.minutes(1))) struct BrokerTests {
    private let time = ManualTime()
    private let simulator: Simulator
    private let broker: Broker

    init() throws {
        simulator = Simulator(time: time)
        broker = Broker(
            [
                try Self.account("prod", "genesys", simulator, time),
                try Self.account("other", "cxone", simulator, time),
            ], key: nil, version: "1.2.3", time: time)
    }

    private static func account(
        _ name: String, _ platform: String, _ simulator: Simulator, _ time: ManualTime,
        transport: (any Transport)? = nil
    ) throws -> Broker.Account {
        let credentials = simulator.credentials
        let profile = try Profile(
            Settings(environment: [
                "RINGDOWN_PLATFORM": platform, "GENESYS_CLIENT_ID": credentials.genesysClientID,
                "GENESYS_CLIENT_SECRET": credentials.genesysClientSecret, "CXONE_CLIENT_ID": credentials.cxoneClientID,
                "CXONE_CLIENT_SECRET": credentials.cxoneClientSecret,
                "CXONE_ACCESS_KEY_ID": credentials.cxoneAccessKeyID,
                "CXONE_ACCESS_KEY_SECRET": credentials.cxoneAccessKeySecret,
            ]))
        // Nothing advances the clock while a request waits.
        var calls = CallSettings()
        calls.waitLimit = .zero
        return Broker.Account(
            name: name,
            client: APIClient(
                profile, transport: transport ?? InMemoryTransport(simulator), time: time, calls: calls))
    }

    /// Creates a broker for the profile `prod` that sends its requests over `transport`.
    private func broker(over transport: any Transport, key: Secret? = nil) throws -> Broker {
        Broker(
            [try Self.account("prod", "genesys", simulator, time, transport: transport)], key: key, version: "1.2.3",
            time: time)
    }

    /// Sends a request to a broker as the server passes it on.
    private func ask(
        _ target: String, _ method: String = "GET", headers: Headers = [:], body: String = "",
        at origin: String = "http://localhost", of other: Broker? = nil
    ) async throws -> Response {
        let origin = try HTTPURL(origin).origin
        let url = try #require(HTTPURL(origin: origin, target: target))
        let request = Request(method, url, headers: headers, body: body.isEmpty ? .none : .bytes(Array(body.utf8)))
        switch (other ?? broker).handle(request) {
        case .ready(let response): return response
        case .deferred(let answer): return await answer()
        }
    }

    private func json(_ response: Response) throws -> JSON { try JSONReader.parse(response.body) }

    private func text(_ response: Response) -> String { String(decoding: response.body, as: UTF8.self) }

    /// Returns a token of the broker.
    private func token(_ target: String = "/token", of other: Broker? = nil) async throws -> String {
        try #require(try json(try await ask(target, of: other))["access_token"]?.string)
    }

    private func statuses(_ targets: String...) async throws -> [Int] {
        var statuses: [Int] = []
        for target in targets { statuses.append(try await ask(target).status) }
        return statuses
    }

    private func fault(_ text: String) throws { simulator.addFaults([try FaultRule(text)]) }

    private func count(_ path: String) -> Int { simulator.requests(since: 0).count { $0.path == path } }

    /// Returns the status of an API call with a token.
    private func status(with token: String) async throws -> Int {
        var request = Request("GET", try HTTPURL("https://api.mypurecloud.com/api/v2/tokens/me"))
        try request.headers.set("Authorization", Secret("Bearer " + token))
        return try await InMemoryTransport(simulator).send(request).status
    }

    // MARK: Tokens

    @Test func `returns a valid token with its properties and without a secret`() async throws {
        let response = try await ask("/token?profile=prod")
        let answer = try json(response)
        #expect(response.status == 200)
        #expect(response.headers["Cache-Control"] == "no-store")
        #expect(answer["token_type"] == "Bearer")
        #expect((86000...86400).contains(answer["expires_in"]?.int ?? 0))
        let expiry = (answer["expires_at"]?.string).flatMap { Timestamp(rfc3339: $0) }
        #expect(expiry.map { (86000...86400).contains(($0 - time.now().wall).inSeconds) } == true)
        #expect(answer["issued_at"]?.string == time.now().wall.rfc3339)
        #expect(answer["profile"] == "prod" && answer["platform"] == "genesys")
        #expect(answer["api_url"]?.string?.hasPrefix("https://api.mypurecloud.com") == true)
        #expect(try await status(with: try #require(answer["access_token"]?.string)) == 200)
    }

    @Test func `returns the cached token, and uses the first profile by default`() async throws {
        let first = try await token("/token?profile=prod")
        #expect(try await token() == first)
        #expect(try await token("/token?profile=") == first)
        #expect(count("/oauth/token") == 1)
        let other = try json(try await ask("/token?profile=other"))
        #expect(other["platform"] == "cxone" && other["profile"] == "other")
        #expect(other["access_token"]?.string != first)
    }

    @Test func `no response contains a client secret`() async throws {
        var everything = ""
        for target in [
            "/token", "/token?profile=other", "/token?profile=absent", "/token?min_ttl=x", "/metrics", "/readyz",
            "/nowhere",
            "/proxy/prod/api/v2/tokens/me", "/proxy/other/incontactapi/services/v34.0/agents?top=1", "/proxy/absent/x",
        ] {
            let response = try await ask(target)
            everything += text(response) + response.headers.fields.map { "\($0.name) \($0.value)" }.joined()
        }
        let credentials = simulator.credentials
        for secret in [
            credentials.genesysClientSecret, credentials.cxoneClientSecret, credentials.cxoneAccessKeySecret,
        ] {
            #expect(!everything.contains(secret))
        }
    }

    @Test(arguments: ["/token?profile=absent", "/token/reject?profile=absent", "/proxy/absent/api/v2/users"])
    func `an unknown profile is an error that lists the available profiles`(target: String) async throws {
        let isRejection = target.hasPrefix("/token/reject")
        let response = try await ask(
            target, isRejection ? "POST" : "GET", body: isRejection ? #"{"access_token":"t"}"# : "")
        let error = try json(response)["error"]
        #expect(response.status == 404)
        #expect(response.headers["Cache-Control"] == "no-store")
        #expect(error?["code"] == "notFound")
        #expect(error?["message"] == "unknown profile 'absent'; available profiles: prod, other")
        #expect(simulator.requestCount == 0)
    }

    @Test func `an unknown profile is quoted without control characters and shortened`() async throws {
        for target in ["/token?profile=%1B%5B31m%0A", "/token?profile=" + String(repeating: "x", count: 5000)] {
            let message = try json(try await ask(target))["error"]?["message"]?.string ?? ""
            #expect(message.contains("available profiles: prod, other"))
            #expect(!message.unicodeScalars.contains { $0.properties.generalCategory == .control })
            #expect(message.utf8.count < 200)
        }
    }

    @Test(arguments: ["-1", "x", "1000001", "1e9", "nan", "inf", "", "1,5", "0x"])
    func `rejects an invalid minimum validity`(text: String) async throws {
        let response = try await ask("/token?min_ttl=\(text)")
        #expect(response.status == 400)
        #expect(try json(response)["error"]?["code"] == "badInput")
        #expect(simulator.requestCount == 0)
    }

    @Test func `a minimum validity causes a new token or an error`() async throws {
        let first = try await token("/token?min_ttl=3600")
        time.advance(by: .seconds(86400 - 7200))
        #expect(try await token("/token?min_ttl=0") == first)
        let second = try await token("/token?min_ttl=80000")
        #expect(second != first)
        let response = try await ask("/token?min_ttl=100000")
        let error = try json(response)["error"]
        #expect(response.status == 400)
        #expect(error?["code"] == "tooShort")
        #expect(error?["hint"]?.string?.isEmpty == false)
    }

    @Test func `200 concurrent callers make one token request`() async throws {
        try fault("path=/oauth/token,latency=1")
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<200 { group.addTask { try await self.token() } }
            await time.waitForSleepers(1)
            time.advance(by: .seconds(1))
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(tokens.count == 200 && Set(tokens).count == 1)
        #expect(count("/oauth/token") == 1)
    }

    @Test func `a rejected token is not returned again`() async throws {
        let first = try await token()
        time.advance(by: .seconds(100))
        #expect(try await ask("/token/reject", "POST", body: #"{"access_token":"another"}"#).status == 204)
        #expect(try await token() == first)
        let rejection = #"{"access_token":"\#(first)"}"#
        #expect(try await ask("/token/reject?profile=other", "POST", body: rejection).status == 204)
        #expect(try await token() == first)
        #expect(try await ask("/token/reject", "POST", body: rejection).status == 204)
        #expect(try await token() != first)
        #expect(count("/oauth/token") == 2)
    }

    @Test(arguments: ["", "{}", "[]", "nonsense", #"{"access_token":5}"#, #"{"access_token":null}"#, "\u{0}"])
    func `a malformed rejection is an error`(body: String) async throws {
        let first = try await token()
        time.advance(by: .seconds(100))
        let response = try await ask("/token/reject", "POST", body: body)
        #expect(response.status == 400)
        #expect(try json(response)["error"]?["code"] == "badInput")
        #expect(try await token() == first)
    }

    @Test func `tokens are refreshed in the background until the task is cancelled`() async throws {
        var options = Simulator.Options()
        options.tokenLifetime = .seconds(600)
        let simulator = Simulator(options, time: time)
        let broker = Broker(
            [try Self.account("prod", "genesys", simulator, time)], key: nil, version: "1.2.3", time: time)
        let keeper = Task { await broker.keepFresh() }
        for _ in 0..<40 {
            await time.waitForSleepers(1)
            #expect(try await ask("/readyz", of: broker).status == 200)
            time.advance(by: .seconds(30))
        }
        await time.waitForSleepers(1)
        keeper.cancel()
        await keeper.value
        // A token is replaced when it is between 150 s and 600 s old.
        #expect((3...9).contains(simulator.story(since: 0).tokenRequests))
    }

    // MARK: Access

    @Test(arguments: [
        ("Origin", "http://evil.example"), ("Origin", "null"), ("X-Forwarded-For", "10.0.0.1"), ("Via", "1.1 proxy"),
        ("Forwarded", "for=a"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("oRIGIN", ""),
    ])
    func `requests from browsers and proxies are refused`(name: String, value: String) async throws {
        var headers = Headers()
        try headers.set(name, value)
        for target in ["/token", "/proxy/prod/api/v2/users", "/metrics", "/livez", "/readyz", "/nowhere"] {
            let response = try await ask(target, headers: headers)
            #expect(response.status == 403)
            #expect(try json(response)["error"]?["code"] == "forbidden")
            #expect(!text(response).contains("access_token"))
        }
        #expect(simulator.requestCount == 0)
        #expect(text(try await ask("/metrics")).contains("\nringdown_refused_requests_total 6\n"))
    }

    @Test(arguments: [
        "http://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://127.0.0.2",
        "http://10.0.0.1", "http://[::2]", "http://0.0.0.0", "http://localhost.",
    ])
    func `requests for other hosts are refused`(origin: String) async throws {
        for target in ["/token", "/proxy/prod/api/v2/users", "/metrics", "/livez"] {
            #expect(try await ask(target, at: origin).status == 403)
        }
        #expect(simulator.requestCount == 0)
    }

    @Test(arguments: ["http://localhost", "http://LOCALHOST:8080", "http://127.0.0.1:5", "http://[::1]:8080"])
    func `requests for the loopback hosts are accepted`(origin: String) async throws {
        #expect(try await ask("/token", at: origin).status == 200)
        #expect(try await ask("/livez", at: origin).status == 200)
    }

    private static let key = "the-key-of-this-run"

    @Test(arguments: [
        "", "Bearer", "Bearer ", "Bearer wrong", "Bearer the-key-of-this-ru", "Bearer the-key-of-this-runs",
        "Basic the-key-of-this-run", "the-key-of-this-run", "Bearer THE-KEY-OF-THIS-RUN",
    ])
    func `requests without the key are refused`(authorization: String) async throws {
        let transport = ScriptedTransport { _ in Response(json: ["access_token": "t", "expires_in": 600]) }
        let broker = try broker(over: transport, key: Secret(Self.key))
        var headers = Headers()
        if !authorization.isEmpty { try headers.set("Authorization", authorization) }
        for (target, method) in [
            ("/token", "GET"), ("/token/reject", "POST"), ("/proxy/prod/api/v2/users", "GET"), ("/metrics", "GET"),
            ("/nowhere", "GET"), ("/livez/", "GET"),
        ] {
            let response = try await ask(target, method, headers: headers, of: broker)
            #expect(response.status == 401)
            #expect(!text(response).contains(Self.key) && !text(response).contains("access_token"))
        }
        #expect(transport.requests.isEmpty)
        // Monitoring needs no key.
        #expect(try await ask("/livez", headers: headers, of: broker).status == 200)
        #expect(try await ask("/readyz", headers: headers, of: broker).status == 503)
    }

    @Test(arguments: ["Bearer the-key-of-this-run", "bearer  the-key-of-this-run ", "BEARER the-key-of-this-run"])
    func `requests with the key are accepted, and the key is not forwarded`(authorization: String) async throws {
        let transport = ScriptedTransport { request in
            request.url.path == "/oauth/token"
                ? Response(json: ["access_token": "t", "expires_in": 600]) : Response(json: ["entities": []])
        }
        let broker = try broker(over: transport, key: Secret(Self.key))
        let headers: Headers = ["Authorization": authorization]
        for target in ["/token", "/proxy/prod/api/v2/users", "/metrics"] {
            #expect(try await ask(target, headers: headers, of: broker).status == 200)
        }
        #expect(transport.requests.last?.revealedHeader("Authorization") == "Bearer t")
        // The key does not permit requests from browsers or for other hosts.
        let page: Headers = ["Authorization": authorization, "Origin": "http://localhost"]
        #expect(try await ask("/token", headers: page, of: broker).status == 403)
        #expect(try await ask("/token", headers: headers, at: "http://evil.example", of: broker).status == 403)
    }

    @Test(arguments: [
        ("GET", "/"), ("GET", "/tokens"), ("GET", "/token/"), ("POST", "/token"), ("HEAD", "/token"), ("PUT", "/token"),
        ("GET", "/token/reject"), ("DELETE", "/token/reject"), ("POST", "/metrics"), ("POST", "/livez"),
        ("POST", "/readyz"), ("GET", "/proxy"), ("get", "/token"), ("OPTIONS", "/token"), ("GET", "//token"),
        ("GET", "/%74oken"),
    ])
    func `any other method or path is an error that lists the endpoints`(method: String, target: String) async throws {
        let response = try await ask(target, method)
        #expect(response.status == 404)
        #expect(try json(response)["error"]?["message"]?.string?.contains("GET /token, POST /token/reject") == true)
        #expect(simulator.requestCount == 0)
    }

    // MARK: Calls

    @Test func `calls are forwarded to the API of the account with its token`() async throws {
        let users = try await ask("/proxy/prod/api/v2/users?pageSize=2&pageNumber=1")
        #expect(users.status == 200)
        #expect(try json(users)["entities"]?.array?.count == 2)
        #expect(try await ask("/proxy/prod/api/v2/absent").status == 404)
        #expect(try json(try await ask("/proxy/prod/api/v2/users/me"))["code"] == "not.a.user")
        let query = try await ask(
            "/proxy/prod/api/v2/analytics/conversations/details/query", "POST",
            headers: ["Content-Type": "application/json"],
            body: #"{"interval":"2026-11-01/2026-11-02","paging":{"pageSize":1,"pageNumber":1}}"#)
        #expect(query.status == 200)
        #expect((try json(query)["totalHits"]?.int ?? 0) > 0)
        let agents = try await ask(
            "/proxy/other/incontactapi/services/v34.0/agents?top=1", headers: ["Accept": "application/json"])
        #expect(agents.status == 200)
        #expect(try await ask("/proxy/%70rod/api/v2/tokens/me").status == 200)
    }

    @Test func `a request is forwarded without the fields of the connection and the caller's credentials`()
        async throws
    {
        let transport = ScriptedTransport { _ in Response(json: ["access_token": "t", "expires_in": 600]) }
        let broker = try broker(over: transport)
        _ = try await ask(
            "/proxy/prod/api/v2/x%2Fy?q=a%20b&q=%ff", "PATCH",
            headers: [
                "Authorization": "Bearer of-the-caller", "Cookie": "a=b", "Host": "localhost",
                "Connection": "X-Hop, close", "X-Hop": "1", "TE": "trailers", "Upgrade": "h2c", "Keep-Alive": "5",
                "Proxy-Authorization": "Basic x",
                "Expect": "100-continue", "Accept-Encoding": "br", "Content-Length": "5", "Accept": "text/csv",
                "X-Request-ID": "7", "Content-Type": "text/plain",
            ], body: "hello", of: broker)
        let request = try #require(transport.requests.last)
        #expect(request.method == "PATCH")
        #expect(request.url.description == "https://api.mypurecloud.com/api/v2/x%2Fy?q=a%20b&q=%ff")
        #expect(request.bodyText == "hello")
        #expect(request.revealedHeader("Authorization") == "Bearer t")
        #expect(
            Set(request.headers.fields.map { $0.name.lowercased() })
                == ["authorization", "accept", "x-request-id", "content-type"])
        #expect(request.headers["Accept"] == "text/csv")
    }

    @Test func `a response is returned without the fields of the connection, cookies and encoding`() async throws {
        let body = (0...255).map { UInt8($0) }
        let transport = ScriptedTransport { request in
            if request.url.path == "/oauth/token" { return Response(json: ["access_token": "t", "expires_in": 600]) }
            return Response(
                status: 207,
                headers: [
                    "Connection": "x-hop", "X-Hop": "1", "Set-Cookie": "a=b", "Content-Encoding": "gzip",
                    "Content-Length": "9", "Transfer-Encoding": "chunked", "Content-Type": "image/png", "ETag": "\"1\"",
                ], body: body)
        }
        let response = try await ask("/proxy/prod/x", of: broker(over: transport))
        #expect(response.status == 207)
        #expect(response.body == body)
        #expect(Set(response.headers.fields.map(\.name)) == ["Content-Type", "ETag"])
    }

    @Test(arguments: ["status=503", "status=500", "status=429,retryAfter=7", "status=409"])
    func `a failed call is returned unchanged and not retried`(effect: String) async throws {
        try fault("path=/api/v2/users,\(effect)")
        let response = try await ask("/proxy/prod/api/v2/users")
        #expect(effect.contains("\(response.status)"))
        #expect(try json(response)["status"]?.int == response.status)
        #expect(response.headers["Retry-After"] == (response.status == 429 ? "7" : nil))
        #expect(count("/api/v2/users") == 1)
    }

    @Test func `a call with a revoked token is retried once with a new token`() async throws {
        _ = try await token()
        time.advance(by: .seconds(100))
        try fault("path=/api/v2/users,revokeToken=true,times=1")
        #expect(try await ask("/proxy/prod/api/v2/users").status == 200)
        #expect(count("/oauth/token") == 2 && count("/api/v2/users") == 2)
    }

    @Test func `a second 401 is returned`() async throws {
        _ = try await token()
        time.advance(by: .seconds(100))
        try fault("path=/api/v2/users,revokeToken=true")
        #expect(try await ask("/proxy/prod/api/v2/users").status == 401)
        #expect(count("/oauth/token") == 2 && count("/api/v2/users") == 2)
    }

    @Test func `a retried call has the same method, target, fields and body`() async throws {
        let transport = ScriptedTransport { [simulator] request in
            if request.url.path == "/oauth/token" {
                if case .ready(let response) = simulator.handle(request) { return response }
            }
            return Response(status: 401)
        }
        let broker = try broker(over: transport)
        _ = try await token(of: broker)
        time.advance(by: .seconds(100))
        #expect(
            try await ask("/proxy/prod/api/v2/x?y=z", "POST", headers: ["X-A": "1"], body: "hello", of: broker).status
                == 401)
        let calls = transport.requests.filter { $0.url.path == "/api/v2/x" }
        #expect(calls.count == 2)
        for call in calls {
            #expect(call.method == "POST" && call.url.query == "y=z" && call.headers["X-A"] == "1")
            #expect(call.bodyText == "hello")
        }
        #expect(Set(calls.map { $0.revealedHeader("Authorization") }).count == 2)
    }

    @Test func `calls succeed after the first token expires`() async throws {
        var options = Simulator.Options()
        options.tokenLifetime = .seconds(60)
        let simulator = Simulator(options, time: time)
        let broker = Broker(
            [try Self.account("prod", "genesys", simulator, time)], key: nil, version: "1.2.3", time: time)
        for _ in 0..<20 {
            #expect(try await ask("/proxy/prod/api/v2/tokens/me", of: broker).status == 200)
            time.advance(by: .seconds(70))
        }
        #expect(simulator.story(since: 0).refused == 0)
    }

    @Test(arguments: [
        "/proxy/prod/http://evil.example/x", "/proxy/prod/https://evil.example/x", "/proxy/prod//evil.example/x",
        "/proxy/prod/..%2f..%2f", "/proxy/prod/../../x", "/proxy/", "/proxy//api/v2/users",
        "/proxy/prod/@evil.example/x",
        "/proxy/prod/\\\\evil.example/x", "/proxy/prod/.evil.example", "/proxy/prod/:80@evil.example/", "/proxy/prod",
        "/proxy/prod/?x=http://evil.example", "/proxy/prod/%0d%0aHost:%20evil.example",
    ])
    func `calls reach only the API of the account`(target: String) async throws {
        #expect([400, 404].contains(try await ask(target).status))
        let hosts = Set(simulator.requests(since: 0).map(\.host))
        #expect(hosts.isSubset(of: ["login.mypurecloud.com", "api.mypurecloud.com"]), "\(hosts)")
    }

    // MARK: Errors

    /// A response of the token endpoint, and the status and code of the broker's response.
    private static let failures: [(Response, Int, String, String?)] = [
        (Response(status: 503), 502, "serverFailed", nil),
        (Response(status: 429, headers: ["Retry-After": "7"]), 503, "rateLimited", "7"),
        (Response(status: 429, headers: ["Retry-After": "6.2"]), 503, "rateLimited", "7"),
        (Response(status: 401, json: ["error": "invalid_client"]), 502, "credentialsRefused", nil),
        (Response(status: 200, body: Array("<html>".utf8)), 502, "malformedResponse", nil),
    ]

    @Test(arguments: failures.indices)
    func `the failure of a token request is returned with a hint`(index: Int) async throws {
        let (answer, status, code, wait) = Self.failures[index]
        for target in ["/token", "/proxy/prod/api/v2/users"] {
            let transport = ScriptedTransport { _ in answer }
            let response = try await ask(target, of: broker(over: transport))
            let error = try json(response)["error"]
            #expect(response.status == status)
            #expect(response.headers["Retry-After"] == wait)
            #expect(response.headers["Cache-Control"] == "no-store")
            #expect(error?["code"]?.string == code)
            #expect(error?["message"]?.string?.isEmpty == false && error?["hint"]?.string?.isEmpty == false)
        }
    }

    @Test func `an unreachable API is reported with a hint`() async throws {
        let transport = ScriptedTransport { request throws(TransportError) in
            if request.url.path == "/oauth/token" { return Response(json: ["access_token": "t", "expires_in": 600]) }
            throw TransportError(.connection, place: "https://api.mypurecloud.com", message: "refused")
        }
        let broker = try broker(over: transport)
        let response = try await ask("/proxy/prod/api/v2/users", of: broker)
        let error = try json(response)["error"]
        #expect(response.status == 502)
        #expect(error?["code"] == "unreachable")
        #expect(error?["hint"]?.string?.isEmpty == false)
        #expect(
            text(try await ask("/metrics", of: broker)).contains(
                "\nringdown_proxied_requests_total{profile=\"prod\",status=\"none\"} 1\n"))
    }

    @Test func `a secret that the token endpoint echoes is redacted`() async throws {
        let secret = simulator.credentials.genesysClientSecret
        let transport = ScriptedTransport { _ in
            Response(status: 400, json: ["error": "invalid_client", "error_description": .string("bad \(secret)")])
        }
        let response = try await ask("/token", of: broker(over: transport))
        #expect(response.status == 502)
        #expect(!text(response).contains(secret) && text(response).contains("<redacted>"))
    }

    // MARK: Operation

    @Test func `is ready if every profile has a valid token, and not while it stops`() async throws {
        #expect(text(try await ask("/livez")) == "ok\n")
        for (target, missing) in [("/token", "prod"), ("/token?profile=other", "other")] {
            let response = try await ask("/readyz")
            #expect(response.status == 503)
            #expect(try json(response)["error"]?["message"]?.string?.contains(missing) == true)
            _ = try await token(target)
        }
        let ready = try await ask("/readyz")
        #expect(ready.status == 200 && text(ready) == "ok\n")
        time.advance(by: .seconds(100_000))
        #expect(try await ask("/readyz").status == 503)
        _ = try await (token(), token("/token?profile=other"))
        #expect(try await ask("/readyz").status == 200)
        broker.end()
        let ending = try await ask("/readyz")
        #expect(ending.status == 503)
        #expect(try json(ending)["error"]?["code"] == "ending")
        // Requests that arrive meanwhile are still served.
        #expect(try await statuses("/livez", "/token") == [200, 200])
    }

    @Test func `is not ready while the token endpoint fails`() async throws {
        try fault("path=/oauth/token,status=503")
        #expect(try await ask("/token").status == 502)
        #expect(try await statuses("/livez", "/readyz") == [200, 503])
        simulator.removeFaults()
        time.advance(by: .seconds(10))
        #expect(try await statuses("/token", "/token?profile=other", "/readyz") == [200, 200, 200])
    }

    @Test func `metrics count tokens, token requests, calls and refusals`() async throws {
        for target in [
            "/token", "/token", "/proxy/prod/api/v2/users", "/proxy/prod/api/v2/absent", "/token?profile=absent",
        ] {
            _ = try await ask(target)
        }
        try fault("path=/auth/token,status=503")
        _ = try await ask("/token?profile=other")
        _ = try await ask("/token", headers: ["Via": "1.1 proxy"])
        let response = try await ask("/metrics")
        #expect(response.headers["Content-Type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        let lines = text(response).split(separator: "\n").map(String.init)
        for line in [
            #"ringdown_build_info{version="1.2.3"} 1"#, #"ringdown_tokens_served_total{profile="prod"} 2"#,
            #"ringdown_token_requests_total{profile="prod",outcome="granted"} 1"#,
            #"ringdown_token_requests_total{profile="prod",outcome="failed"} 0"#,
            #"ringdown_token_requests_total{profile="other",outcome="granted"} 0"#,
            #"ringdown_token_requests_total{profile="other",outcome="failed"} 1"#,
            #"ringdown_proxied_requests_total{profile="prod",status="2xx"} 1"#,
            #"ringdown_proxied_requests_total{profile="prod",status="4xx"} 1"#, "ringdown_refused_requests_total 1",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
        let expiry = Int((time.now().wall + .seconds(86400)).secondsSince1970)
        #expect(lines.contains(#"ringdown_token_expiry_timestamp_seconds{profile="prod"} \#(expiry)"#))
        #expect(!lines.contains { $0.hasPrefix(#"ringdown_token_expiry_timestamp_seconds{profile="other""#) })
    }

    @Test func `every metric has a help line and a type, and every sample a number`() async throws {
        let lines = text(try await ask("/metrics")).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.last == "")
        var name: Substring = ""
        for line in lines.dropLast() {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("# HELP ") {
                name = words[2]
                #expect(name.hasPrefix("ringdown_") && words.count == 4)
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == name && ["counter", "gauge"].contains(words[3]))
                #expect(name.hasSuffix("_total") == (words[3] == "counter"))
            } else {
                #expect(line.hasPrefix(name + " ") || line.hasPrefix(name + "{"))
                #expect(line.split(separator: " ").last.flatMap { Double($0) } != nil)
            }
        }
    }

    // MARK: Clients of the broker

    /// Passes requests for localhost to a broker, and all other requests to the simulator.
    private struct Network: Handler {
        let broker: Broker
        let simulator: Simulator

        func handle(_ request: Request) -> Reply {
            guard request.url.host == "localhost" else { return simulator.handle(request) }
            // A server receives bytes.
            var received = request
            received.body = request.bodyText.isEmpty ? .none : .bytes(Array(request.bodyText.utf8))
            return broker.handle(received)
        }
    }

    /// Creates a client that has only the socket of the broker.
    private func client(_ profileName: String?) async throws -> APIClient {
        let transport = InMemoryTransport(Network(broker: broker, simulator: simulator))
        let source = BrokerClient(socketPath: "/nowhere", profileName: profileName, transport: transport, time: time)
        return APIClient(try await source.profile(), transport: transport, time: time)
    }

    @Test func `a client of the broker uses its tokens and needs no secret`() async throws {
        let client = try await client(nil)
        #expect(try await client.token().value.reveal() == token())
        #expect(try await client.whoami().organizationName == "Simulated Contact Centre")
        var users = 0
        for try await _ in try await self.client("other").users() { users += 1 }
        #expect(users == 250)
        #expect(count("/oauth/token") == 1)
    }

    @Test func `a client with a refused token gets a new one from the broker`() async throws {
        let client = try await client("prod")
        let first = try await token()
        time.advance(by: .seconds(100))
        try fault("path=/api/v2/users,revokeToken=true,times=1")
        #expect(try await client.get("/api/v2/users")["total"] == 250)
        #expect(try await token() != first)
        #expect(count("/oauth/token") == 2)
    }

    @Test func `a client receives the error of the broker`() async throws {
        let error = await #expect(throws: TokenError.self) { try await client("absent") }
        #expect(error?.message.contains("available profiles: prod, other") == true)
        #expect(error?.status == 404)
    }
}
