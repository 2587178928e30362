import RingdownCLI
import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

/// Runs complete command lines in this process, against the simulated platforms in memory.
@Suite struct CommandsTests {
    private struct Outcome {
        let code: Int32
        let output: String
        let errors: String
    }

    private let directory: ScratchDirectory
    private let simulator = Simulator()

    init() throws {
        directory = try ScratchDirectory()
    }

    private func run(
        _ line: String, _ more: [String: String] = [:], transport: (any Transport)? = nil
    ) async -> Outcome {
        let credentials = simulator.credentials
        let variables = [
            "GENESYS_CLIENT_ID": credentials.genesysClientID, "GENESYS_CLIENT_SECRET": credentials.genesysClientSecret,
            "CXONE_CLIENT_ID": credentials.cxoneClientID, "CXONE_CLIENT_SECRET": credentials.cxoneClientSecret,
            "CXONE_ACCESS_KEY_ID": credentials.cxoneAccessKeyID,
            "CXONE_ACCESS_KEY_SECRET": credentials.cxoneAccessKeySecret,
            "HOME": directory.path, "RINGDOWN_CACHE_DIR": directory.path + "/cache",
        ].merging(more) { $1 }.filter { !$0.value.isEmpty }
        let (output, errors) = (RecordedOutput(), RecordedOutput())
        let context = Context(
            variables: variables, workingDirectory: directory.path, standardOutput: output, standardError: errors,
            transport: transport ?? InMemoryTransport(simulator)
        )
        let code = await Context.$current.withValue(context) {
            await RingdownTool.run(line.split(separator: " ").map(String.init))
        }
        return Outcome(code: code, output: output.text, errors: errors.text)
    }

    @Test func `returns the cached token without a request`() async throws {
        let first = await run("token --platform genesys")
        let second = await run("token --platform genesys")
        #expect(first.code == 0 && first.errors == "")
        #expect(second.output == first.output)
        #expect(simulator.requestCount == 1)
        let forced = await run("token --platform genesys --force")
        #expect(forced.output != first.output)
    }

    @Test func `prints the same token in every format`() async throws {
        let raw = await run("token --platform genesys").output
        let token = String(raw.dropLast())
        #expect(await run("token --platform genesys --format header").output == "Authorization: Bearer \(raw)")
        #expect(
            await run("token --platform genesys --format env").output.hasPrefix(
                "export RINGDOWN_ACCESS_TOKEN='\(token)'\n"))
        let json = try JSONReader.parse(Array(await run("token --platform genesys --format json").output.utf8))
        #expect(json["access_token"]?.string == token)
        #expect(json["token_type"] == "Bearer" && json["platform"] == "genesys")
        #expect((86300...86400).contains(json["expires_in"]?.int ?? 0))
    }

    @Test(arguments: ["genesys", "cxone"])
    func `lists the same users in every format`(platform: String) async throws {
        let json = await run("users --platform \(platform) --output json").output
        let list = try #require(try JSONReader.parse(Array(json.utf8)).array)
        #expect(list.count == 250)
        let lines = await run("users --platform \(platform) --output ndjson").output.split(separator: "\n")
        #expect(try lines.map { try JSONReader.parse(Array($0.utf8)) } == list)
        #expect(await run("users --platform \(platform) --output csv").output.split(separator: "\r\n").count == 251)
        #expect(await run("users --platform \(platform) --limit 3").output.split(separator: "\n").count == 4)
    }

    @Test func `prints an API response unchanged`() async throws {
        let outcome = await run("api GET /api/v2/tokens/me --platform genesys")
        #expect(try JSONReader.parse(Array(outcome.output.utf8))["OAuthClient"] != nil)
        #expect(await run("api BREW /api/v2/users --platform genesys").code == 64)
    }

    /// A command line, changes to its environment, the exit code, and words that standard error must contain.
    private static let failures: [(String, [String: String], Int32, [String])] = [
        (
            "token", ["GENESYS_CLIENT_ID": "", "CXONE_CLIENT_ID": "", "CXONE_ACCESS_KEY_ID": ""], 78,
            ["GENESYS_CLIENT_ID", "the environment"]
        ),
        ("token", [:], 78, ["genesys and cxone", "--platform"]),
        (
            "token --platform genesys", ["GENESYS_CLIENT_SECRET": ""], 78,
            ["GENESYS_CLIENT_SECRET is not set", "the environment"]
        ),
        (
            "token --platform genesys", ["GENESYS_CLIENT_SECRET": "wrong"], 4,
            ["authentication failed", "secret is wrong"]
        ),
        (
            "token --platform genesys --region eu-west-1", [:], 4,
            ["client not found", "another region", "regions --find"]
        ),
        ("token --platform genesys --region eu-west-9", [:], 78, ["eu-west-9", "eu-west-1"]),
        ("token --platform genesys --region za", [:], 78, ["me-central-1"]),
        ("token --platform cxone", ["CXONE_ACCESS_KEY_SECRET": "cut"], 4, ["invalid_grant", "===="]),
        ("token nowhere", [:], 78, ["profile 'nowhere' does not exist", "nowhere.env"]),
        ("token ../etc", [:], 78, ["is not a profile name"]),
        ("token --frmat json", [:], 64, ["--frmat", "--format"]), ("tokn", [:], 64, ["tokn", "token"]),
        ("token --format yaml", [:], 64, ["yaml", "raw, json, header, curl, env"]),
        ("token --min-ttl", [:], 64, ["--min-ttl", "DURATION"]),
        ("token --min-ttl soon", [:], 64, ["90s"]), ("api GET", [:], 64, ["PATH is missing"]),
        ("token a b", [:], 64, ["'b'"]),
        ("token genesys", [:], 78, ["--platform genesys"]), ("api /x", [:], 64, ["METHOD and PATH"]),
        ("simulate ringdown whoami", [:], 64, ["'--' before"]), ("simulate sh -c x", [:], 64, ["'--' before"]),
        ("token --region=", [:], 64, ["--region is empty"]), ("api GET users --platform genesys", [:], 64, ["slash"]),
        (
            "token --platform genesys", ["GENESYS_CLIENT_SECRET": "", "GENESYS_CLIENT_SECRT": "x"], 78,
            ["GENESYS_CLIENT_SECRT"]
        ),
        ("token --platform genesys", ["GENESYS_CLIENT_SECRET": "\"quoted\""], 4, ["is quoted"]),
        ("token --platform genesys", ["GENESYS_CLIENT_SECRET": "line\n"], 4, ["line break"]),
        ("token --platform genesys", ["GENESYS_ORGANIZATION_ID": "other"], 4, ["GENESYS_ORGANIZATION_ID is wrong"]),
        ("regions --find", ["GENESYS_LOGIN_URL": "https://gw.example"], 78, ["unset it"]),
        ("token --platform genesys --min-ttl 30h", [:], 1, ["24 h", "30 h"]),
        ("api GET /api/v2/users/me --platform genesys", [:], 1, ["user context", "tokens/me", "correlation id"]),
        ("api GET https://evil.example/ --platform genesys", [:], 1, ["evil.example", "not sent"]),
        ("token --platform genesys", ["RINGDOWN_CACHE": "floppy"], 78, ["floppy"]),
        ("token --platform genesys --insecure", ["CI": "true"], 78, ["refused", "--insecure=yes"]),
        (
            "token --platform genesys", ["GENESYS_LOGIN_URL": "https://id:hunter2@gw.example"], 78,
            ["user name or password"]
        ),
    ]

    @Test(arguments: failures)
    func `reports invalid input with a clear error and the documented exit code`(
        line: String, variables: [String: String], code: Int32, words: [String]
    ) async throws {
        let outcome = await run(line, variables)
        #expect(outcome.code == code)
        #expect(outcome.output == "")
        for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
        #expect(!outcome.errors.contains(simulator.credentials.genesysClientSecret))
        #expect(outcome.errors.utf8.count < 1000)
    }

    @Test func `reports errors as JSON with --output json`() async throws {
        let outcome = await run("token --platform genesys --output json", ["GENESYS_CLIENT_SECRET": "wrong"])
        let error = try JSONReader.parse(Array(outcome.errors.utf8))["error"]
        #expect(error?["status"] == 400)
        #expect(error?["code"] == "credentialsRefused")
        #expect(error?["correlationId"]?.string?.count == 36)
        #expect(error?["hint"] != nil && error?["message"] != nil)
    }

    @Test(
        arguments: [
            (TransportError.Code.nameResolution, 7), (.connection, 7), (.timeout, 7), (.certificate, 7),
            (.proxyAuthentication, 7),
            (.responseTooLarge, 1), (.setup, 78), (.cancelled, 2),
        ] as [(TransportError.Code, Int32)])
    func `maps each network error to its exit code`(reason: TransportError.Code, code: Int32) async {
        let transport = ScriptedTransport { _ throws(TransportError) in
            throw TransportError(reason, place: "https://x", message: "it broke")
        }
        let outcome = await run("token --platform genesys --max-wait 0s", transport: transport)
        #expect(outcome.code == code)
        #expect(outcome.errors.contains("it broke") || reason == .cancelled)
    }

    @Test func `exits with 6 for rate limits, 5 for missing permissions and 7 for outages`() async throws {
        for (status, code) in [(429, 6), (403, 5), (503, 7)] as [(Int, Int32)] {
            let transport = ScriptedTransport { request in
                request.url.path == "/oauth/token"
                    ? Response(json: ["access_token": "t", "expires_in": 60]) : Response(status: status)
            }
            #expect(await run("api GET /x --platform genesys --max-wait 0s", transport: transport).code == code)
        }
        let limited: JSON = ["error": "invalid_request", "error_description": "rate limit exceeded; wait"]
        let transport = ScriptedTransport { _ in Response(status: 400, json: limited) }
        #expect(await run("token --platform genesys --force --max-wait 0s", transport: transport).code == 6)
    }

    @Test func `reports an outage of all regions as unreachable`() async {
        let transport = ScriptedTransport { _ throws(TransportError) in
            throw TransportError(.nameResolution, place: "https://x", message: "no such name")
        }
        let outcome = await run("regions --find", transport: transport)
        #expect(outcome.code == 7)
        #expect(outcome.errors.contains("no region could be reached"))
    }

    @Test func `reads a profile file and reports the number of an invalid line`() async throws {
        let credentials = simulator.credentials
        let profiles = directory.path + "/.config/ringdown"
        try File.makeDirectory(profiles)
        let text =
            "export RINGDOWN_PLATFORM=genesys\nGENESYS_CLIENT_ID='\(credentials.genesysClientID)'\nGENESYS_CLIENT_SECRET=\"\(credentials.genesysClientSecret)\"\n"
        try File.replace(profiles + "/prod.env", with: Array(text.utf8))
        let nothing = ["GENESYS_CLIENT_ID": "", "GENESYS_CLIENT_SECRET": ""]
        #expect(await run("token prod", nothing).code == 0)
        try File.replace(profiles + "/prod.env", with: Array((text + "oops\n").utf8))
        let broken = await run("token prod", nothing)
        #expect(broken.code == 78)
        #expect(broken.errors.contains("prod.env, line 4"))
        try File.replace(directory.path + "/.env", with: Array(text.utf8))
        #expect(await run("token", nothing).code == 0)
    }

    @Test func `quotes a hostile token for the shell that evaluates it`() async throws {
        let transport = ScriptedTransport { _ in Response(json: ["access_token": "a';touch${IFS}x", "expires_in": 60]) }
        let outcome = await run("token --platform genesys --format env", transport: transport)
        #expect(outcome.output.hasPrefix(#"export RINGDOWN_ACCESS_TOKEN='a'\'';touch${IFS}x'"# + "\n"))
    }

    @Test func `rejects commands and other hosts in ./.env, and a file that others can write`()
        async throws
    {
        let path = directory.path + "/.env"
        try File.replace(path, with: Array("GENESYS_CLIENT_SECRET=cmd:touch \(directory.path)/ran\n".utf8))
        let outcome = await run("token --platform genesys", ["GENESYS_CLIENT_SECRET": ""])
        #expect(outcome.code == 78)
        #expect(!directory.names.contains("ran"))
        try File.replace(path, with: Array("GENESYS_LOGIN_URL=https://login.elsewhere.example\n".utf8))
        let redirected = await run("token --platform genesys")
        #expect(redirected.code == 78 && redirected.errors.contains("GENESYS_LOGIN_URL must not control"))
        let trusted = await run(
            "token --platform genesys --trust-directory",
            transport: ScriptedTransport { request in
                Response(json: ["access_token": .string(request.url.host), "expires_in": 100])
            })
        #expect(trusted.output == "login.elsewhere.example\n")
        try File.replace(path, with: Array("GENESYS_CLIENT_SECRET_FILE=/etc/hostname\n".utf8))
        let reading = await run("token --platform genesys", ["GENESYS_CLIENT_SECRET": ""])
        #expect(reading.code == 78 && reading.errors.contains("GENESYS_CLIENT_SECRET_FILE"))
        directory.changePermissions(0o666, of: ".env")
        let shared = await run("token --platform genesys")
        #expect(shared.code == 78 && shared.errors.contains("accessible to other users"))
    }

    @Test func `checks the minimum validity of a token`() async throws {
        let transport = ScriptedTransport { request in
            Response(json: ["access_token": .string("t\(request.url.host.count)"), "expires_in": 100])
        }
        #expect(await run("token --platform genesys", transport: transport).code == 0)
        #expect(await run("token --platform genesys --min-ttl 50s", transport: transport).code == 0)
        #expect(transport.requests.count == 1)
        #expect(await run("token --platform genesys --min-ttl 99999us", transport: transport).code == 64)
        #expect(await run("token --platform genesys --min-ttl 100s", transport: transport).code == 1)
    }

    @Test func `uses a given token and reports no expiry for it`() async throws {
        let given = [
            "GENESYS_CLIENT_ID": "", "CXONE_CLIENT_ID": "", "CXONE_ACCESS_KEY_ID": "",
            "GENESYSCLOUD_ACCESS_TOKEN": "given",
        ]
        let json = try JSONReader.parse(Array(await run("token --output json", given).output.utf8))
        #expect(json["access_token"] == "given" && json["expires_at"] == nil)
        let refused = await run("whoami", given)
        #expect(refused.code == 4 && refused.errors.contains("GENESYSCLOUD_ACCESS_TOKEN"))
        #expect(await run("token", given.merging(["GENESYSCLOUD_ACCESS_TOKEN": "a\u{1}b"]) { $1 }).code == 78)
    }

    @Test func `requires --insecure=yes in CI`() async throws {
        let outcome = await run("token --platform genesys --insecure=yes", ["CI": "true"])
        #expect(outcome.code == 0 && outcome.errors.contains("WARNING"))
        #expect(await run("token --insecure=no").code == 64)
    }

    @Test func `requests no more items than --limit`() async throws {
        #expect(await run("users --platform genesys --limit 5").output.split(separator: "\n").count == 6)
        #expect(simulator.requestCount == 2)
    }

    @Test func `prints the token and a warning if the cache is unusable`() async throws {
        try File.replace(directory.path + "/file", with: [])
        let outcome = await run("token --platform genesys", ["RINGDOWN_CACHE_DIR": directory.path + "/file"])
        #expect(outcome.code == 0)
        #expect(outcome.output.count > 40)
        #expect(outcome.errors.contains("not cached"))
        #expect(
            await run("token --platform genesys --quiet", ["RINGDOWN_CACHE_DIR": directory.path + "/file"]).errors == ""
        )
    }

    @Test func `logs each request and no token with --verbose`() async throws {
        let outcome = await run("whoami --platform genesys --verbose")
        #expect(outcome.errors.contains("GET /api/v2/tokens/me 200"))
        #expect(outcome.errors.contains("POST https://login.mypurecloud.com/oauth/token 200"))
        #expect(await run("token --platform genesys -v").errors.contains("found a cached token"))
        let token = await run("token --platform genesys").output.dropLast()
        #expect(!outcome.errors.contains(token))
    }

    @Test func `prints help with examples for every command`() async {
        for command in RingdownTool.tree.commands {
            let outcome = await run("\(command.name) --help")
            #expect(outcome.code == 0)
            #expect(outcome.output.contains("Usage: ringdown \(command.name)"))
            #expect(outcome.output.contains("Examples:"))
            #expect(await run("help \(command.name)").output == outcome.output)
            for line in outcome.output.split(separator: "\n") { #expect(line.count <= 130) }
        }
        #expect(await run("").output == RingdownTool.tree.help())
    }

    @Test func `lists regions and finds the region of a client`() async throws {
        let list = try JSONReader.parse(Array(await run("regions --output json").output.utf8))
        #expect(list.array?.count == 25)
        let found = await run("regions --find")
        #expect(found.code == 0)
        #expect(found.errors.contains("GENESYS_REGION=us-east-1"))
        #expect(await run("regions --find", ["GENESYS_CLIENT_ID": "unknown"]).code == 4)
    }

    @Test(arguments: [
        "GENESYS_CLIENT_SECRET=x", "GENESYS_CLIENT_SECRET_FILE=DIRECTORY/victim", "GENESYS_CLIENT_SECRET_NEXT=x",
    ])
    func `rotate does not write the secret of the environment into the working directory`(text: String) async throws {
        let (file, victim) = (directory.path + "/.env", directory.path + "/victim")
        let line = text.replacing("DIRECTORY", with: directory.path) + "\n"
        try File.replace(victim, with: [1])
        try File.replace(file, with: Array(line.utf8))
        let secret = simulator.credentials.genesysClientSecret
        let outcome = await run("rotate --platform genesys", ["GENESYS_CLIENT_SECRET_NEXT": secret])
        #expect(outcome.code == 78)
        #expect(try File.read(victim) == [1])
        #expect(try File.read(file) == Array(line.utf8))
    }
}
