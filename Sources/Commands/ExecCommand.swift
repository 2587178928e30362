internal import CommandLineKit
internal import ContactCenter
internal import Foundations
internal import Tokens

struct ExecCommand: Command {
    static let name = "exec"
    static let abstract = "Run a command with a token in its environment, kept fresh in a file."
    static let discussion = """
        The command finds the token in RINGDOWN_ACCESS_TOKEN and under the name that the vendor's own tools read, as
        GENESYSCLOUD_ACCESS_TOKEN. A variable cannot change while a program runs, so the file that RINGDOWN_TOKEN_FILE names
        holds the token that is valid now: only its owner can read it, it is replaced before the token ends, and it is gone when
        the command is. RINGDOWN_API_URL is where the API is.

        With several profiles each has variables with its name in them, RINGDOWN_PROD_ACCESS_TOKEN, …_TOKEN_FILE, …_API_URL for
        'prod'; those without a name are the first one's.

        Secrets of the client are not handed on, unless --keep-secrets is given. Signals, exit code, terminal and standard input
        are the command's.
        """
    static let examples = [
        (line: "ringdown exec prod -- terraform plan", purpose: "A tool of the vendor's, without the secret"),
        (
            line:
                "ringdown exec -- sh -c 'curl -H \"Authorization: Bearer $(cat \"$RINGDOWN_TOKEN_FILE\")\" \"$RINGDOWN_API_URL/api/v2/tokens/me\"'",
            purpose: "The token that is valid now"
        ),
        (line: "ringdown exec prod test -- ./copy-queues.sh", purpose: "Two accounts at once"),
        (line: "ringdown exec --revoke -- ./deploy.sh", purpose: "A token for this command alone"),
        (line: "ringdown simulate -- ringdown exec --platform genesys -- env", purpose: "Without an account"),
    ]

    let account = Account()
    @ArgumentList("PROFILE", help: "More profiles.")
    var moreProfiles: [String]
    @Flag("keep-secrets", help: "Hand on the client's secrets as well.")
    var keepSecrets: Bool
    @Flag(
        "revoke",
        help: "End the token at the platform when the command is over; what goes wrong with that is a warning.")
    var revoke: Bool
    @Option("min-ttl", "DURATION", help: "How long the token must last at least when the command starts.")
    var minTTL: DurationParameter?
    @Rest("COMMAND", help: "The command and its arguments.")
    var command: [String]

    func run() async throws -> Int32 {
        guard !command.isEmpty else {
            throw UsageError("there is no command", hint: "write it behind '--': 'ringdown exec -- COMMAND'")
        }
        let names = [account.profileName].compactMap { $0 } + moreProfiles
        var clients: [APIClient] = []
        for name in names { clients.append(try await account.client(of: name)) }
        if names.isEmpty { clients = [try await account.client()] }
        let directory = try Self.directory()
        defer { directory.remove() }
        var variables = Context.current.variables
        if !keepSecrets { for name in Self.secretNames { variables[name] = nil } }
        var leases: [TokenLease] = []
        for (index, client) in clients.enumerated() {
            let lease = try await Account.advising(client.profile) {
                try await TokenLease(
                    client, minTTL: minTTL?.duration ?? .zero,
                    file: "\(directory.path)/token\(index == 0 ? "" : "\(index)")")
            }
            leases.append(lease)
        }
        try await Self.add(leases, names: names, to: &variables)
        let code = try await Self.run(command, variables, while: leases)
        if revoke {
            for client in clients {
                do { _ = try await client.revoke() } catch { RevokeCommand.warn(error) }
            }
        }
        return code
    }

    private static func run(
        _ command: [String], _ variables: [String: String], while leases: [TokenLease]
    ) async throws -> Int32 {
        let keepers = leases.map { lease in Task { await lease.keep() } }
        defer { keepers.forEach { $0.cancel() } }
        return try await ChildProcess.run(command, environment: variables)
    }

    /// What only who asks for tokens needs.
    private static let secretNames: [String] =
        [
            "GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET", "CXONE_CLIENT_SECRET",
            "CXONE_ACCESS_KEY_SECRET",
            "OAUTH_CLIENT_SECRET",
        ].flatMap { [$0, $0 + "_FILE", $0 + "_NEXT", $0 + "_NEXT_FILE"] } + [
            "RINGDOWN_CACHE_KEY", "RINGDOWN_CACHE_KEY_FILE",
        ]

    /// In memory where there is such a place.
    private static func directory() throws -> TemporaryDirectory {
        let variables = Context.current.variables
        for base in [variables["XDG_RUNTIME_DIR"], "/dev/shm"] {
            if let base, !base.isEmpty, let directory = try? TemporaryDirectory(in: base) { return directory }
        }
        return try Context.current.temporaryDirectory()
    }

    /// The first lease's variables have no name in them; with several leases all have variables with theirs.
    private static func add(
        _ leases: [TokenLease], names: [String], to variables: inout [String: String]
    ) async throws {
        var prefixes: [String: String] = [:]
        for (index, lease) in leases.enumerated() {
            var prefixesOfThis = index == 0 ? ["RINGDOWN_"] : []
            if names.count > 1 {
                let prefix =
                    "RINGDOWN_"
                    + names[index].uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }
                    .joined() + "_"
                if let other = prefixes.updateValue(names[index], forKey: prefix) {
                    throw UsageError(
                        "the profiles '\(other)' and '\(names[index])' would have the same variables, \(prefix)…",
                        hint: "name each once; rename one where only '-', '_' and '.' differ")
                }
                prefixesOfThis.append(prefix)
            }
            let own = await lease.variables
            for prefix in prefixesOfThis { for (name, value) in own { variables[prefix + name] = value } }
        }
        guard let vendors = leases.first(where: { $0.client.profile.platform.name == "genesys" }) else { return }
        variables["GENESYSCLOUD_ACCESS_TOKEN"] = vendors.token.value.reveal()
        if let region = vendors.client.profile.region { variables["GENESYSCLOUD_REGION"] = region }
    }
}
