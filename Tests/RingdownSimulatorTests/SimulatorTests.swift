import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

/// The simulated platforms respond as documented in the fact pages.
@Suite struct SimulatorTests {
    private let time = ManualTime()
    private let simulator: Simulator

    init() {
        simulator = Simulator(time: time)
    }

    private func send(
        _ method: String, _ url: String, _ headers: Headers = ["Accept": "application/json"], body: String = ""
    ) async throws -> Response {
        let body = body.isEmpty ? Request.Body.none : .bytes(Array(body.utf8))
        return try await InMemoryTransport(simulator).send(Request(method, HTTPURL(url), headers: headers, body: body))
    }

    private func json(_ response: Response) throws -> JSON { try JSONReader.parse(response.body) }

    private func basic(_ id: String, _ secret: String) -> Headers {
        ["Authorization": "Basic " + Base64.encode(Array("\(id):\(secret)".utf8)), "Accept": "application/json"]
    }

    private func bearer(_ token: String) -> Headers {
        ["Authorization": "Bearer \(token)", "Accept": "application/json"]
    }

    private func genesysToken(_ domain: String = "mypurecloud.com", secret: String? = nil) async throws -> Response {
        let credentials = simulator.credentials
        let headers = basic(credentials.genesysClientID, secret ?? credentials.genesysClientSecret)
        return try await send(
            "POST", "https://login.\(domain)/oauth/token", headers, body: "grant_type=client_credentials")
    }

    private func validGenesysToken() async throws -> String {
        try #require(try json(try await genesysToken())["access_token"]?.string)
    }

    private func cxoneToken(_ body: String? = nil) async throws -> Response {
        let credentials = simulator.credentials
        let standard = FormURLEncoding.encode([
            ("grant_type", .text("password")), ("username", .text(credentials.cxoneAccessKeyID)),
            ("password", .text(credentials.cxoneAccessKeySecret)),
        ]).reveal()
        let headers = basic(credentials.cxoneClientID, credentials.cxoneClientSecret)
        return try await send("POST", "https://cxone.niceincontact.com/auth/token", headers, body: body ?? standard)
    }

    // MARK: Genesys Cloud

    @Test func `a token response has exactly three members`() async throws {
        let response = try await genesysToken()
        let members = try #require(try json(response).members)
        #expect(response.status == 200)
        #expect(members.map(\.name) == ["access_token", "token_type", "expires_in"])
        #expect(members[1].value == "bearer")
        #expect(members[2].value == 86400)
        #expect(response.headers["ININ-Correlation-Id"]?.count == 36)
        #expect(response.headers["Date"] == time.now().wall.httpDate)
    }

    @Test func `a client exists in one region only, and errors have status 400 and all three keys`() async throws {
        let elsewhere = try await genesysToken("mypurecloud.ie")
        #expect(elsewhere.status == 400)
        #expect(
            try json(elsewhere) == [
                "error": "invalid_client", "description": "client not found", "error_description": "client not found",
            ])
        let wrong = try await genesysToken(secret: "wrong")
        #expect(wrong.status == 400)
        #expect(try json(wrong)["error_description"] == "authentication failed")
    }

    @Test(arguments: ["https://api.mypurecloud.com/oauth/token", "https://login.mypurecloud.com/api/v2/oauth/token"])
    func `token endpoints that exist only in tutorials return 404 or 401`(url: String) async throws {
        let response = try await send("POST", url, body: "grant_type=client_credentials")
        #expect(response.status == 404 || response.status == 401)
    }

    @Test func `a token is valid in one region only, and unknown hosts return 502`() async throws {
        let token = try await validGenesysToken()
        #expect(try await send("GET", "https://api.mypurecloud.ie/api/v2/tokens/me", bearer(token)).status == 401)
        #expect(try await send("GET", "https://api.eu.mypurecloud.com/api/v2/tokens/me", bearer(token)).status == 502)
    }

    @Test func `several tokens are valid until each expires or is deleted`() async throws {
        let (first, second) = (try await validGenesysToken(), try await validGenesysToken())
        let me = "https://api.mypurecloud.com/api/v2/tokens/me"
        #expect(first != second)
        #expect(try await send("GET", me, bearer(first)).status == 200)
        #expect(try await send("HEAD", me, bearer(second)).status == 200)
        #expect(try await send("DELETE", me, bearer(first)).status == 204)
        #expect(try await send("GET", me, bearer(first)).status == 401)
        #expect(try await send("GET", me, bearer(second)).status == 200)
        time.advance(by: .seconds(86400))
        let expired = try await send("GET", me, bearer(second))
        #expect(expired.status == 401)
        #expect(try json(expired)["code"] == "bad.credentials")
    }

    @Test func `returns the platform's errors without a token, without a user and for unknown paths`() async throws {
        let api = "https://api.mypurecloud.com/api/v2"
        let missing = try await send("GET", api + "/users")
        #expect(missing.status == 401)
        #expect(try json(missing)["code"] == "authentication.required")
        let token = try await validGenesysToken()
        let user = try await send("GET", api + "/users/me", bearer(token))
        #expect(user.status == 400)
        #expect(try json(user)["code"] == "not.a.user")
        #expect(try json(user)["contextId"]?.string == user.headers["ININ-Correlation-Id"])
        let absent = try await send("GET", api + "/organizations", bearer(token))
        #expect(absent.status == 404)
        #expect(try json(absent)["code"] == "not.found")
    }

    @Test func `lists every user once in pages with relative links`() async throws {
        let token = try await validGenesysToken()
        var ids: Set<String> = []
        var path: String? = "/api/v2/users"
        var pages = 0
        while let next = path {
            let page = try json(try await send("GET", "https://api.mypurecloud.com" + next, bearer(token)))
            for user in page["entities"]?.array ?? [] { ids.insert(try #require(user["id"]?.string)) }
            #expect(page["total"] == 250)
            #expect(page["pageCount"] == 10)
            path = page["nextUri"]?.string
            pages += 1
        }
        #expect(pages == 10)
        #expect(ids.count == 250)
        let past = try json(
            try await send("GET", "https://api.mypurecloud.com/api/v2/users?pageNumber=11", bearer(token)))
        #expect(past["entities"] == [])
    }

    @Test(arguments: ["pageSize=0", "pageSize=x", "pageNumber=-1", "pageSize=501", "pageNumber=99999999999999999999"])
    func `rejects invalid paging parameters`(query: String) async throws {
        let token = try await validGenesysToken()
        #expect(try await send("GET", "https://api.mypurecloud.com/api/v2/users?\(query)", bearer(token)).status == 400)
    }

    @Test func `a page number beyond the last page returns an empty page`() async throws {
        let token = try await validGenesysToken()
        let url = "https://api.mypurecloud.com/api/v2/users?pageSize=500&pageNumber=\(Int.max)"
        #expect(try json(try await send("GET", url, bearer(token)))["entities"] == [])
    }

    @Test func `refuses the 301st call of a token within a minute and accepts calls in the next minute`() async throws {
        let (token, url) = (try await validGenesysToken(), "https://api.mypurecloud.com/api/v2/tokens/me")
        for call in 1...300 {
            let response = try await send("GET", url, bearer(token))
            #expect(response.headers["inin-ratelimit-count"] == String(call))
        }
        let refused = try await send("GET", url, bearer(token))
        #expect(refused.status == 429)
        #expect(refused.headers["Retry-After"] == "60")
        #expect(refused.headers["inin-ratelimit-allowed"] == "300")
        #expect(try await send("GET", url, bearer(try await validGenesysToken())).status == 200)
        time.advance(by: .seconds(60))
        #expect(try await send("GET", url, bearer(token)).status == 200)
    }

    // MARK: NICE CXone

    @Test func `discovery returns the token endpoint and the API host`() async throws {
        let metadata = try json(
            try await send("GET", "https://cxone.niceincontact.com/.well-known/openid-configuration"))
        #expect(metadata["token_endpoint"] == "https://cxone.niceincontact.com/auth/token")
        #expect(metadata["grant_types_supported"] == nil)
        let path = "https://cxone.niceincontact.com/.well-known/cxone-configuration"
        let tenant = try json(try await send("GET", "\(path)?tenantId=\(simulator.credentials.cxoneTenantID)"))
        #expect(tenant["api_endpoint"] == "https://api-na1.niceincontact.com")
        #expect(try await send("GET", "\(path)?tenantId=unknown").status == 404)
    }

    @Test func `the password grant returns JSON Web Tokens with the tenant ID`() async throws {
        let granted = try json(try await cxoneToken())
        #expect(granted["expires_in"] == 3600)
        let parts = try #require(granted["access_token"]?.string).split(separator: ".")
        let claims = try JSONReader.parse(try #require(Base64.decode(parts[1], .url)))
        #expect(parts.count == 3)
        #expect(claims["tenantId"]?.string == simulator.credentials.cxoneTenantID)
        #expect(granted["refresh_token"] != nil && granted["id_token"] != nil)
    }

    @Test(
        arguments: [
            ("grant_type=client_credentials", 400, "unsupported_grant_type"),
            ("grant_type=password&username=x&password=y", 400, "invalid_grant"),
            ("", 400, "invalid_request"),
        ] as [(String, Int, String)])
    func `refuses other token requests with an OAuth error`(body: String, status: Int, error: String) async throws {
        let response = try await cxoneToken(body)
        #expect(response.status == status)
        #expect(try json(response)["error"]?.string == error)
    }

    @Test func `the access-key endpoint and Digital Engagement accept JSON`() async throws {
        let credentials = simulator.credentials
        let key: JSON = [
            "accessKeyId": .string(credentials.cxoneAccessKeyID),
            "accessKeySecret": .string(credentials.cxoneAccessKeySecret),
        ]
        let regional = "https://na1.nice-incontact.com/authentication/v1/token/access-key"
        #expect(try await send("POST", regional, body: key.description).status == 200)
        #expect(try await send("POST", regional, body: "{}").status == 401)
        let client: JSON = [
            "grant_type": "client_credentials", "client_id": .string(credentials.cxoneClientID),
            "client_secret": .string(credentials.cxoneClientSecret),
        ]
        let digital = try await send(
            "POST", "https://api-de-na1.niceincontact.com/engager/2.0/token", body: client.description)
        #expect(digital.status == 200)
        #expect(try json(digital)["refresh_token"] == nil)
    }

    @Test func `lists agents with absolute links to the cluster host and returns 204 past the end`() async throws {
        let token = try #require(try json(try await cxoneToken())["access_token"]?.string)
        let path = "https://api-na1.niceincontact.com/incontactapi/services/v34.0/agents"
        let first = try json(try await send("GET", path + "?top=200", bearer(token)))
        let next = try #require(first["_links"]?["next"]?.string)
        #expect(next == "https://api-b32.nice-incontact.com/inContactAPI/services/v34.0/agents?skip=200&top=200")
        let last = try json(try await send("GET", next, bearer(token)))
        #expect(last["agents"]?.array?.count == 50)
        #expect(last["_links"]?["next"] == nil)
        let past = try await send("GET", path + "?skip=250", bearer(token))
        #expect(past.status == 204 && past.body.isEmpty)
        #expect(try await send("GET", path + "?skip=1&top=\(Int.max)", bearer(token)).status == 200)
    }

    @Test func `requires Accept: application/json and reports errors in a header field`() async throws {
        let token = try #require(try json(try await cxoneToken())["access_token"]?.string)
        let path = "https://api-na1.niceincontact.com/incontactapi/services/v34.0/agents"
        let response = try await send("GET", path, ["Authorization": "Bearer \(token)", "Accept": "*/*"])
        #expect(String(decoding: response.body, as: UTF8.self) == "No known way to render data")
        let refused = try await send("GET", path, bearer("nonsense"))
        #expect(refused.status == 401 && refused.body.isEmpty)
        #expect(refused.headers["icStatusDescription"] != nil)
    }

    // MARK: Calls that exist only in tutorials

    private static let invented: [(String, String, Int, String)] = [
        ("POST", "https://login.mypurecloud.com/api/v2/oauth/token", 404, "login"),
        ("POST", "https://api.mypurecloud.com/oauth/token", 404, "login"),
        ("GET", "https://api.mypurecloud.com/api/v2/organizations", 404, "organizations/me"),
        ("POST", "https://cxone.niceincontact.com/oauth2/token", 404, "discovery"),
        ("POST", "https://api-na1.niceincontact.com/api/v2/oauth/token", 404, "discovery"),
        ("GET", "https://api-na1.niceincontact.com/api/v2/users", 404, "agents"),
        ("GET", "https://api-na1.niceincontact.com/api/v2/account", 404, "business-unit"),
    ]

    @Test(arguments: invented)
    func `refuses calls that exist only in tutorials with a hint, and accepts them if lenient`(
        method: String, url: String, status: Int, hint: String
    ) async throws {
        let credentials = simulator.credentials
        let isGenesys = url.contains("mypurecloud")
        let body = FormURLEncoding.encode([
            ("grant_type", .text("client_credentials")),
            ("client_id", .text(isGenesys ? credentials.genesysClientID : credentials.cxoneClientID)),
            ("client_secret", .text(isGenesys ? credentials.genesysClientSecret : credentials.cxoneClientSecret)),
        ]).reveal()
        var options = Simulator.Options()
        options.isLenient = true
        for (simulator, isLenient) in [(simulator, false), (Simulator(options, time: time), true)] {
            let token =
                isGenesys ? try await token(simulator, Self.genesysLogin) : try await token(simulator, Self.cxoneLogin)
            let headers = method == "GET" ? bearer(token) : [:]
            let request = Request(
                method, try HTTPURL(url), headers: headers, body: method == "GET" ? .none : .bytes(Array(body.utf8)))
            let response = try await InMemoryTransport(simulator).send(request)
            #expect(response.headers["X-Ringdown-Hint"]?.contains(hint) == true)
            if isLenient {
                #expect(response.status == 200)
            } else {
                #expect(response.status == status || response.status == 401)
            }
        }
    }

    private static let genesysLogin = "https://login.mypurecloud.com/oauth/token"
    private static let cxoneLogin = "https://cxone.niceincontact.com/auth/token"

    private func token(_ simulator: Simulator, _ url: String) async throws -> String {
        let credentials = simulator.credentials
        let isGenesys = url == Self.genesysLogin
        let body =
            isGenesys
            ? "grant_type=client_credentials"
            : FormURLEncoding.encode([
                ("grant_type", .text("password")), ("username", .text(credentials.cxoneAccessKeyID)),
                ("password", .text(credentials.cxoneAccessKeySecret)),
            ]).reveal()
        let headers =
            isGenesys
            ? basic(credentials.genesysClientID, credentials.genesysClientSecret)
            : basic(credentials.cxoneClientID, credentials.cxoneClientSecret)
        let request = Request("POST", try HTTPURL(url), headers: headers, body: .bytes(Array(body.utf8)))
        return try #require(try json(try await InMemoryTransport(simulator).send(request))["access_token"]?.string)
    }

    @Test func `ignores a scope at the token endpoint and returns a hint`() async throws {
        let credentials = simulator.credentials
        let headers = basic(credentials.genesysClientID, credentials.genesysClientSecret)
        let response = try await send(
            "POST", Self.genesysLogin, headers, body: "grant_type=client_credentials&scope=view%3Ausers")
        #expect(response.status == 200)
        #expect(response.headers["X-Ringdown-Hint"]?.contains("view:users") == true)
        #expect(try await genesysToken().headers["X-Ringdown-Hint"] == nil)
    }

    // MARK: Journal, seed and robustness

    @Test func `the journal lists requests with reasons and without secrets until a reset`() async throws {
        let token = try await validGenesysToken()
        _ = try await genesysToken(secret: "wrong")
        _ = try await send("GET", "https://api.mypurecloud.com/api/v2/users?pageSize=1", bearer(token))
        let journal = try json(try await send("GET", "http://control/_sim/journal"))
        let rows = try #require(journal.array)
        #expect(rows.compactMap { $0["reason"]?.string } == ["token granted", "wrong secret", "valid token"])
        #expect(rows.compactMap { $0["status"]?.int } == [200, 400, 200])
        #expect(rows[2]["path"] == "/api/v2/users" && rows[2]["query"] == "pageSize=1")
        #expect(rows[2]["client"]?.string == simulator.credentials.genesysClientID)
        #expect(rows[0]["host"] == "login.mypurecloud.com" && rows[0]["time"]?.string == time.now().wall.rfc3339)
        #expect(
            !journal.description.contains(token)
                && !journal.description.contains(simulator.credentials.genesysClientSecret))
        #expect(try await send("POST", "http://control/_sim/reset").status == 204)
        #expect(try json(try await send("GET", "http://control/_sim/journal")) == [])
    }

    @Test func `generated credentials depend on the seed`() {
        var options = Simulator.Options()
        options.seed = 2
        #expect(Simulator(time: time).credentials.genesysClientID == simulator.credentials.genesysClientID)
        #expect(Simulator(options, time: time).credentials.genesysClientID != simulator.credentials.genesysClientID)
        #expect(simulator.credentials.cxoneAccessKeySecret.count == 56)
        #expect(simulator.credentials.cxoneAccessKeySecret.hasSuffix("===="))
    }

    @Test func `answers random requests without a crash`() async throws {
        let paths = [
            "/oauth/token", "/auth/token", "/api/v2/users", "/incontactapi/services/v34.0/agents", "/engager/2.0/token",
            "/",
        ]
        let hosts = [
            "login.mypurecloud.com", "api.mypurecloud.com", "cxone.niceincontact.com", "api-na1.niceincontact.com",
            "api-de-na1.niceincontact.com", "other",
        ]
        let genesys = try await validGenesysToken()
        let cxone = try #require(try json(try await cxoneToken())["access_token"]?.string)
        let alphabet = Array("grant_type=&{}[]\":%+,0123456789pageSizeNumberskiptop")
        func noise(_ count: Int) -> String {
            String((0..<Int.random(in: 0...count)).map { _ in alphabet[Int.random(in: alphabet.indices)] })
        }
        for _ in 0..<3000 {
            let query = noise(20).filter { !"{}[]\"".contains($0) }
            let url = "https://\(hosts.randomElement() ?? "")\(paths.randomElement() ?? "")?\(query)"
            let headers = bearer([genesys, cxone, "x"].randomElement() ?? "")
            let response = try await send(["GET", "POST", "PUT"].randomElement() ?? "", url, headers, body: noise(40))
            #expect((200..<600).contains(response.status))
        }
    }

    @Test func `a live simulator has separate ports for its hosts`() async throws {
        let live = try LiveSimulator(Simulator(time: time))
        let ports = Set(live.environment.filter { $0.value.hasPrefix("http") && !$0.value.contains(",") }.map(\.value))
        #expect(ports.count == 4)
        #expect(live.addresses.cxoneAPI != live.addresses.cxoneCluster)
    }
}
