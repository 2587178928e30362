internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

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
    var minimumValidity: DurationParameter?
    @TrailingArguments("COMMAND", help: "The command and its arguments.")
    var command: [String]

    func run() async throws -> Int32 {
        guard !command.isEmpty else {
            throw UsageError("there is no command", hint: "write it behind '--': 'ringdown exec -- COMMAND'")
        }
        if revoke, Context.current.variables["RINGDOWN_SOCKET"]?.isEmpty == false {
            throw UsageError(
                "--revoke does not go with a broker, whose token others share", hint: "unset RINGDOWN_SOCKET")
        }
        let names = [account.profileName].compactMap { $0 } + moreProfiles
        let prefixes = try Self.prefixes(names)
        var clients: [APIClient] = []
        for name in names { clients.append(try await account.client(of: name, isPrivate: revoke)) }
        if names.isEmpty { clients = [try await account.client(of: nil, isPrivate: revoke)] }
        let directory = try Self.directory()
        defer { directory.remove() }
        let leases = clients.indices.map {
            TokenLease(clients[$0], file: "\(directory.path)/token\($0 == 0 ? "" : "\($0)")")
        }
        do {
            let code = try await run(leases, prefixes)
            await end(leases)
            return code
        } catch {
            await end(leases)
            throw error
        }
    }

    private func run(_ leases: [TokenLease], _ prefixes: [[String]]) async throws -> Int32 {
        var variables = Context.current.variables
        if !keepSecrets {
            for name in Settings.secretVariables { variables[name] = nil }
            // The address of a server has its password in it.
            if variables["RINGDOWN_CACHE"]?.lowercased().hasPrefix("redis") == true {
                variables["RINGDOWN_CACHE"] = nil
            }
        }
        for lease in leases {
            try await Account.advising(lease.client.profile) {
                try await lease.begin(minimumValidity: minimumValidity?.duration ?? .zero)
            }
        }
        try await Self.add(leases, prefixes, to: &variables)
        let keepers = Locked<[Task<Void, Never>]>([])
        defer { keepers.withLock { $0.forEach { $0.cancel() } } }
        // The files come last, when signals are taken care of already.
        return try await ChildProcess.run(command, environment: variables) {
            for lease in leases { try lease.write() }
            keepers.withLock { $0 = leases.map { lease in Task { await lease.keep() } } }
        }
    }

    private func end(_ leases: [TokenLease]) async {
        guard revoke else { return }
        for lease in leases {
            do { try await lease.revoke() } catch { RevokeCommand.warn(error) }
        }
    }

    private static func directory() throws -> TokenDirectory {
        let variables = Context.current.variables
        let bases = [variables["XDG_RUNTIME_DIR"], "/dev/shm", variables["TMPDIR"], "/tmp"]
        return try TokenDirectory(in: bases.compactMap { $0 }.filter { !$0.isEmpty })
    }

    /// What the variables of each lease begin with: the first one's have no name in them, with several profiles all have variables
    /// with theirs.
    private static func prefixes(_ names: [String]) throws(UsageError) -> [[String]] {
        if names.count < 2 { return [["RINGDOWN_"]] }
        var owners: [String: String] = [:]
        var prefixes: [[String]] = []
        for (index, name) in names.enumerated() {
            let word = name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
            let prefix = "RINGDOWN_" + String(word) + "_"
            if let other = owners.updateValue(name, forKey: prefix) {
                throw UsageError(
                    "the profiles '\(other)' and '\(name)' would have the same variables, \(prefix)…",
                    hint: "name each once; rename one where only '-', '_' and '.' differ")
            }
            prefixes.append(index == 0 ? ["RINGDOWN_", prefix] : [prefix])
        }
        return prefixes
    }

    private static func add(
        _ leases: [TokenLease], _ prefixes: [[String]], to variables: inout [String: String]
    ) async throws {
        for (lease, prefixes) in zip(leases, prefixes) {
            let own = await lease.variables
            for prefix in prefixes {
                // What an outer 'exec' set is another account's.
                for name in TokenLease.names { variables[prefix + name] = own[name] }
            }
        }
        for name in ["GENESYSCLOUD_ACCESS_TOKEN", "GENESYSCLOUD_REGION"] { variables[name] = nil }
        guard let vendors = leases.first(where: { $0.client.profile.platform.name == "genesys" }) else { return }
        variables["GENESYSCLOUD_ACCESS_TOKEN"] = await vendors.variables["ACCESS_TOKEN"]
        variables["GENESYSCLOUD_REGION"] = vendors.client.profile.region
    }
}
