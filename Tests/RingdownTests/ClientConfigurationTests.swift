import Ringdown
import RingdownCore
import RingdownOAuth
import RingdownSimulator
import RingdownTestSupport
import Testing

/// Clients that are configured with parameters, and secrets that are looked up when they are needed.
@Suite struct ClientConfigurationTests {
    private let time = ManualTime()
    private let simulator: Simulator
    private var credentials: Credentials { simulator.credentials }

    init() {
        simulator = Simulator(Simulator.Options(), time: time)
    }

    private func client(_ configuration: ClientConfiguration, store: (any TokenStore)? = nil) throws -> APIClient {
        try APIClient(configuration, transport: InMemoryTransport(simulator), store: store, time: time)
    }

    private func genesys(_ secret: SecretSource) -> ClientConfiguration {
        .genesysCloud(region: .usEast1, clientID: credentials.genesysClientID, clientSecret: secret)
    }

    @Test func `lists users of both platforms`() async throws {
        let genesys = genesys(.value(credentials.genesysClientSecret))
        let cxone = ClientConfiguration.cxone(
            area: .na1, clientID: credentials.cxoneClientID, clientSecret: credentials.cxoneClientSecret,
            accessKeyID: credentials.cxoneAccessKeyID, accessKeySecret: credentials.cxoneAccessKeySecret)
        for configuration in [genesys, cxone] {
            var count = 0
            for try await _ in try client(configuration).users() { count += 1 }
            #expect(count == 250)
        }
    }

    @Test func `a custom server receives the configured parameters`() async throws {
        let transport = ScriptedTransport { _ in Response(json: ["access_token": "t", "expires_in": 600]) }
        let client = try APIClient(
            .custom(
                tokenURL: "https://sso.example/token", apiURL: "https://api.example", clientID: "id",
                clientSecret: .value("s"), clientAuthentication: .body, scope: "a b", audience: "api"),
            transport: transport, time: time)
        _ = try await client.token()
        #expect(transport.requests.map(\.url.description) == ["https://sso.example/token"])
        #expect(
            transport.requests.first?.bodyText
                == "grant_type=client_credentials&scope=a+b&audience=api&client_id=id&client_secret=s")
    }

    @Test func `a given access token is sent to the API host of its region`() async throws {
        let transport = ScriptedTransport { _ in Response(json: ["name": "n"]) }
        let client = try APIClient(
            .accessToken(Secret("given"), region: .euWest1), transport: transport, time: time)
        #expect(try await client.get("/api/v2/organizations/me")["name"]?.string == "n")
        #expect(transport.requests.map(\.url.host) == ["api.mypurecloud.ie"])
        #expect(transport.requests.first?.revealedHeader("Authorization") == "Bearer given")
    }

    @Test func `every documented region and area has a name of its own`() {
        #expect(Set(GenesysRegion.all.map(\.name)).count == 18)
        #expect(Set(GenesysRegion.all.map(\.domain)).count == 18)
        #expect(Set(CXoneArea.all.map(\.name)).count == 7)
        #expect(GenesysRegion.euWest1.apiURL == "https://api.mypurecloud.ie")
    }

    // MARK: Invalid values

    private static let invalid: [(ClientConfiguration, String)] = [
        (.genesysCloud(region: .euWest1, clientID: "", clientSecret: "s"), "clientID is empty"),
        (.genesysCloud(region: .euWest1, clientID: "a\nb", clientSecret: "s"), "clientID contains a control character"),
        (
            .genesysCloud(region: .euWest1, clientID: " a", clientSecret: "s"),
            "clientID starts or ends with white space"
        ),
        (.genesysCloud(region: .euWest1, clientID: "a", clientSecret: ""), "clientSecret is empty"),
        (.genesysCloud(region: .euWest1, clientID: "a", clientSecret: "s\n"), "clientSecret contains a line break"),
        (.genesysCloud(region: .euWest1, clientID: "a", clientSecret: "s\u{1}"), "clientSecret contains a control"),
        (.genesysCloud(region: .euWest1, clientID: "a", clientSecret: .file("")), "clientSecret: the path"),
        (
            .genesysCloud(region: .euWest1, clientID: "a", clientSecret: .value("s"), loginURL: "https://gw.example"),
            "loginURL is set without apiURL"
        ),
        (
            .genesysCloud(
                region: .euWest1, clientID: "a", clientSecret: .value("s"), loginURL: "http://gw.example",
                apiURL: "https://gw.example"), "loginURL uses plain HTTP"
        ),
        (
            .cxone(area: .na1, clientID: "a", clientSecret: .value("s"), accessKeyID: "k"),
            "accessKeyID is set without accessKeySecret"
        ),
        (
            .cxone(area: .na1, clientID: "a", clientSecret: .value("s"), accessKeySecret: .value("k")),
            "accessKeySecret is set without accessKeyID"
        ),
        (.cxone(area: .na1, clientID: "a", clientSecret: .value("s"), apiVersion: "latest"), "apiVersion: 'latest'"),
        (
            .cxone(area: .na1, clientID: "a", clientSecret: .value("s"), loopbackOrigins: ["https://example.com"]),
            "loopbackOrigins: https://example.com is not on loopback"
        ),
        (.custom(tokenURL: "sso.example", clientID: "a", clientSecret: .value("s")), "tokenURL: "),
        (.custom(tokenURL: "http://sso.example", clientID: "a", clientSecret: .value("s")), "tokenURL uses plain HTTP"),
        (.custom(tokenURL: "https://sso.example", clientID: "a"), "clientSecret is required"),
        (
            .custom(
                tokenURL: "https://sso.example", clientID: "a", clientSecret: .value("s"), clientAuthentication: .mtls),
            "clientSecret is not used"
        ),
        (.accessToken(Secret("a b")), "the access token"),
    ]

    @Test(arguments: ClientConfigurationTests.invalid.indices)
    func `an invalid value is rejected with the name of its parameter`(index: Int) throws {
        let (configuration, message) = Self.invalid[index]
        let error = try #require(throws: ConfigurationError.self) { _ = try client(configuration) }
        #expect(error.message.hasPrefix(message))
        #expect(!error.hint.isEmpty)
        #expect(!error.hint.contains("'ringdown "))
        #expect(simulator.requestCount == 0)
    }

    @Test func `plain HTTP is allowed on loopback`() throws {
        _ = try client(.custom(tokenURL: "http://127.0.0.1:8080/token", clientID: "a", clientSecret: .value("s")))
    }

    @Test func `an unknown region or area is rejected with the nearest names`() throws {
        let region = try #require(throws: ConfigurationError.self) { _ = try GenesysRegion.named("eu-wst-1") }
        #expect(region.hint.contains("eu-west-1"))
        let area = try #require(throws: ConfigurationError.self) { _ = try CXoneArea.named("us-east-1") }
        #expect(area.hint.contains("na1"))
        #expect(try CXoneArea.named("XY2").name == "xy2")
    }

    @Test func `an unknown profile is rejected with the nearest names`() throws {
        let directory = try ScratchDirectory()
        try File.makeDirectory(directory.path + "/ringdown")
        let content =
            "GENESYS_CLIENT_ID=\(credentials.genesysClientID)\nGENESYS_CLIENT_SECRET='s'\nRINGDOWN_CACHE=off\n"
        try File.replace(directory.path + "/ringdown/prod.env", with: Array(content.utf8))
        let variables = ["XDG_CONFIG_HOME": directory.path]
        #expect(try client(.profile("prod", variables: variables)).profile.clientID == credentials.genesysClientID)
        let error = try #require(throws: ConfigurationError.self) {
            _ = try client(.profile("prd", variables: variables))
        }
        #expect(error.hint.contains("prod"))
        #expect(throws: ConfigurationError.self) { _ = try client(.profile("../x", variables: variables)) }
    }

    @Test func `a printed secret source contains no secret`() {
        #expect("\(SecretSource.value("hidden"))" == "<redacted>")
        var text = ""
        dump(SecretSource.value("hidden"), to: &text)
        #expect(!text.contains("hidden"))
    }

    // MARK: Providers and files

    /// A provider that returns secrets in turn, and the last one for ever.
    private final class Vault: Sendable {
        private let state: Locked<(secrets: [String], calls: Int)>

        init(_ secrets: String...) { state = Locked((secrets, 0)) }

        var calls: Int { state.withLock { $0.calls } }

        func next() -> Secret {
            state.withLock { state in
                state.calls += 1
                return Secret(state.secrets.count > 1 ? state.secrets.removeFirst() : state.secrets[0])
            }
        }
    }

    @Test func `a provider is called for the first token, once for all callers`() async throws {
        let vault = Vault(credentials.genesysClientSecret)
        let client = try client(genesys(.provider { vault.next() }))
        #expect(vault.calls == 0)
        try await withThrowingTaskGroup { group in
            for _ in 0..<50 { group.addTask { _ = try await client.token() } }
            try await group.waitForAll()
        }
        _ = try await client.token(force: true)
        #expect(vault.calls == 1)
    }

    @Test func `a provider is called again after the server rejects its secret`() async throws {
        let vault = Vault("old", credentials.genesysClientSecret)
        let client = try client(genesys(.provider { vault.next() }))
        _ = try await client.token()
        #expect(vault.calls == 2)
        #expect(simulator.requestCount == 2)
    }

    @Test func `a rejected secret that has not changed is sent once`() async throws {
        let vault = Vault("wrong")
        let client = try client(genesys(.provider { vault.next() }))
        let error = await #expect(throws: TokenError.self) { try await client.token() }
        #expect(error?.code == .credentialsRefused)
        #expect(vault.calls == 2)
        #expect(simulator.requestCount == 1)
    }

    @Test func `both secrets of CXone can be looked up`() async throws {
        let (first, second) = (credentials.cxoneClientSecret, credentials.cxoneAccessKeySecret)
        let client = try client(
            .cxone(
                area: .na1, clientID: credentials.cxoneClientID, clientSecret: .provider { Secret(first) },
                accessKeyID: credentials.cxoneAccessKeyID, accessKeySecret: .provider { Secret(second) }))
        _ = try await client.token()
    }

    private struct VaultDown: Error, CustomStringConvertible {
        var description: String { "vault\nis sealed" }
    }

    @Test(arguments: ["throws", "empty", "line break", "cancelled"])
    func `a provider without a secret fails the token request with the reason`(kind: String) async throws {
        let client = try client(
            genesys(
                .provider {
                    switch kind {
                    case "throws": throw VaultDown()
                    case "empty": Secret("")
                    case "line break": Secret("a\nb")
                    default: throw CancellationError()
                    }
                }))
        let error = try #require(await #expect(throws: TokenError.self) { try await client.token() })
        #expect(error.code == .secretUnavailable)
        let reasons = [
            "throws": #"the provider failed: vault\nis sealed"#, "empty": "the secret is empty",
            "line break": "the secret contains a line break", "cancelled": "the provider was cancelled",
        ]
        #expect(error.message == "clientSecret: " + (reasons[kind] ?? ""))
        #expect(simulator.requestCount == 0)
    }

    @Test func `a provider that fails is called again for a later request`() async throws {
        let vault = Vault("", credentials.genesysClientSecret)
        let client = try client(genesys(.provider { vault.next() }))
        await #expect(throws: TokenError.self) { try await client.token() }
        time.advance(by: .seconds(10))
        _ = try await client.token()
    }

    @Test func `a provider that ignores its cancellation keeps no caller waiting beyond the time limit`() async throws {
        let gate = Locked<CheckedContinuation<Void, Never>?>(nil)
        let client = try client(
            genesys(
                .provider {
                    await withCheckedContinuation { continuation in gate.withLock { $0 = continuation } }
                    return Secret("late")
                }))
        let caller = Task { try await client.token() }
        await time.waitForSleepers(1)
        time.advance(by: .seconds(31))
        let error = try #require(await #expect(throws: TokenError.self) { try await caller.value })
        #expect(error.code == .secretUnavailable)
        #expect(error.message == "clientSecret: no secret within 30 s")
        gate.withLock { $0 }?.resume()
    }

    @Test func `cancelling a caller ends its wait for a provider`() async throws {
        let gate = Locked<CheckedContinuation<Void, Never>?>(nil)
        let client = try client(
            genesys(
                .provider {
                    await withCheckedContinuation { continuation in gate.withLock { $0 = continuation } }
                    return Secret("late")
                }))
        let caller = Task { try await client.token() }
        await time.waitForSleepers(1)
        caller.cancel()
        await #expect(throws: (any Error).self) { try await caller.value }
        gate.withLock { $0 }?.resume()
    }

    @Test func `a file is read for the first token, and again after its secret is rejected`() async throws {
        let directory = try ScratchDirectory()
        let path = directory.path + "/secret"
        let client = try client(genesys(.file(path)))
        let missing = try #require(await #expect(throws: TokenError.self) { try await client.token() })
        #expect(missing.message.contains(path))
        time.advance(by: .seconds(10))
        try File.replace(path, with: Array((credentials.genesysClientSecret + "\n").utf8))
        _ = try await client.token()
        simulator.addFaults([try FaultRule("path=/oauth/token,rotateSecret=true,times=1")])
        try File.replace(path, with: Array((credentials.genesysClientSecret + "-1").utf8))
        _ = try await client.token(force: true)
    }
}
