import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

@Suite struct FaultTests {
    private let time = ManualTime()
    private let simulator: Simulator

    init() {
        simulator = Simulator(time: time)
    }

    private func set(_ rules: String...) throws {
        simulator.addFaults(try rules.map { try FaultRule($0) })
    }

    private func send(_ method: String, _ url: String, _ headers: Headers = [:], body: String = "") async throws
        -> Response
    {
        let body = body.isEmpty ? Request.Body.none : .bytes(Array(body.utf8))
        return try await InMemoryTransport(simulator).send(Request(method, HTTPURL(url), headers: headers, body: body))
    }

    private func requestToken(secret: String? = nil) async throws -> Response {
        let credentials = simulator.credentials
        let pair = "\(credentials.genesysClientID):\(secret ?? credentials.genesysClientSecret)"
        let headers: Headers = ["Authorization": "Basic " + Base64.encode(Array(pair.utf8))]
        return try await send(
            "POST", "https://login.mypurecloud.com/oauth/token", headers, body: "grant_type=client_credentials")
    }

    private func call(_ token: String, _ path: String = "/api/v2/tokens/me") async throws -> Response {
        try await send("GET", "https://api.mypurecloud.com" + path, ["Authorization": "Bearer \(token)"])
    }

    private func token() async throws -> String {
        try #require(try JSONReader.parse(try await requestToken().body)["access_token"]?.string)
    }

    private func control(_ method: String, _ path: String, _ body: String = "") async throws -> (
        status: Int, json: JSON
    ) {
        let response = try await send(method, "http://control/_sim/" + path, body: body)
        return (response.status, response.body.isEmpty ? .null : try JSONReader.parse(response.body))
    }

    @Test func `applies a status fault twice with the platform's error and Retry-After`() async throws {
        try set("path=/oauth/token,status=503,retryAfter=7,times=2")
        for _ in 0..<2 {
            let response = try await requestToken()
            #expect(response.status == 503)
            #expect(response.headers["Retry-After"] == "7")
            #expect(try JSONReader.parse(response.body)["code"] == "service.unavailable")
        }
        #expect(try await requestToken().status == 200)
    }

    @Test func `sends Retry-After as a date and a skewed Date`() async throws {
        try set("path=/oauth/token,status=429,retryAfterDate=30,dateSkew=-600")
        let headers = try await requestToken().headers
        #expect(headers["Retry-After"] == (time.now().wall + .seconds(30)).httpDate)
        #expect(headers["Date"] == (time.now().wall + .seconds(-600)).httpDate)
    }

    @Test func `combines conditions on number, time, method, platform and client`() async throws {
        try set("path=/oauth/*,nth=2,status=500")
        #expect(try await requestToken().status == 200)
        #expect(try await requestToken().status == 500)
        #expect(try await requestToken().status == 200)
        try set(
            "from=10,until=20,status=502", "platform=cxone,status=504", "method=PUT,status=504",
            "client=unknown,status=504")
        #expect(try await requestToken().status == 200)
        time.advance(by: .seconds(10))
        #expect(try await requestToken().status == 502)
        time.advance(by: .seconds(10))
        #expect(try await requestToken().status == 200)
        try set("client=\(simulator.credentials.genesysClientID),status=501")
        #expect(try await requestToken().status == 501)
    }

    @Test func `probability depends only on the seed`() async throws {
        func statuses() async throws -> [Int] {
            let other = FaultTests()
            try other.set("probability=0.5,status=500")
            var statuses: [Int] = []
            for _ in 0..<40 { statuses.append(try await other.requestToken().status) }
            return statuses
        }
        let first = try await statuses()
        #expect(Set(first) == [200, 500])
        #expect(try await statuses() == first)
    }

    @Test(arguments: [("truncated", false), ("invalid", false), ("html", false), ("empty", true)])
    func `replaces the body of a response`(kind: String, isEmpty: Bool) async throws {
        try set("body=\(kind)")
        let response = try await requestToken()
        #expect(response.status == 200)
        #expect(response.body.isEmpty == isEmpty)
        #expect(throws: JSONReader.Malformed.self) { try JSONReader.parse(response.body) }
        #expect((response.headers["Content-Type"] == "text/html") == (kind == "html"))
    }

    @Test(
        arguments: [
            ("0", JSON.int(0)), ("-5", .int(-5)), ("\"3600.0\"", "3600.0"), ("1e12", .number("1e12")), ("missing", nil),
        ] as [(String, JSON?)])
    func `replaces or removes expires_in`(text: String, expected: JSON?) async throws {
        try set("expiresIn=\(text)")
        #expect(try JSONReader.parse(try await requestToken().body)["expires_in"] == expected)
    }

    @Test func `sets expires_in to null`() async throws {
        try set("expiresIn=null")
        #expect(String(decoding: try await requestToken().body, as: UTF8.self).contains(#""expires_in":null"#))
    }

    @Test func `revokes the token of a request and rotates the client secret`() async throws {
        let token = try await token()
        try set("path=/api/v2/tokens/me,nth=2,revokeToken")
        #expect(try await call(token).status == 200)
        #expect(try await call(token).status == 401)
        try set("path=/oauth/token,times=1,rotateSecret")
        #expect(try await requestToken().status == 400)
        let secret = try #require(try await control("GET", "credentials").json["genesysClientSecret"]?.string)
        #expect(try await requestToken(secret: secret).status == 200)
        _ = try await control("POST", "reset")
        #expect(try await requestToken().status == 200)
    }

    @Test(arguments: ["cut=before", "cut=within", "contentLength=9999"])
    func `a truncated response is a transport error in memory`(rule: String) async throws {
        try set(rule)
        let error = await #expect(throws: TransportError.self) { try await requestToken() }
        #expect(error?.code == .brokenResponse)
    }

    @Test func `matches a client by credentials in the body and combines wire faults`() async throws {
        try set("client=\(simulator.credentials.genesysClientID),cut=within", "bytesPerSecond=1000000000")
        let body = "grant_type=client_credentials&client_id=\(simulator.credentials.genesysClientID)&client_secret=x"
        let request = Request(
            "POST", try HTTPURL("https://login.mypurecloud.com/oauth/token"), body: .bytes(Array(body.utf8))
        )
        guard case .ready(let response) = simulator.handle(request) else {
            Issue.record("not ready")
            return
        }
        #expect(response.faultInjection == Response.FaultInjection(cut: .within, bytesPerSecond: 1_000_000_000))
        #expect(throws: FaultRule.Invalid.self) { try FaultRule("bytesPerSecond=9223372036854775807") }
    }

    @Test func `latency follows the simulator's clock`() async throws {
        try set("latency=5")
        let task = Task { try await requestToken().status }
        await time.waitForSleepers(1)
        time.advance(by: .seconds(5))
        #expect(try await task.value == 200)
    }

    @Test(
        arguments: [
            ("[{\"status\": 503},\n {\"status\": 42}]", "line 2, fault 2, status", "200"),
            ("[\n\n{\"stats\": 1}]", "line 3, fault 1, stats", "bytesPerSecond"),
            ("[{]", "line 1", "JSON"), ("[7]", "line 1, fault 1", "an object"),
            ("[{\"path\": \"/a\",\n  \"status\": 503,\n  \"nth\": 0}]", "line 3, fault 1, nth", "from 1"),
            ("{\"path\": \"/a\",\n\"cut\": 1}", "line 2, fault 1, cut", "before, within, after"),
            ("[{\"cut\":\"soon\"}]", "line 1, fault 1, cut", "before, within, after"),
        ] as [(String, String, String)])
    func `reports an invalid fault file with line, member and permitted values`(
        text: String, place: String, expected: String
    ) {
        let error = #expect(throws: FaultRule.Invalid.self) { try FaultRule.rules(file: Array(text.utf8)) }
        #expect(error?.place == place)
        #expect(error?.expected.contains(expected) == true)
    }

    @Test(arguments: [
        "path=oauth/token", "path=/oauth/*oken", "path=/oauth/token?x", "path=", "host=a*b", "host=https://a",
        "method=5",
        "method=", "client=", "jobOutcome=5", "jobOutcome=so so", "status=503,status=500", "from=5,until=2",
        "until=0,from=0",
        "certificate=expired,path=/a", "certificate=expired,method=GET", "certificate=expired,client=a",
    ])
    func `rejects a rule that can never apply`(text: String) {
        #expect(throws: FaultRule.Invalid.self) { try FaultRule(text) }
    }

    @Test func `ignores the case of hosts and methods and accepts an asterisk at either end of a host`() async throws {
        for (text, status) in [
            ("host=LOGIN.mypurecloud.com,status=500,times=1", 500),
            ("host=login.*,method=post,status=502,times=1", 502),
            ("host=*.COM,status=503,times=1", 503), ("host=*pure*,status=504,times=1", 504),
            ("host=*.de,status=500", 200),
        ] {
            try set(text)
            #expect(try await requestToken().status == status, "\(text)")
        }
    }

    @Test func `the journal lists the effects of faults`() async throws {
        try set("path=/oauth/token,cut=before,times=1")
        try set("nth=1,members={\"a\":1}")
        _ = try? await requestToken()
        let entry = try #require(simulator.requests(since: 0).first)
        #expect(entry.faults == 2)
        #expect(entry.effects == ["cut=before", #"members={"a":1}"#])
    }

    @Test func `accepts command-line syntax at run time and repeats random decisions after a reset`() async throws {
        func row() async throws -> [Int] {
            #expect(try await control("POST", "faults", "path=/oauth/token,probability=0.5,status=503").status == 204)
            var statuses: [Int] = []
            for _ in 0..<30 { statuses.append(try await requestToken().status) }
            #expect(try await control("POST", "reset").status == 204)
            return statuses
        }
        let first = try await row()
        #expect(Set(first) == [200, 503])
        #expect(try await row() == first)
    }

    @Test func `a rule in command-line syntax can contain JSON with commas`() async throws {
        try set(#"path=/oauth/token,members={"error":"a,b","list":["\"}"]},status=400"#)
        let json = try JSONReader.parse(try await requestToken().body)
        #expect(json["error"] == "a,b")
        #expect(json["list"] == ["\"}"])
    }

    @Test func `a status fault keeps the header fields of every response`() async throws {
        let token = try await token()
        try set("path=/api/v2/*,status=429")
        let response = try await call(token)
        #expect(response.status == 429)
        #expect(response.headers["Retry-After"] == nil)
        #expect(response.headers["inin-ratelimit-reset"] == "60")
        #expect(response.headers["Date"] == time.now().wall.httpDate)
    }

    @Test func `CXone token endpoints report faults in JSON`() async throws {
        try set("platform=cxone,status=503")
        let response = try await send("POST", "https://cxone.niceincontact.com/auth/token", body: "grant_type=password")
        #expect(response.status == 503)
        #expect(try JSONReader.parse(response.body)["error_description"] == "simulated")
    }

    // MARK: The control plane

    @Test func `the journal records token and client also for refused tokens`() async throws {
        let (first, second) = (try await token(), try await token())
        for token in [second, first] { #expect(try await call(token).status == 200) }
        simulator.revoke(first)
        #expect(try await call(first).status == 401)
        #expect(try await call("unknown").status == 401)
        let entries = simulator.requests(since: 0)
        #expect(entries.map(\.token) == [1, 2, 2, 1, 1, nil])
        #expect(entries[4].client == simulator.credentials.genesysClientID)
        #expect(try await control("GET", "count?token=1&status=401").json["count"] == 1)
        #expect(try await control("GET", "count?path=/api/v2/*").json["count"] == 4)
    }

    @Test(arguments: [
        ("GET", "count?pth=/oauth/token&expect=0", ""), ("GET", "count?expect=many", ""),
        ("POST", "clock", #"{"scal":2}"#), ("POST", "clock", "[]"), ("POST", "clock", #"{"advance":1e10}"#),
        ("POST", "client", #"{"permissions":["a",1]}"#), ("POST", "client", #"{"divisions":["Nowhere"]}"#),
        ("POST", "client", #"{"state":"inactive","divisions":["Nowhere"]}"#),
        ("POST", "client", #"{"state":"inactive","permissions":5}"#),
        ("GET", "count?status=2xx&expect=0", ""), ("GET", "count?token=first&expect=0", ""), ("POST", "faults", ""),
        ("POST", "faults", "{"), ("POST", "faults", #"{"certificate":"expired"}"#),
    ])
    func `the control plane rejects invalid requests without any effect`(
        method: String, path: String, body: String
    ) async throws {
        let (status, json) = try await control(method, path, body)
        #expect(status == 400)
        #expect(json["message"]?.string?.contains("expected") == true)
        #expect(try await requestToken().status == 200)
    }

    @Test func `a reset restores the initial faults only`() async throws {
        var options = Simulator.Options()
        options.faults = [try FaultRule("path=/oauth/token,status=503,times=1")]
        let simulator = Simulator(options, time: time)
        func status() async throws -> Int {
            let url = try HTTPURL("https://login.mypurecloud.com/oauth/token")
            return try await InMemoryTransport(simulator).send(Request("POST", url)).status
        }
        let reset = Request("POST", try HTTPURL("http://control/_sim/reset"))
        #expect(try await [status(), status()] == [503, 400])
        simulator.addFaults([try FaultRule("status=500")])
        #expect(try await InMemoryTransport(simulator).send(reset).status == 204)
        #expect(try await [status(), status()] == [503, 400])
    }

    @Test func `adds and removes faults at run time and ignores an invalid rule`() async throws {
        #expect(try await control("POST", "faults", #"[{"path":"/oauth/token","status":500}]"#).status == 204)
        #expect(try await requestToken().status == 500)
        #expect(try await control("POST", "faults", #"{"status":"many"}"#).status == 400)
        #expect(try await control("DELETE", "faults").status == 204)
        #expect(try await requestToken().status == 200)
    }

    @Test func `advances, stops and accelerates the clock`() async throws {
        let token = try await token()
        #expect(try await control("POST", "clock", #"{"advance": 86399}"#).status == 200)
        #expect(try await call(token).status == 200)
        #expect(try await control("POST", "clock", #"{"scale": 0}"#).json["scale"]?.double == 0)
        time.advance(by: .seconds(3600))
        #expect(try await call(token).status == 200)
        _ = try await control("POST", "clock", #"{"scale": 60}"#)
        time.advance(by: .seconds(1))
        #expect(try await call(token).status == 401)
        #expect(try await control("POST", "clock", #"{"scale": -1}"#).status == 400)
        #expect(try await control("POST", "clock", #"{"scale": 1e-300}"#).status == 400)
        #expect(
            try await control("GET", "clock").json["now"]?.string
                == (ManualTime().now().wall + .seconds(86399 + 60)).rfc3339)
    }

    @Test(
        arguments: [
            ("http://127.0.0.1:18000/_sim/state", "http://127.0.0.1:18000", 200),
            ("http://127.0.0.1:18000/_sim/state", "http://evil.example", 403),
            ("http://rebound.example:18000/_sim/state", nil, 403), ("http://localhost:18000/_sim/state", nil, 200),
        ] as [(String, String?, Int)])
    func `the control plane rejects cross-site requests`(url: String, origin: String?, status: Int) async throws {
        var request = Request("GET", try HTTPURL(url))
        if let origin { try request.headers.set("Origin", origin) }
        #expect(try await InMemoryTransport(simulator).send(request).status == status)
    }

    @Test func `counts requests since the mark and compares them with expect`() async throws {
        _ = try await requestToken()
        _ = try await control("POST", "mark")
        #expect(try await control("GET", "count?path=/oauth/token&expect=0").status == 200)
        _ = try await requestToken()
        _ = try await requestToken(secret: "wrong")
        #expect(try await control("GET", "count?path=/oauth/token").json["count"] == 2)
        #expect(try await control("GET", "count?reason=token%20granted&expect=1").status == 200)
        #expect(try await control("GET", "count?host=*.MYpurecloud.com&method=post&expect=2").status == 200)
        let unexpected = try await control("GET", "count?path=/oauth/token&expect=1")
        #expect(unexpected.status == 417)
        #expect(unexpected.json["since_mark"]?.array?.count == 2)
    }

    @Test func `an inactive client gets no new tokens, and a disabled client loses all tokens`() async throws {
        let token = try await token()
        _ = try await control("POST", "client", #"{"state":"inactive"}"#)
        #expect(try await requestToken().status == 400)
        #expect(try await call(token).status == 200)
        _ = try await control("POST", "client", #"{"state":"disabled"}"#)
        #expect(try await call(token).status == 401)
        #expect(try await control("POST", "client", #"{"state":"tired"}"#).status == 400)
        #expect(try await control("POST", "reset").status == 204)
        #expect(try await call(token).status == 200)
    }

    @Test func `a call without permission gets 403 with its name, and the token stays valid`() async throws {
        let token = try await token()
        #expect(try await call(token, "/api/v2/routing/queues").status == 200)
        _ = try await control("POST", "client", #"{"permissions":["oauth:client:view"]}"#)
        let refused = try await call(token, "/api/v2/routing/queues")
        #expect(refused.status == 403)
        let body = try JSONReader.parse(refused.body)
        #expect(body["code"] == "missing.permissions")
        #expect(body["message"]?.string?.hasSuffix("routing:queue:view") == true)
        #expect(try await call(token, "/api/v2/oauth/clients").status == 200)
        #expect(try await call(token, "/api/v2/users").status == 200)
    }
}
