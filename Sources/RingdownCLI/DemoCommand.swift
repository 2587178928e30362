internal import Ringdown
internal import RingdownCore
internal import RingdownCurl
internal import RingdownOAuth
internal import RingdownSimulator

struct DemoCommand: Command {
    static let name = "demo"
    static let abstract = "The tour, on the embedded simulator: no account, no network."
    static let examples = [(line: "ringdown demo", purpose: "Both platforms in a few seconds")]

    /// Short, so that a token ends while the demo runs.
    private static let lifetime: Duration = .seconds(1)
    private static let pageSize = 25

    func run() async throws -> Int32 {
        let output = Context.current.standardOutput
        var options = Simulator.Options()
        options.tokenLifetime = Self.lifetime
        let live = try LiveSimulator(Simulator(options))
        try output.line(
            """
            Ringdown: pick up, and there is a valid access token.

            A simulator of Genesys Cloud and NICE CXone now answers on
            \(live.addresses.genesys) and its neighbours; nothing leaves this machine.
            Its tokens live for only \(Self.lifetime.spoken), so that they end while we work.
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
        try output.line("  token    \(token.value.count) characters, good for \(token.lifetime.spoken)")
        let identity = try await client.whoami()
        try output.line("  whoami   \(identity.organizationName ?? "?"), region \(client.profile.region ?? "?")")
        let first = try await readUsers(client, output)
        for user in first { try output.line("           \(aligned(user.name, 20)) \(user.email ?? "")") }
        let story = live.simulator.story(since: start)
        let last = try await client.token()
        try output.line(
            "  expiry   the first token ended: \(story.tokenRequests) tokens, \(story.calls) calls, \(story.refused) refused"
                + (last == token ? "" : "; nobody noticed")
        )
    }

    /// Reads everybody, slowly enough for the token to end, and returns the first three.
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
        try output.line("  users    \(count), in pages of \(Self.pageSize); the first are")
        return first
    }

    private static let nextSteps = """

        The same against your own account, in ten lines of shell:

          export PATH="$PWD/.build/release:$PATH"
          export GENESYS_REGION=eu-west-1 GENESYS_CLIENT_ID=...  # 'ringdown regions'
          export GENESYS_CLIENT_SECRET_FILE=~/.genesys-secret    # only you can read it
          ringdown whoami --platform genesys
          ringdown users --platform genesys --output csv > users.csv
          ringdown api --platform genesys GET '/api/v2/users?pageSize=5'
          export CXONE_CLIENT_ID=... CXONE_ACCESS_KEY_ID=...     # the app, a user's key
          export CXONE_CLIENT_SECRET_FILE=~/.cxone-secret
          export CXONE_ACCESS_KEY_SECRET_FILE=~/.cxone-key       # it ends in ====
          ringdown users --platform cxone --output csv > agents.csv

        """
}
