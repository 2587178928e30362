import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

@Suite struct AssumptionTests {
    private let time = ManualTime()

    private func simulator(_ assumptions: String...) throws -> Simulator {
        var options = Simulator.Options()
        for assumption in assumptions { try options.assume(assumption) }
        return Simulator(options, time: time)
    }

    private func send(
        _ simulator: Simulator, _ method: String, _ url: String, _ headers: Headers = [:], body: String = ""
    ) async throws -> Response {
        let body = body.isEmpty ? Request.Body.none : .bytes(Array(body.utf8))
        return try await InMemoryTransport(simulator).send(Request(method, HTTPURL(url), headers: headers, body: body))
    }

    private func basic(_ id: String, _ secret: String) -> Headers {
        ["Authorization": "Basic " + Base64.encode(Array("\(id):\(secret)".utf8))]
    }

    private func genesysToken(_ simulator: Simulator) async throws -> Headers {
        let known = simulator.credentials
        let response = try await send(
            simulator, "POST", "https://login.mypurecloud.com/oauth/token",
            basic(known.genesysClientID, known.genesysClientSecret), body: "grant_type=client_credentials")
        let token = try #require(try JSONReader.parse(response.body)["access_token"]?.string)
        return ["Authorization": "Bearer \(token)", "Accept": "application/json"]
    }

    private func cxone(_ simulator: Simulator, _ body: String, isJSON: Bool = false) async throws -> Response {
        let known = simulator.credentials
        var headers = basic(known.cxoneClientID, known.cxoneClientSecret)
        if isJSON { try headers.set("Content-Type", "application/json") }
        return try await send(simulator, "POST", "https://cxone.niceincontact.com/auth/token", headers, body: body)
    }

    private func passwordGrant(_ simulator: Simulator) -> String {
        let known = simulator.credentials
        return "grant_type=password&username=\(percentEncoded(known.cxoneAccessKeyID))"
            + "&password=\(percentEncoded(known.cxoneAccessKeySecret))"
    }

    @Test(arguments: [
        ("genesys-wrong-secret-state=401", "genesys-wrong-secret-status=…"),
        ("genesys-wrong-secret-status=500", "genesys-wrong-secret-status=a whole number from 400 to 499"),
        ("cxone-refresh-token", "cxone-refresh-token=once or kept"),
        ("cxone-report-state=", "cxone-report-state=a text of 1 to 100 bytes"),
        ("", "NAME=VALUE (see Documentation/Simulator.md)"),
    ])
    func `rejects an unknown assumption or value and names the closest match`(text: String, expected: String) {
        var options = Simulator.Options()
        let error = #expect(throws: Assumption.Invalid.self) { try options.assume(text) }
        #expect(error?.expected == expected)
    }

    @Test(arguments: [400, 401]) func `returns the assumed status for a wrong secret`(status: Int) async throws {
        let simulator = try simulator("genesys-wrong-secret-status=\(status)")
        let response = try await send(
            simulator, "POST", "https://login.mypurecloud.com/oauth/token",
            basic(simulator.credentials.genesysClientID, "wrong"), body: "grant_type=client_credentials")
        #expect(response.status == status)
        #expect(try JSONReader.parse(response.body)["error"] == "invalid_client")
    }

    @Test(arguments: [("accepted", 200), ("refused", 400)])
    func `accepts or refuses credentials in the body as assumed`(word: String, status: Int) async throws {
        let simulator = try simulator("genesys-credentials-in-body=\(word)")
        let known = simulator.credentials
        let body =
            "grant_type=client_credentials&client_id=\(known.genesysClientID)&client_secret=\(known.genesysClientSecret)"
        let response = try await send(simulator, "POST", "https://login.mypurecloud.com/oauth/token", body: body)
        #expect(response.status == status)
    }

    @Test func `returns the assumed expires_in and token_type`() async throws {
        let simulator = try simulator("genesys-expires-in=less-one", "genesys-token-type=Bearer")
        let known = simulator.credentials
        let response = try await send(
            simulator, "POST", "https://login.mypurecloud.com/oauth/token",
            basic(known.genesysClientID, known.genesysClientSecret), body: "grant_type=client_credentials")
        let json = try JSONReader.parse(response.body)
        #expect(json["expires_in"]?.int == 86399)
        #expect(json["token_type"] == "Bearer")
    }

    @Test func `rejects a page larger than the assumed maximum`() async throws {
        let simulator = try simulator("genesys-page-size=100")
        let token = try await genesysToken(simulator)
        for (size, status) in [(100, 200), (101, 400)] {
            let url = "https://api.mypurecloud.com/api/v2/users?pageSize=\(size)"
            #expect(try await send(simulator, "GET", url, token).status == status)
        }
    }

    @Test func `applies the assumed duration and lifetime of a job`() async throws {
        let simulator = try simulator(
            "job-seconds=100", "job-lifetime=1000", "genesys-unfinished-results-status=404")
        let token = try await genesysToken(simulator)
        let jobs = "https://api.mypurecloud.com/api/v2/analytics/conversations/details/jobs"
        let body = #"{"interval":"2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"}"#
        let submitted = try await send(simulator, "POST", jobs, token, body: body)
        let job = try #require(try JSONReader.parse(submitted.body)["jobId"]?.string)
        for (seconds, state, status) in [(39, "QUEUED", 404), (60, "PENDING", 404), (2, "FULFILLED", 200)] {
            time.advance(by: .seconds(seconds))
            #expect(
                try JSONReader.parse(try await send(simulator, "GET", "\(jobs)/\(job)", token).body)["state"]
                    == .string(state))
            let results = try await send(simulator, "GET", "\(jobs)/\(job)/results", token)
            #expect(results.status == status)
            #expect(try JSONReader.parse(results.body)["code"] == (status == 404 ? "not.found" : nil))
        }
        time.advance(by: .seconds(900))
        #expect(
            try JSONReader.parse(try await send(simulator, "GET", "\(jobs)/\(job)", token).body)["state"] == "EXPIRED")
    }

    @Test func `returns the assumed CXone errors for client_credentials and a wrong key`() async throws {
        let simulator = try simulator(
            "cxone-client-credentials-status=401", "cxone-client-credentials-error=unauthorized_client",
            "cxone-wrong-key-status=403")
        let refused = try await cxone(simulator, "grant_type=client_credentials")
        #expect(refused.status == 401)
        #expect(try JSONReader.parse(refused.body)["error"] == "unauthorized_client")
        #expect(try await cxone(simulator, "grant_type=password&username=a&password=b").status == 403)
    }

    @Test(arguments: [("kept", 200), ("once", 400)])
    func `accepts a refresh token as often as assumed`(word: String, second: Int) async throws {
        let simulator = try simulator("cxone-refresh-token=\(word)")
        let json = try JSONReader.parse(try await cxone(simulator, passwordGrant(simulator)).body)
        let token = try #require(json["refresh_token"]?.string)
        #expect(try await cxone(simulator, "grant_type=refresh_token&refresh_token=\(token)").status == 200)
        #expect(try await cxone(simulator, "grant_type=refresh_token&refresh_token=\(token)").status == second)
    }

    @Test func `refuses behaviour that only one source documents`() async throws {
        let simulator = try simulator("cxone-token-request-in-json=refused", "cxone-key-endpoint-at-issuer=refused")
        let known = simulator.credentials
        let grant = #"{"grant_type":"password","username":"\#(known.cxoneAccessKeyID)","password":"x"}"#
        #expect(
            try JSONReader.parse(try await cxone(simulator, grant, isJSON: true).body)["error"] == "invalid_request")
        let key = #"{"accessKeyId":"\#(known.cxoneAccessKeyID)","accessKeySecret":"\#(known.cxoneAccessKeySecret)"}"#
        let path = "/authentication/v1/token/access-key"
        #expect(try await send(simulator, "POST", "https://cxone.niceincontact.com\(path)", body: key).status == 404)
        #expect(try await send(simulator, "POST", "https://na1.nice-incontact.com\(path)", body: key).status == 200)
    }

    @Test func `returns the assumed status without Accept and in another area`() async throws {
        let simulator = try simulator("cxone-missing-accept-status=415", "cxone-other-area-status=404")
        let json = try JSONReader.parse(try await cxone(simulator, passwordGrant(simulator)).body)
        let token = try #require(json["access_token"]?.string)
        let path = "/incontactapi/services/v34.0/agents"
        let headers: Headers = ["Authorization": "Bearer \(token)"]
        #expect(try await send(simulator, "GET", "https://api-na1.niceincontact.com\(path)", headers).status == 415)
        #expect(try await send(simulator, "GET", "https://api-eu1.niceincontact.com\(path)", headers).status == 404)
    }

    @Test func `secrets contain reserved characters if an encoding is required`() async throws {
        var options = Simulator.Options()
        options.secretEncoding = .form
        let simulator = Simulator(options, time: time)
        let (id, secret) = (simulator.credentials.genesysClientID, simulator.credentials.genesysClientSecret)
        for (sent, status) in [(secret, 400), (percentEncoded(secret), 200)] {
            let response = try await send(
                simulator, "POST", "https://login.mypurecloud.com/oauth/token", basic(id, sent),
                body: "grant_type=client_credentials")
            #expect(response.status == status)
        }
    }

    @Test(arguments: ["FAILED", "CANCELLED"]) func `a job ends with the outcome of a fault`(outcome: String)
        async throws
    {
        let simulator = try simulator()
        simulator.addFaults([try FaultRule("path=/data-extraction/v1/jobs,method=POST,jobOutcome=\(outcome)")])
        let json = try JSONReader.parse(try await cxone(simulator, passwordGrant(simulator)).body)
        let token = try #require(json["access_token"]?.string)
        let headers: Headers = ["Authorization": "Bearer \(token)", "Accept": "application/json"]
        let jobs = "https://api-na1.niceincontact.com/data-extraction/v1/jobs"
        let body =
            #"{"entityName":"qm-workflows","version":"7","startDate":"2026-01-01","endDate":"2026-01-02"}"#
        let submitted = try await send(simulator, "POST", jobs, headers, body: body)
        let id = try #require(try JSONReader.parse(submitted.body).string)
        func status() async throws -> JSON? {
            try JSONReader.parse(try await send(simulator, "GET", "\(jobs)/\(id)", headers).body)["jobStatus"]
        }
        #expect(try await status()?["status"] == "RUNNING")
        time.advance(by: .seconds(5))
        #expect(try await status()?["status"] == .string(outcome))
        #expect(try await status()?["result"]?["url"] == nil)
    }
}
