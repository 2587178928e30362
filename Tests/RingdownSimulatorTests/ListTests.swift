import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

/// Listed items exist, and lists apply their parameters or name the ignored ones in a hint.
@Suite struct ListTests {
    private let simulator = Simulator(time: ManualTime())
    private let genesys = "https://api.mypurecloud.com"
    private let cxone = "https://api-na1.niceincontact.com/incontactapi/services/v34.0/"

    private func token(_ url: String, _ pair: (String, String), _ body: String) async throws -> String {
        let authorization = "Basic " + Base64.encode(Array("\(pair.0):\(pair.1)".utf8))
        let request = Request(
            "POST", try HTTPURL(url),
            headers: ["Authorization": authorization, "Content-Type": "application/x-www-form-urlencoded"],
            body: .bytes(Array(body.utf8)))
        let response = try await InMemoryTransport(simulator).send(request)
        return try #require(try JSONReader.parse(response.body)["access_token"]?.string)
    }

    private func genesysToken() async throws -> String {
        let known = simulator.credentials
        return try await token(
            "https://login.mypurecloud.com/oauth/token", (known.genesysClientID, known.genesysClientSecret),
            "grant_type=client_credentials")
    }

    private func get(
        _ url: String, _ token: String, _ body: JSON? = nil
    ) async throws -> (status: Int, json: JSON, hint: String?) {
        let request = Request(
            body == nil ? "GET" : "POST", try HTTPURL(url),
            headers: ["Authorization": "Bearer \(token)", "Accept": "application/json"],
            body: body.map { .bytes($0.bytes()) } ?? .none)
        let response = try await InMemoryTransport(simulator).send(request)
        let json = response.body.isEmpty ? .null : try JSONReader.parse(response.body)
        return (response.status, json, response.headers["X-Ringdown-Hint"])
    }

    @Test(
        arguments: [
            "users", "teams", "routing/queues", "routing/skills", "authorization/divisions", "oauth/clients",
            "externalcontacts/scan/contacts",
        ])
    func `returns every listed item at its own URI`(path: String) async throws {
        let token = try await genesysToken()
        let list = try await get("\(genesys)/api/v2/\(path)", token)
        #expect(list.hint == nil)
        let items = try #require(list.json["entities"]?.array)
        #expect(!items.isEmpty)
        for item in items {
            let uri = try #require(item["selfUri"]?.string)
            let one = try await get(genesys + uri, token)
            #expect(one.status == 200)
            #expect(one.json == item)
            let unknown = try await get(genesys + uri.dropLast(4) + "0000", token)
            #expect(unknown.status == 404)
        }
    }

    @Test func `filters users by id and keeps the parameters in links`() async throws {
        let token = try await genesysToken()
        let all = try await get("\(genesys)/api/v2/users", token).json["entities"]?.array ?? []
        let (first, last) = (try #require(all.first?["id"]?.string), try #require(all.last?["id"]?.string))
        let target =
            "/api/v2/users?id=\(last)&id=\(first)&id=00000000-0000-4000-8000-000000000000&pageSize=1&state=active"
        let page = try await get(genesys + target, token)
        #expect(page.json["total"] == 2)
        #expect(page.json["entities"]?.array?.first?["id"]?.string == last)
        #expect(page.hint == nil)
        let next = try await get(genesys + #require(page.json["nextUri"]?.string), token).json
        #expect(next["entities"]?.array?.map { $0["id"]?.string } == [first])
        #expect(next["nextUri"] == nil)
    }

    @Test(arguments: [
        ("Queue 1", ["Queue 1"]), ("queue 1*", ["Queue 1", "Queue 10", "Queue 11", "Queue 12"]),
        ("*2", ["Queue 2", "Queue 12"]), ("*EUE 11*", ["Queue 11"]), ("1", []),
    ])
    func `filters queues by name`(name: String, found: [String]) async throws {
        let token = try await genesysToken()
        let list = try await get("\(genesys)/api/v2/routing/queues?name=\(percentEncoded(name))", token)
        #expect(list.json["entities"]?.array?.compactMap { $0["name"]?.string } == found)
        #expect(list.hint == nil)
    }

    @Test func `names ignored parameters in a hint, also in a cached response`() async throws {
        let token = try await genesysToken()
        for _ in 1...2 {
            let hint = try await get("\(genesys)/api/v2/users?pageSize=5&expand=presence&sortOrder=desc", token).hint
            #expect(hint == "the simulator ignores 'expand', 'sortOrder' here; the platform may support them")
        }
        #expect(try await get("\(genesys)/api/v2/teams?expand=entities", token).hint?.contains("'expand'") == true)
        let query: JSON = [
            "interval": "2026-11-01T06:00:00.000Z/2026-11-02T18:00:00.000Z", "segmentFilters": [], "order": "asc",
        ]
        let answer = try await get("\(genesys)/api/v2/analytics/conversations/details/query", token, query)
        #expect(answer.status == 200)
        #expect(answer.hint?.contains("'segmentFilters'") == true)
        #expect(answer.hint?.contains("'order'") == false)
    }

    @Test func `finds a SCIM user by filter and by id and rejects unsupported filters`() async throws {
        let token = try await genesysToken()
        let path = genesys + "/api/v2/scim/v2/users"
        let all = try await get(path, token).json["Resources"]?.array ?? []
        let user = try #require(all.last)
        let (id, name) = (try #require(user["id"]?.string), try #require(user["userName"]?.string))
        #expect(try await get("\(path)/\(id)", token).json == user)
        #expect(try await get("\(path)/unknown", token).status == 404)
        for filter in ["id eq \(id)", "userName eq \"\(name)\"", "email eq \(name.uppercased())"] {
            let found = try await get("\(path)?filter=\(percentEncoded(filter))", token).json
            #expect(found["totalResults"] == 1)
            #expect(found["Resources"]?.array == [user])
        }
        for filter in ["userName eq unknown@example.com", "userName eq \"x.y.99999@example.com\"", "active eq false"] {
            #expect(try await get("\(path)?filter=\(percentEncoded(filter))", token).json["totalResults"] == 0)
        }
        for filter in ["userName co a", "title eq x", "id eq \"a\" or id eq \"b\"", "eq"] {
            let refused = try await get("\(path)?filter=\(percentEncoded(filter))", token)
            #expect(refused.status == 400)
            #expect(refused.json["scimType"] == "invalidFilter")
        }
    }

    @Test func `conversations refer to existing queues`() async throws {
        let token = try await genesysToken()
        let queues = try await get("\(genesys)/api/v2/routing/queues", token).json["entities"]?.array ?? []
        let query: JSON = ["interval": "2026-11-01T06:00:00.000Z/2026-11-02T18:00:00.000Z", "paging": ["pageSize": 50]]
        let answer = try await get("\(genesys)/api/v2/analytics/conversations/details/query", token, query).json
        let found = (answer["conversations"]?.array ?? []).map { conversation in
            conversation["participants"]?.array?[1]["sessions"]?.array?[0]["segments"]?.array?[0]["queueId"]?.string
        }
        #expect(found.count == 50)
        #expect(Set(found).isSubset(of: queues.map { $0["id"]?.string }))
    }

    @Test func `filters CXone agents by isActive across pages`() async throws {
        let known = simulator.credentials
        let token = try await token(
            "https://cxone.niceincontact.com/auth/token", (known.cxoneClientID, known.cxoneClientSecret),
            "grant_type=password&username=\(percentEncoded(known.cxoneAccessKeyID))&password=\(percentEncoded(known.cxoneAccessKeySecret))"
        )
        var counts: [Int] = []
        for state in ["true", "false"] {
            var (url, count) = (cxone + "agents?isActive=\(state)&top=100", 0)
            while true {
                let page = try await get(url, token)
                let agents = page.json["agents"]?.array ?? []
                #expect(agents.allSatisfy { $0["isActive"] == .bool(state == "true") })
                #expect(page.hint == nil)
                count += agents.count
                guard let next = page.json["_links"]?["next"]?.string else { break }
                url = next
            }
            counts.append(count)
        }
        #expect(counts.reduce(0, +) == 250)
        #expect(counts[1] > 0)
        #expect(try await get(cxone + "agents?fields=agentId", token).hint?.contains("'fields'") == true)
    }
}
