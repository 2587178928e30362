import Ringdown
import RingdownCore
import RingdownOAuth
import RingdownSimulator
import RingdownStores
import RingdownTestSupport
import Testing

@Suite struct SignInTests {
    private let directory: ScratchDirectory
    private let time = ManualTime()
    private let simulator: Simulator
    private let transport: InMemoryTransport
    private let store: FileStore

    init() throws {
        directory = try ScratchDirectory()
        simulator = Simulator(Simulator.Options(), time: time)
        transport = InMemoryTransport(simulator)
        store = FileStore(directory: directory.path + "/cache", account: "a person")
    }

    private func profile(_ platform: String) throws -> Profile {
        let known = simulator.credentials
        return try Profile(
            Settings(environment: [
                "RINGDOWN_PLATFORM": platform, "GENESYS_CLIENT_ID": known.genesysClientID,
                "CXONE_CLIENT_ID": known.cxoneClientID, "GENESYS_GRANT": "authorization_code",
                "CXONE_GRANT": "authorization_code",
            ]))
    }

    /// Submits the sign-in form as a browser does, and returns the query of the redirect.
    private func signIn(at url: HTTPURL) async throws -> [(name: String, value: String)] {
        let form = FormURLEncoding.encode(
            url.queryItems.map { ($0.name, .text($0.value)) } + [
                ("username", .text(try #require(await firstPerson()))), ("decision", .text("allow")),
            ])
        let request = Request("POST", try HTTPURL(url.origin.description + url.path), body: .secret(form))
        let response = try await transport.send(request)
        #expect(response.status == 302)
        return try HTTPURL(try #require(response.headers["Location"])).queryItems
    }

    private func firstPerson() async throws -> String? {
        let response = try await transport.send(
            Request("GET", try HTTPURL("https://login.mypurecloud.com/_sim/people")))
        return try JSONReader.parse(response.body).array?.first?["username"]?.string
    }

    private func session(_ profile: Profile) async throws -> SignInSession {
        try await SignInSession(
            profile, redirectURI: "http://127.0.0.1:1/callback", transport: transport, store: store, time: time)
    }

    @Test(arguments: ["genesys", "cxone"])
    func `requests tokens with the refresh token after a sign-in`(platform: String) async throws {
        let profile = try profile(platform)
        let session = try await session(profile)
        let (first, staysSignedIn) = try await session.finish(try await signIn(at: session.url))
        #expect(staysSignedIn)
        let source = APIClient(profile, transport: transport, store: store, time: time)
        #expect(try await source.token().value == first.value)
        for _ in 0..<3 {
            let former = try await source.token()
            time.advance(by: platform == "genesys" ? .seconds(86500) : .seconds(3700))
            #expect(try await source.token().value != former.value)
        }
    }

    @Test func `rejects a code that was used before`() async throws {
        let session = try await session(try profile("genesys"))
        let query = try await signIn(at: session.url)
        _ = try await session.finish(query)
        let error = await #expect(throws: TokenError.self) { try await session.finish(query) }
        #expect(error?.oauthError == "invalid_grant")
    }

    @Test func `reports a missing or expired sign-in`() async throws {
        let profile = try profile("cxone")
        let source = APIClient(profile, transport: transport, store: store, time: time)
        var error = await #expect(throws: TokenError.self) { try await source.token() }
        #expect(error?.code == .signInRequired)
        let session = try await session(profile)
        _ = try await session.finish(try await signIn(at: session.url))
        time.advance(by: .seconds(8000))
        let later = APIClient(profile, transport: transport, store: store, time: time)
        error = await #expect(throws: TokenError.self) { try await later.token() }
        #expect(error?.code == .signInRequired && error?.message.contains("the sign-in has expired") == true)
    }

    @Test func `the sign-in page rejects invalid parameters`() async throws {
        let good = try await session(try profile("genesys")).url.description
        for (part, other) in [
            ("response_type=code", "response_type=token"), ("S256", "plain"), ("127.0.0.1", "evil.example"),
            ("client_id=", "client_id=x"),
        ] {
            let changed = good.split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
            #expect(try await transport.send(Request("GET", try HTTPURL(changed))).status == 400)
        }
    }
}
