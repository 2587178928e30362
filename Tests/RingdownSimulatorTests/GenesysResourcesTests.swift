import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

/// Analytics, SCIM and limits of Genesys Cloud as documented in its fact page.
@Suite struct GenesysResourcesTests {
    private let time = ManualTime()
    private let simulator: Simulator
    private let base = "https://api.mypurecloud.com/api/v2/"

    init() {
        simulator = Simulator(time: time)
    }

    private func requestToken(_ simulator: Simulator) async throws -> Response {
        let pair = "\(simulator.credentials.genesysClientID):\(simulator.credentials.genesysClientSecret)"
        let request = Request(
            "POST", try HTTPURL("https://login.mypurecloud.com/oauth/token"),
            headers: ["Authorization": "Basic " + Base64.encode(Array(pair.utf8))],
            body: .bytes(Array("grant_type=client_credentials".utf8))
        )
        return try await InMemoryTransport(simulator).send(request)
    }

    private func token(_ simulator: Simulator? = nil) async throws -> String {
        let response = try await requestToken(simulator ?? self.simulator)
        return try #require(try JSONReader.parse(response.body)["access_token"]?.string)
    }

    private func call(
        _ method: String, _ path: String, _ token: String, body: JSON? = nil, on simulator: Simulator? = nil
    ) async throws -> (status: Int, json: JSON) {
        let request = Request(
            method, try HTTPURL(base + path), headers: ["Authorization": "Bearer \(token)"],
            body: body.map { .bytes($0.bytes()) } ?? .none
        )
        let response = try await InMemoryTransport(simulator ?? self.simulator).send(request)
        return (response.status, response.body.isEmpty ? .null : try JSONReader.parse(response.body))
    }

    private let query = "analytics/conversations/details/query"
    private let jobs = "analytics/conversations/details/jobs"
    /// Two past days with 96 conversations each.
    private let past: JSON = "2026-11-01T06:00:00.000Z/2026-11-02T18:00:00.000Z"

    @Test func `a query returns the conversations of all days that its interval touches, in pages`() async throws {
        let token = try await token()
        var ids: Set<String> = []
        for page in 1...4 {
            let body: JSON = ["interval": past, "paging": ["pageSize": 50, "pageNumber": .int(page)]]
            let answer = try await call("POST", query, token, body: body).json
            #expect(answer["totalHits"] == 192)
            for conversation in answer["conversations"]?.array ?? [] {
                ids.insert(try #require(conversation["conversationId"]?.string))
                #expect(try #require(conversation["conversationStart"]?.string).hasPrefix("2026-11-0"))
            }
        }
        #expect(ids.count == 192)
        let beyond = try await call(
            "POST", query, token, body: ["interval": past, "paging": ["pageSize": 50, "pageNumber": 5]])
        #expect(beyond.status == 200)
        #expect(beyond.json.members?.map(\.name) == ["totalHits"])
    }

    @Test func `the total of an interval that has not ended varies between pages`() async throws {
        let token = try await token()
        var totals: Set<Int> = []
        for page in 1...3 {
            let body: JSON = [
                "interval": "2026-11-21T00:00:00Z/2026-11-22T00:00:00Z",
                "paging": ["pageSize": 5, "pageNumber": .int(page)],
            ]
            totals.insert(try #require(try await call("POST", query, token, body: body).json["totalHits"]?.int))
        }
        #expect(totals.count > 1)
    }

    @Test(
        arguments: [
            [:], ["interval": "yesterday"], ["interval": "2026-11-02T00:00:00Z/2026-11-01T00:00:00Z"],
            ["interval": "2026-11-01T00:00:00Z/2026-11-09T00:00:00Z"],
            ["interval": "2026-11-01T00:00:00Z/2026-11-02T00:00:00Z", "paging": ["pageSize": 301, "pageNumber": 1]],
            [
                "interval": "2026-11-01T00:00:00Z/2026-11-02T00:00:00Z",
                "paging": ["pageSize": 100, "pageNumber": 1001],
            ],
            [
                "interval": "2026-11-01T00:00:00Z/2026-11-02T00:00:00Z",
                "paging": ["pageSize": 100, "pageNumber": .int(Int.max)],
            ],
            ["date_from": "2026-11-01", "size": 10],
        ] as [JSON])
    func `refuses invalid queries`(body: JSON) async throws {
        let answer = try await call("POST", query, try await token(), body: body)
        #expect(answer.status == 400)
        #expect(answer.json["message"] != nil)
    }

    @Test func `refuses pages beyond 100,000 results with the documented message`() async throws {
        let body: JSON = ["interval": past, "paging": ["pageSize": 100, "pageNumber": 1001]]
        let message = try await call("POST", query, try await token(), body: body).json["message"]?.string
        #expect(message?.hasPrefix("Pagination may not exceed 100000 results. Tip:") == true)
    }

    @Test func `a job is queued, pending and fulfilled, returns results by cursor, and expires`() async throws {
        let first = try await token()
        let submitted = try await call("POST", jobs, first, body: ["interval": past])
        #expect(submitted.status == 202)
        let job = jobs + "/" + (try #require(submitted.json["jobId"]?.string))
        #expect(try await call("GET", job, first).json["state"] == "QUEUED")
        #expect(try await call("GET", job + "/results", first).status == 400)
        time.advance(by: .seconds(3))
        #expect(try await call("GET", job, first).json["state"] == "PENDING")
        time.advance(by: .seconds(3))
        #expect(try await call("GET", job, first).json["state"] == "FULFILLED")
        var (ids, cursor): (Set<String>, String?) = ([], nil)
        repeat {
            let path = job + "/results?pageSize=50" + (cursor.map { "&cursor=" + percentEncoded($0) } ?? "")
            let page = try await call("GET", path, first).json
            for item in page["conversations"]?.array ?? [] { ids.insert(item["conversationId"]?.string ?? "") }
            cursor = page["cursor"]?.string
        } while cursor != nil
        #expect(ids.count == 144)
        time.advance(by: .seconds(86400))
        let later = try await token()
        #expect(try await call("GET", job, later).json["state"] == "EXPIRED")
        #expect(try await call("GET", job + "/results", later).status == 400)
    }

    @Test func `cancels a job and returns 404 for an unknown job`() async throws {
        let token = try await token()
        let id = try #require(try await call("POST", jobs, token, body: ["interval": past]).json["jobId"]?.string)
        #expect(try await call("DELETE", "\(jobs)/\(id)", token).status == 204)
        #expect(try await call("GET", "\(jobs)/\(id)", token).json["state"] == "CANCELLED")
        #expect(try await call("GET", "\(jobs)/none", token).status == 404)
        #expect(try await call("POST", jobs, token, body: ["interval": past, "paging": [:]]).status == 400)
        #expect(try await call("GET", "\(jobs)/availability", token).json["dataAvailabilityDate"] != nil)
    }

    @Test func `SCIM indices start at one, and errors have the SCIM format`() async throws {
        let token = try await token()
        var (ids, start): (Set<String>, Int) = ([], 1)
        while true {
            let page = try await call("GET", "scim/v2/users?startIndex=\(start)&count=100", token).json
            let resources = try #require(page["Resources"]?.array)
            if resources.isEmpty { break }
            ids.formUnion(resources.compactMap { $0["id"]?.string })
            start += try #require(page["itemsPerPage"]?.int)
            #expect(page["totalResults"] == 250)
        }
        #expect(ids.count == 250)
        let refused = try await call("GET", "scim/v2/users?startIndex=0", token)
        #expect(refused.status == 400 && refused.json["scimType"] != nil)
        #expect(
            try await call("GET", "scim/v2/users?startIndex=\(Int.max)&count=\(Int.max)", token).json["Resources"] == []
        )
    }

    @Test func `refuses token requests beyond loginsPerMinute with 400`() async throws {
        var options = Simulator.Options()
        options.loginsPerMinute = 3
        let simulator = Simulator(options, time: time)
        for _ in 0..<3 { #expect(try await requestToken(simulator).status == 200) }
        let refused = try await requestToken(simulator)
        #expect(refused.status == 400)
        let body = try JSONReader.parse(refused.body)
        #expect(body["error"] == "invalid_request")
        #expect(body["error_description"]?.string?.hasPrefix("rate limit exceeded;") == true)
        time.advance(by: .seconds(60))
        #expect(try await requestToken(simulator).status == 200)
    }

    @Test func `an unused token expires after the idle timeout`() async throws {
        var options = Simulator.Options()
        options.idleTimeout = .seconds(300)
        let simulator = Simulator(options, time: time)
        let token = try await token(simulator)
        for _ in 0..<3 {
            time.advance(by: .seconds(299))
            #expect(try await call("GET", "tokens/me", token, on: simulator).status == 200)
        }
        time.advance(by: .seconds(301))
        #expect(try await call("GET", "tokens/me", token, on: simulator).status == 401)
    }

    @Test func `a scan continues after an empty page, and its cursors expire after a day`() async throws {
        let token = try await token()
        var (ids, sizes): (Set<String>, [Int]) = ([], [])
        var path: String? = "externalcontacts/scan/contacts?limit=200"
        var second: String?
        while let next = path {
            let page = try await call("GET", next, token)
            #expect(page.status == 200)
            let entities = page.json["entities"]?.array ?? []
            ids.formUnion(entities.compactMap { $0["id"]?.string })
            sizes.append(entities.count)
            path = (page.json["nextUri"]?.string).map { String($0.dropFirst("/api/v2/".count)) }
            second = second ?? path
            #expect((page.json["cursors"]?["after"] == nil) == (path == nil))
        }
        #expect(sizes == [200, 0, 200, 200, 200, 0, 200])
        #expect(ids.count == 1000)
        time.advance(by: .seconds(90_000))
        let fresh = try await self.token()
        #expect(try await call("GET", try #require(second), fresh).status == 400)
    }

    @Test(arguments: ["0.1" + String(repeating: "0", count: 90), "1.x", "-1.5", "..", "1e300.1e300"])
    func `rejects a cursor that was not issued`(cursor: String) async throws {
        let path = "externalcontacts/scan/contacts?cursor=" + cursor
        #expect(try await call("GET", path, try await token()).status == 400)
    }

    @Test func `lists teams by key without totals`() async throws {
        let token = try await token()
        let first = try await call("GET", "teams?pageSize=50", token).json
        #expect(first["total"] == nil && first["pageCount"] == nil)
        let next = try #require(first["nextUri"]?.string)
        let second = try await call("GET", String(next.dropFirst("/api/v2/".count)), token).json
        #expect((first["entities"]?.array?.count, second["entities"]?.array?.count) == (50, 10))
        #expect(second["nextUri"] == nil)
        #expect(try await call("GET", "teams?after=x", token).status == 400)
    }

    @Test func `lists only the queues of the client's divisions`() async throws {
        let token = try await token()
        let names = try await call("GET", "authorization/divisions", token).json["entities"]?.array?
            .compactMap { $0["name"]?.string }
        #expect(names == ["Home", "Support"])
        let all = try #require(try await call("GET", "routing/queues", token).json["entities"]?.array)
        let hidden = try #require(all.first { $0["division"]?["name"] == "Support" }?["id"]?.string)
        let control = Request(
            "POST", try HTTPURL("https://api.mypurecloud.com/_sim/client"),
            body: .bytes(Array(#"{"divisions": ["Home"]}"#.utf8)))
        #expect(try await InMemoryTransport(simulator).send(control).status == 204)
        let own = try #require(try await call("GET", "routing/queues", token).json["entities"]?.array)
        #expect((all.count, own.count) == (12, 10))
        let refusal = try await call("GET", "routing/queues/\(hidden)", token)
        #expect((refusal.status, refusal.json["code"]) == (403, "missing.permissions"))
    }

    @Test func `refuses calls beyond callsPerDay with a Retry-After of hours`() async throws {
        var options = Simulator.Options()
        options.callsPerDay = 2
        let simulator = Simulator(options, time: time)
        let token = try await token(simulator)
        for _ in 1...2 { #expect(try await call("GET", "users", token, on: simulator).status == 200) }
        time.advance(by: .seconds(3600))
        let request = Request(
            "GET", try HTTPURL(base + "users"), headers: ["Authorization": "Bearer \(token)"])
        let response = try await InMemoryTransport(simulator).send(request)
        #expect(response.status == 429)
        #expect(response.headers["Retry-After"] == "82800")
        time.advance(by: .seconds(82_800))
        let next = try await self.token(simulator)
        #expect(try await call("GET", "users", next, on: simulator).status == 200)
    }
}

extension GenesysResourcesTests {
    @Test func `a job returns conversations that were active in its interval and are available`() async throws {
        let token = try await token()
        func conversations(_ interval: JSON) async throws -> [JSON] {
            let submitted = try await call("POST", jobs, token, body: ["interval": interval])
            let id = try #require(submitted.json["jobId"]?.string)
            time.advance(by: .seconds(10))
            let results = try await call("GET", "\(jobs)/\(id)/results", token).json
            let end = try #require(results["dataAvailabilityDate"]?.string)
            let found = try #require(results["conversations"]?.array)
            #expect(found.allSatisfy { ($0["conversationStart"]?.string ?? "~") < end })
            #expect(found.allSatisfy { ($0["conversationEnd"]?.string ?? "") < end })
            return found
        }
        // A conversation starts every 15 minutes and lasts at least 30 seconds.
        let minute = try await conversations("2026-11-10T00:00:20.000Z/2026-11-10T00:00:30.000Z")
        #expect(minute.map { $0["conversationStart"] } == ["2026-11-10T00:00:00.000Z"])
        #expect(try await conversations("2026-11-10T00:14:50.000Z/2026-11-10T00:15:00.000Z").isEmpty)
        #expect(try await conversations("2026-11-10T00:00:00.000Z/2040-01-01T00:00:00.000Z").count > 10)
        #expect(try await conversations("2040-01-01T00:00:00.000Z/2040-01-02T00:00:00.000Z").isEmpty)
    }

    @Test func `an active conversation has no end`() async throws {
        let token = try await token()
        let now = time.now().wall
        // Advance to 20 seconds after the start of a conversation.
        let start = (now.secondsSince1970 / 900).rounded(.up) * 900
        time.advance(by: .seconds(start + 20 - now.secondsSince1970))
        let day = Timestamp(secondsSince1970: start).rfc3339.prefix(10)
        let body: JSON = [
            "interval": "\(day)T00:00:00.000Z/\(time.now().wall.rfc3339)", "order": "desc", "paging": ["pageSize": 2],
        ]
        let found = try await call("POST", query, token, body: body).json["conversations"]?.array ?? []
        #expect(found.map { $0["conversationEnd"] == nil } == [true, false])
        let segment = found.first?["participants"]?.array?[0]["sessions"]?.array?[0]["segments"]?.array?[0]
        #expect(segment?["segmentStart"] != nil)
        #expect(segment?["segmentEnd"] == nil)
    }

    @Test(arguments: [
        #"{"pageNumber":"2"}"#, #"{"pageNumber":1.5}"#, #"{"pageNumber":1e30}"#, #"{"pageSize":0}"#, "[]", #""x""#,
        "7",
    ])
    func `rejects a page that is not a whole number`(paging: String) async throws {
        let body: JSON = ["interval": past, "paging": try JSONReader.parse(Array(paging.utf8))]
        let answer = try await call("POST", query, token(), body: body)
        #expect(answer.status == 400)
        #expect(answer.json["code"] == "invalid.value")
    }

    @Test func `rejects a Content-Type other than JSON`() async throws {
        for (type, status) in [
            ("application/x-www-form-urlencoded", 415), ("text/plain", 415), ("application/json; charset=utf-8", 200),
        ] {
            let body: JSON = ["interval": past]
            let request = Request(
                "POST", try HTTPURL(base + query),
                headers: ["Authorization": "Bearer \(try await token())", "Content-Type": type],
                body: .bytes(body.bytes()))
            #expect(try await InMemoryTransport(simulator).send(request).status == status)
        }
    }

    @Test func `preserveIdleTTL does not reset the idle time of a token`() async throws {
        var options = Simulator.Options()
        options.idleTimeout = .seconds(300)
        let simulator = Simulator(options, time: time)
        let token = try await token(simulator)
        let first = try await call("GET", "tokens/me", token, on: simulator)
        #expect(first.json["dateTokenIdles"]?.string == (time.now().wall + .seconds(300)).rfc3339)
        time.advance(by: .seconds(200))
        let second = try await call("GET", "tokens/me?preserveIdleTTL=true", token, on: simulator)
        #expect(second.json["dateTokenIdles"] == first.json["dateTokenIdles"])
        time.advance(by: .seconds(101))
        #expect(try await call("GET", "tokens/me", token, on: simulator).status == 401)
    }

    @Test func `token information lists the divisions of the client's role`() async throws {
        let token = try await token()
        let all = try await call("GET", "authorization/divisions", token).json["entities"]?.array ?? []
        func divisions() async throws -> [String?] {
            let client = try await call("GET", "tokens/me", token).json["OAuthClient"]
            return client?["roleDivisions"]?.array?.map { $0["divisionId"]?.string } ?? []
        }
        #expect(try await divisions() == ["*"])
        let request = Request(
            "POST", try HTTPURL("http://control/_sim/client"),
            body: .bytes(Array(#"{"divisions":["Support"]}"#.utf8)))
        #expect(try await InMemoryTransport(simulator).send(request).status == 204)
        #expect(try await divisions() == [all.first { $0["name"] == "Support" }?["id"]?.string])
    }

    @Test func `errors have the platform's messages`() async throws {
        let token = try await token()
        let size = try await call("GET", "users?pageSize=501", token)
        #expect(
            size.json["message"] == "Value [501] is not valid for field type [pageSize]. Allowable values are: 1 to 500"
        )
        let ids = (0...100).map { "id=\($0)" }.joined(separator: "&")
        #expect(try await call("GET", "users?\(ids)", token).json["code"] == "max.user.ids")
    }

    @Test func `refuses intervals older than genesys-query-days-back`() async throws {
        var options = Simulator.Options()
        try options.assume("genesys-query-days-back=35")
        let simulator = Simulator(options, time: time)
        let token = try await token(simulator)
        for (days, status) in [(34.0, 200), (36.0, 400)] {
            let start = time.now().wall + .seconds(-days * 86400)
            let body: JSON = ["interval": "\(start.rfc3339)/\((start + .seconds(3600)).rfc3339)"]
            #expect(try await call("POST", query, token, body: body, on: simulator).status == status)
        }
    }
}
