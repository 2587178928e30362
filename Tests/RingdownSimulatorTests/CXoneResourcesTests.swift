import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

/// Refresh tokens, contacts and both kinds of jobs of CXone as documented in its fact page.
@Suite struct CXoneResourcesTests {
    private let time = ManualTime()
    private let simulator: Simulator
    private let api = "https://api-na1.niceincontact.com"

    init() {
        simulator = Simulator(time: time)
    }

    private func send(_ method: String, _ url: String, _ headers: Headers, _ body: String = "") async throws -> Response
    {
        let body = body.isEmpty ? Request.Body.none : .bytes(Array(body.utf8))
        return try await InMemoryTransport(simulator).send(Request(method, HTTPURL(url), headers: headers, body: body))
    }

    private func grant(_ parameters: [(name: String, value: FormURLEncoding.Value)]) async throws -> Response {
        let pair = "\(simulator.credentials.cxoneClientID):\(simulator.credentials.cxoneClientSecret)"
        let headers: Headers = ["Authorization": "Basic " + Base64.encode(Array(pair.utf8))]
        return try await send(
            "POST", "https://cxone.niceincontact.com/auth/token", headers, FormURLEncoding.encode(parameters).reveal()
        )
    }

    private func tokens() async throws -> JSON {
        let credentials = simulator.credentials
        return try JSONReader.parse(
            try await grant([
                ("grant_type", .text("password")), ("username", .text(credentials.cxoneAccessKeyID)),
                ("password", .text(credentials.cxoneAccessKeySecret)),
            ]).body
        )
    }

    private func bearer() async throws -> Headers {
        let token = try #require(try await tokens()["access_token"]?.string)
        return ["Authorization": "Bearer \(token)", "Accept": "application/json"]
    }

    @Test func `a refresh token is valid for twice the lifetime of an access token`() async throws {
        let refresh = try #require(try await tokens()["refresh_token"]?.string)
        func refreshed(_ token: String) async throws -> Response {
            try await grant([("grant_type", .text("refresh_token")), ("refresh_token", .text(token))])
        }
        time.advance(by: .seconds(7199))
        let response = try await refreshed(refresh)
        #expect(response.status == 200)
        #expect(try JSONReader.parse(response.body)["refresh_token"]?.string != refresh)
        time.advance(by: .seconds(1))
        #expect(try await refreshed(refresh).status == 400)
        #expect(try await refreshed("unknown").status == 400)
    }

    @Test func `a data extraction job has a bare string as id and a result on a host that refuses tokens`() async throws
    {
        let headers = try await bearer()
        let body =
            #"{"entityName":"recording-interaction-metadata","version":"7","startDate":"2026-11-01","endDate":"2026-11-01"}"#
        let submitted = try await send("POST", api + "/data-extraction/v1/jobs", headers, body)
        #expect(submitted.status == 202)
        let id = try #require(try JSONReader.parse(submitted.body).string)
        let job = "\(api)/data-extraction/v1/jobs/\(id)"
        #expect(try JSONReader.parse(try await send("GET", job, headers).body)["jobStatus"]?["status"] == "RUNNING")
        time.advance(by: .seconds(5))
        let status = try JSONReader.parse(try await send("GET", job, headers).body)["jobStatus"]
        #expect(status?["status"] == "SUCCEEDED")
        let link = try #require(status?["result"]?["url"]?.string)
        #expect(!link.contains("nice"))
        #expect(try await send("GET", link, headers).status == 400)
        let file = try await send("GET", link, [:])
        #expect(file.headers["Content-Type"] == "text/csv")
        #expect(String(decoding: file.body, as: UTF8.self).split(separator: "\r\n").count == 97)
        #expect(try await send("GET", link + "0", [:]).status == 403)
    }

    @Test func `limits the result of an interval of two thousand years`() async throws {
        let headers = try await bearer()
        let body = #"{"entityName":"x","version":"1","startDate":"0001-01-01","endDate":"2026-11-01"}"#
        let id = try #require(
            try JSONReader.parse(try await send("POST", api + "/data-extraction/v1/jobs", headers, body).body).string)
        time.advance(by: .seconds(5))
        let job = try JSONReader.parse(try await send("GET", "\(api)/data-extraction/v1/jobs/\(id)", headers).body)
        let link = try #require(job["jobStatus"]?["result"]?["url"]?.string)
        #expect(try await send("GET", link, [:]).body.count < 8_000_000)
    }

    @Test func `accepts one extraction job in 30 seconds and rejects a malformed job`() async throws {
        let headers = try await bearer()
        let body = #"{"entityName":"qm-workflows","version":"4","startDate":"2026-11-01","endDate":"2026-11-02"}"#
        let url = api + "/data-extraction/v1/jobs"
        #expect(try await send("POST", url, headers, #"{"entityName":"x"}"#).status == 400)
        #expect(try await send("POST", url, headers, body).status == 202)
        #expect(try await send("POST", url, headers, body).status == 429)
        time.advance(by: .seconds(30))
        #expect(try await send("POST", url, headers, body).status == 202)
        #expect(try JSONReader.parse(try await send("GET", url, headers).body)["jobs"]?.array?.count == 2)
        _ = try await send("POST", "http://control/_sim/reset", [:])
        #expect(try await send("POST", url, headers, body).status == 202)
    }

    @Test func `a report job returns a wrapped result with a Base64 file on the cluster host`() async throws {
        let headers = try await bearer()
        let base = api + "/incontactapi/services/v34.0/report-jobs/"
        let submitted = try await send("POST", base + "57?fileType=CSV", headers)
        #expect(submitted.status == 202)
        let id = try #require(try JSONReader.parse(submitted.body)["jobId"]?.int)
        #expect(
            try JSONReader.parse(try await send("GET", base + "\(id)", headers).body)["jobResult"]?["state"]
                == "Running")
        time.advance(by: .seconds(5))
        let result = try JSONReader.parse(try await send("GET", base + "\(id)", headers).body)["jobResult"]
        #expect(result?["state"] == "Finished")
        let url = try #require(result?["resultFileURL"]?.string)
        #expect(url.hasPrefix("https://api-b32.nice-incontact.com/inContactAPI/services/V35.0/files?fileName="))
        let file = try JSONReader.parse(try await send("GET", url, headers).body)["files"]?["file"]?.string
        let bytes = try #require(file.flatMap { Base64.decode($0) })
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("contactId,"))
        #expect(try await send("GET", base + "1", headers).status == 404)
    }

    @Test func `a data download reports errors with status 200 and no data with 204`() async throws {
        let headers = try await bearer()
        let base = api + "/incontactapi/services/v34.0/report-jobs/datadownload/350"
        let mistaken = try await send("POST", base, headers)
        #expect(mistaken.status == 200)
        #expect(try JSONReader.parse(mistaken.body)["errorMessage"]?.string?.isEmpty == false)
        let good = try await send(
            "POST", base + "?startDate=2026-11-01T00:00:00Z&endDate=2026-11-02T00:00:00Z", headers)
        #expect(try JSONReader.parse(good.body)["errorMessage"] == "")
        #expect(try JSONReader.parse(good.body)["URI"]?.string?.contains("V35.0") == true)
        let none = try await send(
            "POST", base + "?startDate=2027-11-01T00:00:00Z&endDate=2027-11-02T00:00:00Z", headers)
        #expect(none.status == 204)
    }

    @Test func `lists completed contacts with skip and top, links with the query, and 204 past the end`() async throws {
        let headers = try await bearer()
        let query = "startDate=2026-11-01T00:00:00Z&endDate=2026-11-02T00:00:00Z"
        var (ids, url): (Set<Int>, String?) = (
            [], "\(api)/incontactapi/services/v34.0/contacts/completed?\(query)&top=40"
        )
        while let next = url {
            let page = try JSONReader.parse(try await send("GET", next, headers).body)
            for contact in page["completedContacts"]?.array ?? [] {
                ids.insert(try #require(contact["contactId"]?.int))
            }
            url = page["_links"]?["next"]?.string
        }
        #expect(ids.count == 96)
        let path = api + "/incontactapi/services/v34.0/contacts/completed"
        #expect(try await send("GET", "\(path)?\(query)&skip=96", headers).status == 204)
        #expect(try await send("GET", path, headers).status == 400)
    }
}

extension CXoneResourcesTests {
    @Test func `a refresh requires no client, its token expires after two hours, and jti is a string`() async throws {
        let granted = try await tokens()
        let refresh = try #require(granted["refresh_token"]?.string)
        let claims = try claims(refresh)
        let (end, start) = (try #require(claims["exp"]?.int), try #require(claims["iat"]?.int))
        #expect(end - start == 7200)
        let access = try #require(granted["access_token"]?.string)
        #expect(try self.claims(access)["jti"]?.string != nil)
        let body = FormURLEncoding.encode([
            ("grant_type", .text("refresh_token")), ("refresh_token", .text(refresh)),
        ]).reveal()
        #expect(try await send("POST", "https://cxone.niceincontact.com/auth/token", [:], body).status == 200)
    }

    private func claims(_ token: String) throws -> JSON {
        let parts = token.split(separator: ".")
        return try JSONReader.parse(try #require(Base64.decode(String(parts[1]))))
    }

    @Test func `the token of a user who signed in identifies that user`() async throws {
        let credentials = simulator.credentials
        let people = try JSONReader.parse(try await send("GET", "http://control/_sim/people", [:]).body)
        let (name, id) = (
            try #require(people.array?[3]["username"]?.string), try #require(people.array?[3]["id"]?.string)
        )
        let verifier = String(repeating: "v", count: 43)
        let redirect = "http://127.0.0.1:9/done"
        let form = FormURLEncoding.encode([
            ("client_id", .text(credentials.cxoneClientID)), ("redirect_uri", .text(redirect)),
            ("response_type", .text("code")), ("code_challenge_method", .text("S256")),
            ("code_challenge", .text(Base64.encode(Sodium.sha256(Array(verifier.utf8)), .url))),
            ("username", .text(name)),
        ]).reveal()
        let back = try await send("POST", "https://cxone.niceincontact.com/auth/authorize", [:], form)
        #expect(back.headers["X-Ringdown-Hint"] == nil)
        let location = try HTTPURL(#require(back.headers["Location"]))
        let code = try #require(location.queryValue("code"))
        let answer = try await grant([
            ("grant_type", .text("authorization_code")), ("code", .text(code)), ("redirect_uri", .text(redirect)),
            ("code_verifier", .text(verifier)),
        ])
        let tokens = try JSONReader.parse(answer.body)
        let identity = try #require(tokens["id_token"]?.string)
        #expect(try claims(identity)["name"]?.string == name)
        let headers: Headers = ["Authorization": "Bearer \(try #require(tokens["access_token"]?.string))"]
        let who = try JSONReader.parse(
            try await send("GET", "https://cxone.niceincontact.com/auth/userinfo", headers).body)
        #expect(who["email"]?.string == name)
        #expect(who["sub"]?.string == "user:\(id)")
    }

    @Test func `the government area has its own issuer`() async throws {
        var options = Simulator.Options()
        options.cxoneArea = "na2"
        let simulator = Simulator(options, time: time)
        let known = simulator.credentials
        let body = FormURLEncoding.encode([
            ("grant_type", .text("password")), ("username", .text(known.cxoneAccessKeyID)),
            ("password", .text(known.cxoneAccessKeySecret)), ("client_id", .text(known.cxoneClientID)),
            ("client_secret", .text(known.cxoneClientSecret)),
        ]).reveal()
        let digital =
            #"{"grant_type":"client_credentials","client_id":"\#(known.cxoneClientID)","client_secret":"\#(known.cxoneClientSecret)"}"#
        for (url, body, status) in [
            ("https://cxone-gov.niceincontact.com/auth/token", body, 200),
            ("https://cxone.niceincontact.com/auth/token", body, 401),
            ("https://api-de-na2.nicecxone-gov.com/engager/2.0/token", digital, 200),
        ] {
            let request = Request("POST", try HTTPURL(url), body: .bytes(Array(body.utf8)))
            #expect(try await InMemoryTransport(simulator).send(request).status == status, "\(url)")
        }
    }

    @Test func `a link to a result is valid for an hour, and each status request returns a new link`() async throws {
        let submitted = try await send(
            "POST", api + "/data-extraction/v1/jobs", try await bearer(),
            #"{"entityName":"x","version":"7","startDate":"2026-11-01","endDate":"2026-11-01"}"#)
        let id = try #require(try JSONReader.parse(submitted.body).string)
        func link() async throws -> String {
            let job = try await send("GET", "\(api)/data-extraction/v1/jobs/\(id)", try await bearer())
            return try #require(try JSONReader.parse(job.body)["jobStatus"]?["result"]?["url"]?.string)
        }
        time.advance(by: .seconds(10))
        let first = try await link()
        time.advance(by: .seconds(3599))
        #expect(try await send("GET", first, [:]).status == 200)
        time.advance(by: .seconds(2))
        #expect(try await send("GET", first, [:]).status == 403)
        #expect(try await send("GET", try await link(), [:]).status == 200)
        #expect(try await send("GET", first.replacing("X-Amz-Date=2026", with: "X-Amz-Date=2036"), [:]).status == 403)
    }

    @Test func `a download uses fileName once and includeHeaders`() async throws {
        let headers = try await bearer()
        let services = api + "/incontactapi/services/v34.0/"
        let target =
            services
            + "report-jobs/datadownload/77?fileName=my.csv&startDate=2026-11-01&endDate=2026-11-02&includeHeaders=false"
        let done = try await send("POST", target, headers)
        let json = try JSONReader.parse(done.body)
        #expect(json["fileName"] == "Reports\\my.csv")
        #expect(done.headers["X-Ringdown-Hint"] == nil)
        let link = try #require(json["URI"]?.string)
        let file = try #require(
            try JSONReader.parse(try await send("GET", link, headers).body)["files"]?["file"]?.string)
        let text = String(decoding: try #require(Base64.decode(file)), as: UTF8.self)
        #expect(!text.contains("contactId"))
        #expect(text.contains(",2026-11-01T"))
        let again = try await send("POST", target, headers)
        #expect(again.status == 200)
        #expect(try JSONReader.parse(again.body)["errorMessage"]?.string?.contains("unique") == true)
    }

    @Test func `a failed extraction reports an error message in its result`() async throws {
        simulator.addFaults([try FaultRule("jobOutcome=FAILED")])
        let headers = try await bearer()
        let submitted = try await send(
            "POST", api + "/data-extraction/v1/jobs", headers,
            #"{"entityName":"x","version":"7","startDate":"2026-11-01","endDate":"2026-11-01"}"#)
        let id = try #require(try JSONReader.parse(submitted.body).string)
        time.advance(by: .seconds(10))
        let job = try JSONReader.parse(try await send("GET", "\(api)/data-extraction/v1/jobs/\(id)", headers).body)
        #expect(job["jobStatus"]?["result"]?["errorMessage"]?.string != nil)
    }
}
