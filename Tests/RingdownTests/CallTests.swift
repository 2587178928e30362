import Ringdown
import RingdownCore
import RingdownOAuth
import RingdownSimulator
import RingdownTestSupport
import Testing

/// Calls during outages and rate limits, lists, and jobs against the simulated platforms. Waits take no time.
@Suite struct CallTests {
    private let time = SkippingTime()
    private let simulator: Simulator

    init() {
        var options = Simulator.Options()
        options.callsPerMinute = 300
        simulator = Simulator(options, time: time)
    }

    private func client(_ platform: String = "genesys", calls: CallSettings = CallSettings()) throws -> APIClient {
        let credentials = simulator.credentials
        let profile = try Profile(
            Settings(environment: [
                "RINGDOWN_PLATFORM": platform, "GENESYS_CLIENT_ID": credentials.genesysClientID,
                "GENESYS_CLIENT_SECRET": credentials.genesysClientSecret, "CXONE_CLIENT_ID": credentials.cxoneClientID,
                "CXONE_CLIENT_SECRET": credentials.cxoneClientSecret,
                "CXONE_ACCESS_KEY_ID": credentials.cxoneAccessKeyID,
                "CXONE_ACCESS_KEY_SECRET": credentials.cxoneAccessKeySecret,
            ]))
        return APIClient(profile, transport: InMemoryTransport(simulator), time: time, calls: calls)
    }

    private func fault(_ text: String) throws { simulator.addFaults([try FaultRule(text)]) }

    private func calls(_ path: String) -> Int { simulator.requests(since: 0).count { $0.path == path } }

    @Test(arguments: [
        "status=503,times=2", "status=502,times=1", "status=429,times=3,retryAfter=7", "cut=before,times=1",
    ])
    func `retries temporary failures`(rule: String) async throws {
        try fault("path=/api/v2/users," + rule)
        #expect(try await client().get("/api/v2/users")["total"] == 250)
    }

    @Test func `reports a status of 500 without a retry`() async throws {
        try fault("path=/api/v2/users,status=500,times=1")
        let error = await #expect(throws: APIError.self) { try await client().get("/api/v2/users") }
        #expect(error?.code == .serverFailed)
        #expect(calls("/api/v2/users") == 1)
    }

    @Test func `retries a write after 429 and not after a lost connection`() async throws {
        try fault("path=/api/v2/analytics/conversations/details/jobs,cut=within,times=1")
        let order: JSON = ["interval": "2026-11-01/2026-11-02"]
        let path = "/api/v2/analytics/conversations/details/jobs"
        await #expect(throws: APIError.self) { try await client().post(path, order) }
        #expect(calls(path) == 1)
        simulator.removeFaults()
        try fault("path=\(path),status=429,times=1")
        #expect(try await client().post(path, order)["jobId"] != nil)
        #expect(calls(path) == 3)
    }

    @Test func `a Retry-After of an hour is an error with the wait`() async throws {
        try fault("path=/api/v2/users,status=429,retryAfter=3600")
        let error = await #expect(throws: APIError.self) { try await client().get("/api/v2/users") }
        #expect(error?.code == .rateLimited)
        #expect(error?.retryAfter.map { Int($0.inSeconds) } == 3600)
        #expect(error?.message.contains("1 h") == true)
        #expect(calls("/api/v2/users") == 1)
    }

    @Test func `a Retry-After date is relative to the Date of the server`() async throws {
        try fault("path=/api/v2/users,status=429,retryAfterDate=20,dateSkew=0,times=1")
        let start = time.now().uptime
        _ = try await client().get("/api/v2/users")
        #expect((.seconds(19)...(.seconds(22))).contains(time.now().uptime - start))
    }

    @Test func `stops calling during an outage and then sends one probe`() async throws {
        try fault("path=/api/v2/users,status=503")
        let client = try client()
        await #expect(throws: APIError.self) { try await client.get("/api/v2/users") }
        let sent = calls("/api/v2/users")
        #expect(sent == 5)
        let error = await #expect(throws: APIError.self) { try await client.get("/api/v2/users") }
        #expect(error?.message.contains("was not sent") == true)
        #expect(calls("/api/v2/users") == sent)
        simulator.removeFaults()
        time.advance(by: .seconds(31))
        #expect(try await client.get("/api/v2/users")["total"] == 250)
    }

    @Test func `an unrelated failure does not close the circuit`() async throws {
        let fails = Locked(TransportError.Code.connection)
        let transport = ScriptedTransport { request throws(TransportError) in
            if request.url.path == "/oauth/token" { return Response(json: ["access_token": "t", "expires_in": 3600]) }
            throw TransportError(fails.withLock { $0 }, place: "https://api", message: "failed")
        }
        let profile = try Profile(Settings(environment: ["GENESYS_CLIENT_ID": "i", "GENESYS_CLIENT_SECRET": "s"]))
        var settings = CallSettings()
        settings.connectionWaitLimit = settings.waitLimit
        let client = APIClient(profile, transport: transport, time: time, calls: settings)
        for code in [.connection, .connection, .certificate] as [TransportError.Code] {
            fails.withLock { $0 = code }
            if code == .certificate { time.advance(by: .seconds(31)) }
            await #expect(throws: APIError.self) { try await client.get("/api/v2/users") }
        }
        // The certificate failure ended the probe, so another probe is sent and fails for the same reason.
        let sent = transport.requests.count
        let error = await #expect(throws: APIError.self) { try await client.get("/api/v2/users") }
        #expect(error?.transport?.code == .certificate)
        #expect(transport.requests.count == sent + 1)
        fails.withLock { $0 = .connection }
        await #expect(throws: APIError.self) { try await client.get("/api/v2/users") }
        let refused = await #expect(throws: APIError.self) { try await client.get("/api/v2/users") }
        #expect(refused?.message.contains("was not sent") == true)
    }

    @Test func `the rate limiter keeps 10,000 calls below the limit without extra delay`() async throws {
        func run(isGated: Bool) async throws -> (refusals: Int, took: Duration) {
            var settings = CallSettings()
            settings.isGated = isGated
            let client = try client(calls: settings)
            let start = time.now().uptime
            for _ in 0..<10_000 { _ = try await client.send(APICall("HEAD", "/api/v2/tokens/me")) }
            return (client.counts.rateLimited, time.now().uptime - start)
        }
        let limit: Duration = .seconds(10_000 / 300 * 60)
        let gated = try await run(isGated: true)
        #expect(gated.refusals == 0)
        #expect(gated.took < limit * 1.02)
        time.advance(by: .seconds(120))
        let free = try await run(isGated: false)
        #expect(free.refusals >= 33)
    }

    @Test func `callers share a requested wait`() async throws {
        try fault("path=/api/v2/users,status=429,retryAfter=30,times=1")
        let client = try client()
        try await withThrowingTaskGroup { group in
            for _ in 0..<20 { group.addTask { _ = try await client.get("/api/v2/users") } }
            try await group.waitForAll()
        }
        #expect(client.counts.rateLimited == 1)
    }

    @Test func `an observer receives calls, retries and waits`() async throws {
        try fault("path=/api/v2/users,status=503,times=1")
        let client = try client()
        let seen = Locked<[String]>([])
        client.observe { event in
            let text =
                switch event {
                case .answered(_, _, let status, let attempt, _, let id): "\(status) \(attempt) \(id != nil)"
                case .retrying: "retry"
                default: "other"
                }
            seen.withLock { $0.append(text) }
        }
        _ = try await client.get("/api/v2/users")
        #expect(seen.withLock { $0 } == ["503 1 true", "retry", "200 2 true"])
        #expect(client.counts.calls == 2)
        #expect(client.counts.retries == 1)
        #expect(client.counts.waited >= .seconds(3))
    }

    @Test func `the hint for a 403 mentions the role`() async throws {
        try fault("path=/api/v2/routing/queues,status=403")
        let error = await #expect(throws: APIError.self) {
            for try await _ in try client().queues() {}
        }
        #expect(error?.code == .forbidden)
        #expect(error?.hint.contains("role") == true)
    }

    @Test func `reads complete lists of both platforms`() async throws {
        func names(_ items: Items<Resource>) async throws -> [String] {
            try await items.reduce(into: []) { $0.append($1.name) }
        }
        #expect(try await names(client().queues()).count > 5)
        #expect(try await names(client().teams()).count == 60)
        #expect(try await names(client().skills()).first == "Skill 1")
        #expect(try await names(client("cxone").teams()).count == 7)
        #expect(try await names(client("cxone").skills()).isEmpty == false)
        await #expect(throws: APIError.self) { for try await _ in try client("cxone").queues() {} }
        var scanned = 0
        let scan = APICall("/api/v2/externalcontacts/scan/contacts?limit=50")
        for try await page in try client().pages(scan) { scanned += page.count }
        #expect(scanned == 1000)
        var scim = Set<String>()
        for try await page in try client().pages(APICall("/api/v2/scim/v2/users?count=25")) {
            for item in page.items { scim.insert(try JSONReader.parse(Array(item))["id"]?.string ?? "") }
        }
        #expect(scim.count == 250)
    }

    private func days(_ count: Double) throws -> Interval {
        let end = Timestamp(rfc3339: "2026-11-20T00:00:00Z") ?? .now()
        return try Interval(from: end + .seconds(-86400 * count), to: end)
    }

    @Test func `the query and the job return the same conversations of three weeks`() async throws {
        let interval = try days(21)
        var queried = Set<String>()
        for try await conversation in try client().conversations(in: interval) {
            let isNew = queried.insert(conversation.id).inserted
            #expect(isNew)
            #expect(conversation.start != nil && conversation.media != nil)
        }
        var fromJob = Set<String>()
        for try await conversation in try await client().conversationJob(in: interval) {
            fromJob.insert(conversation.id)
        }
        #expect(queried.count > 500)
        #expect(queried == fromJob)
    }

    @Test func `follows links to the cluster for completed contacts`() async throws {
        var ids = Set<String>()
        for try await contact in try client("cxone").conversations(in: try days(30)) { ids.insert(contact.id) }
        #expect(ids.count > 1000)
    }

    @Test func `extractions and reports return a file`() async throws {
        let client = try client("cxone")
        let csv = try await client.dataExtraction(entity: "recordings", version: "7", in: try days(2))
        #expect(String(decoding: csv, as: UTF8.self).hasPrefix("contactId,"))
        // The platform allows one extraction every 30 seconds, so the second one waits.
        let start = time.now().uptime
        _ = try await client.dataExtraction(entity: "recordings", version: "7", in: try days(2))
        #expect(time.now().uptime - start > .seconds(20))
        let report = try await client.report("350001")
        #expect(report.name.contains("report_"))
        let rows = try await client.reportDownload("350001", in: try days(2), fileName: "x.csv")
        #expect(rows?.bytes.isEmpty == false)
        #expect(simulator.requests(since: 0).allSatisfy { $0.reason != "a token was sent to a third-party host" })
    }

    @Test func `an error message in a successful report response is an error`() async throws {
        simulator.addFaults(
            try FaultRule.rules(["path": "/incontactapi/*", "members": ["errorMessage": "no such report"]]))
        let error = await #expect(throws: APIError.self) {
            try await client("cxone").reportDownload("1", in: try days(2), fileName: "x.csv")
        }
        #expect(error?.message.contains("no such report") == true)
    }

    /// Returns a client with scripted responses.
    private func scripted(_ platform: String, _ answer: @escaping @Sendable (Request) -> JSON) throws -> APIClient {
        let transport = ScriptedTransport { request in
            Response(
                json: request.url.path == "/oauth/token" ? ["access_token": "t", "expires_in": 3600] : answer(request))
        }
        let profile = try Profile(
            Settings(environment: [
                "RINGDOWN_PLATFORM": platform, "GENESYS_CLIENT_ID": "i", "GENESYS_CLIENT_SECRET": "s",
                "CXONE_CLIENT_ID": "i", "CXONE_CLIENT_SECRET": "s",
                "CXONE_TOKEN_URL": "https://cxone.niceincontact.com/oauth/token",
                "CXONE_API_URL": "https://api-na1.niceincontact.com",
            ]))
        return APIClient(profile, transport: transport, time: time)
    }

    @Test(arguments: ["errorMessage", "messageError"])
    func `the error of a failed extraction contains the reason in either spelling`(member: String) async throws {
        let client = try scripted("cxone") { request in
            if request.method == "POST" { return "job-1" }
            return [
                "jobStatus": ["id": "job-1", "status": "FAILED", "result": .object([.init(member, "no permission")])]
            ]
        }
        let error = await #expect(throws: APIError.self) {
            try await client.dataExtraction(entity: "x", version: "1", in: try days(2))
        }
        #expect(error?.message.contains("no permission") == true)
    }

    @Test(arguments: ["FAILED", "CANCELLED", "EXPIRED"])
    func `a job that does not succeed is an error`(state: String) async throws {
        let client = try scripted("genesys") { request in
            request.method == "POST" ? ["jobId": "1"] : ["state": .string(state), "errorMessage": "because"]
        }
        await #expect(throws: APIError.self) { try await client.conversationJob(in: try days(2)) }
    }

    @Test func `splits an interval with too many conversations, and fails for a single day`() async throws {
        let intervals = Locked<[String]>([])
        func client(hits: @escaping @Sendable (Interval) -> Int) throws -> APIClient {
            try scripted("genesys") { request in
                guard case .bytes(let body) = request.body,
                    let text = (try? JSONReader.parse(body))?["interval"]?.string,
                    let interval = try? Interval(text)
                else { return [:] }
                let total: JSON = .int(hits(interval))
                // Past the end, the response does not contain the member.
                if (try? JSONReader.parse(body))?["paging"]?["pageNumber"] != 1 { return ["totalHits": total] }
                intervals.withLock { $0.append(text) }
                let id: JSON = .string("\(interval.start)")
                return ["conversations": [["conversationId": id]], "totalHits": total]
            }
        }
        let half = try client { $0.duration > .seconds(4 * 86400) ? 150_000 : 90_000 }
        var count = 0
        for try await _ in half.conversations(in: try days(7)) { count += 1 }
        #expect(count == 2)
        #expect(intervals.withLock { $0.count } == 3)
        let full = try client { _ in 150_000 }
        let error = await #expect(throws: APIError.self) {
            for try await _ in full.conversations(in: try days(7)) {}
        }
        #expect(error?.recovery == .useJob)
    }

    @Test func `ends a list at its last page if the total shrinks`() async throws {
        let client = try scripted("genesys") { request in
            request.url.queryValue("pageNumber") == "2"
                ? ["entities": [["id": "3"]], "pageNumber": 2, "pageCount": 2, "total": 3]
                : ["entities": [["id": "1"], ["id": "2"]], "pageNumber": 1, "pageCount": 3, "total": 5]
        }
        var ids: [String] = []
        for try await user in client.users() { ids.append(user.id) }
        #expect(ids == ["1", "2", "3"])
    }

    @Test func `a job continues across three tokens and returns every row once`() async throws {
        var options = Simulator.Options()
        options.tokenLifetime = .seconds(40)
        options.callsPerMinute = 3
        let simulator = Simulator(options, time: time)
        let credentials = simulator.credentials
        let profile = try Profile(
            Settings(environment: [
                "GENESYS_CLIENT_ID": credentials.genesysClientID,
                "GENESYS_CLIENT_SECRET": credentials.genesysClientSecret,
            ]))
        let client = APIClient(profile, transport: InMemoryTransport(simulator), time: time)
        var ids: [String] = []
        let end = Timestamp(rfc3339: "2026-11-20T00:00:00Z") ?? .now()
        let interval = try Interval(from: end + .seconds(-86400 * 90), to: end)
        for try await conversation in try await client.conversationJob(in: interval) { ids.append(conversation.id) }
        #expect(ids.count > 5_000)
        #expect(Set(ids).count == ids.count)
        #expect(simulator.story(since: 0).tokenRequests >= 4)
        #expect(simulator.story(since: 0).refused == 0)
    }
}
