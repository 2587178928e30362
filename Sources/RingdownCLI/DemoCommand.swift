internal import Ringdown
internal import RingdownCore
internal import RingdownCurl
internal import RingdownOAuth
internal import RingdownSimulator

struct DemoCommand: Command {
    static let name = "demo"
    static let abstract = "Run a tour on the embedded simulator, without an account or a network."
    static let examples = [(line: "ringdown demo", purpose: "See both platforms in a few seconds")]

    /// Short enough that a token expires while the demo runs.
    private static let lifetime: Duration = .seconds(1)
    private static let pageSize = 25

    func run() async throws -> Int32 {
        let output = Context.current.standardOutput
        var options = Simulator.Options()
        options.tokenLifetime = Self.lifetime
        let live = try LiveSimulator(Simulator(options))
        try output.line(
            """
            Ringdown demo: access tokens and API calls on both platforms.

            A simulator of Genesys Cloud and NICE CXone is running on
            \(live.addresses.genesys) and adjacent ports. No request leaves this machine.
            Its tokens are valid for only \(Self.lifetime.spoken), so that they expire during the demo.
            """)
        for platform in ["genesys", "cxone"] {
            var variables = Dictionary(uniqueKeysWithValues: live.environment.map { ($0.name, $0.value) })
            variables["RINGDOWN_PLATFORM"] = platform
            let settings = Settings(environment: variables)
            let client = APIClient(
                try Profile(settings), transport: try CurlTransport(settings), time: Context.current.time)
            try await tell(client, live, output)
        }
        try output.write(Self.nextSteps)
        return ExitCode.done
    }

    private func tell(_ client: APIClient, _ live: LiveSimulator, _ output: any Output) async throws {
        let start = live.simulator.requestCount
        try output.line("\n\(client.profile.platform.title)")
        let token = try await client.token()
        try output.line("  token    \(token.value.count) characters, valid for \(token.lifetime.spoken)")
        let identity = try await client.whoami()
        try output.line("  whoami   \(identity.organizationName ?? "?"), region \(client.profile.region ?? "?")")
        let first = try await readUsers(client, output)
        for user in first { try output.line("           \(aligned(user.name, 20)) \(user.email ?? "")") }
        let story = live.simulator.story(since: start)
        let last = try await client.token()
        try output.line(
            "  expiry   the first token expired: \(story.tokenRequests) tokens, \(story.calls) calls, \(story.refused) rejected"
                + (last == token ? "" : "; no call failed")
        )
    }

    /// Lists all users, slowly enough for the token to expire.
    ///
    /// - Returns: The first three users.
    private func readUsers(_ client: APIClient, _ output: any Output) async throws -> [User] {
        var first: [User] = []
        var count = 0
        for try await user in client.users(pageSize: Self.pageSize) {
            if first.count < 3 { first.append(user) }
            count += 1
            guard count % Self.pageSize == 0 else { continue }
            if output.isTerminal {
                try output.writeUnfiltered("\r  users    \(String(repeating: "=", count: count / 10))> \(count)")
            }
            try await Context.current.time.sleep(for: .milliseconds(130))
        }
        if output.isTerminal { try output.writeUnfiltered("\r\u{1B}[K") }
        try output.line("  users    \(count), in pages of \(Self.pageSize); the first three:")
        return first
    }

    private static let nextSteps = """

        Run the same steps with your own account:

          export PATH="$PWD/.build/release:$PATH"
          export GENESYS_REGION=eu-west-1 GENESYS_CLIENT_ID=...  # see 'ringdown regions'
          export GENESYS_CLIENT_SECRET_FILE=~/.genesys-secret    # readable only by you
          ringdown whoami --platform genesys
          ringdown users --platform genesys --output csv > users.csv
          ringdown api --platform genesys GET '/api/v2/users?pageSize=5'
          export CXONE_CLIENT_ID=... CXONE_ACCESS_KEY_ID=...     # application, access key
          export CXONE_CLIENT_SECRET_FILE=~/.cxone-secret
          export CXONE_ACCESS_KEY_SECRET_FILE=~/.cxone-key       # ends in ====
          ringdown users --platform cxone --output csv > agents.csv

        """
}
