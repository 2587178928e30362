internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

struct ExecCommand: Command {
    static let name = "exec"
    static let abstract = "Run a command with an access token in its environment."
    static let discussion = """
        RINGDOWN_ACCESS_TOKEN and the variable of the vendor's own tools, such as GENESYSCLOUD_ACCESS_TOKEN, are set to the
        token. They cannot change while the command runs, so RINGDOWN_TOKEN_FILE names a file with the current token. Only
        its owner can read this file. It is replaced before the token expires, and deleted when the command exits.
        RINGDOWN_API_URL is set to the base URL of the API.

        With several profiles, each profile has its own variables, such as RINGDOWN_PROD_ACCESS_TOKEN, …_TOKEN_FILE and
        …_API_URL for 'prod'. The variables without a profile name belong to the first profile.

        The client's secrets are removed from the environment, unless --keep-secrets is given. Signals, the terminal and
        standard input are passed to the command. The exit code is the command's exit code.
        """
    static let examples = [
        (line: "ringdown exec prod -- terraform plan", purpose: "Run a tool without the client secret"),
        (
            line:
                "ringdown exec -- sh -c 'curl -H \"Authorization: Bearer $(cat \"$RINGDOWN_TOKEN_FILE\")\" \"$RINGDOWN_API_URL/api/v2/tokens/me\"'",
            purpose: "Read the current token from the file"
        ),
        (line: "ringdown exec prod test -- ./copy-queues.sh", purpose: "Use two accounts"),
        (
            line: "ringdown exec --revoke -- ./deploy.sh",
            purpose: "Request a token for one command and revoke it afterwards"
        ),
        (line: "ringdown simulate -- ringdown exec --platform genesys -- env", purpose: "Try it without an account"),
    ]

    let account = Account()
    @ArgumentList("PROFILE", help: "Additional profiles")
    var moreProfiles: [String]
    @Flag("keep-secrets", help: "Keep the client's secrets in the command's environment")
    var keepSecrets: Bool
    @Flag(
        "revoke",
        help: "Revoke the token when the command exits; report failures as warnings")
    var revoke: Bool
    @Option("min-ttl", "DURATION", help: "Minimum validity of the token when the command starts")
    var minimumValidity: DurationParameter?
    @TrailingArguments("COMMAND", help: "Command and its arguments")
    var command: [String]

    func run() async throws -> Int32 {
        guard !command.isEmpty else {
            throw UsageError("COMMAND is missing", hint: "put it after '--': 'ringdown exec -- COMMAND'")
        }
        if revoke, Context.current.variables["RINGDOWN_SOCKET"]?.isEmpty == false {
            throw UsageError(
                "--revoke cannot be used with a broker: other processes share its token", hint: "unset RINGDOWN_SOCKET")
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
            // A Redis URL contains the password.
            if variables["RINGDOWN_CACHE"]?.lowercased().hasPrefix("redis") == true {
                variables["RINGDOWN_CACHE"] = nil
            }
        }
        for lease in leases {
            try await lease.begin(minimumValidity: minimumValidity?.duration ?? .zero)
        }
        try await Self.add(leases, prefixes, to: &variables)
        let keepers = Locked<[Task<Void, Never>]>([])
        defer { keepers.withLock { $0.forEach { $0.cancel() } } }
        // Write the files after the signal handlers are installed, so that they are always deleted.
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

    /// The prefixes of the variables of each lease. The first lease has variables without a profile name. With several profiles,
    /// each lease has variables with its profile name.
    ///
    /// - Throws: `UsageError` if two profiles have the same prefix.
    private static func prefixes(_ names: [String]) throws(UsageError) -> [[String]] {
        if names.count < 2 { return [["RINGDOWN_"]] }
        var owners: [String: String] = [:]
        var prefixes: [[String]] = []
        for (index, name) in names.enumerated() {
            let word = name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
            let prefix = "RINGDOWN_" + String(word) + "_"
            if let other = owners.updateValue(name, forKey: prefix) {
                throw UsageError(
                    "the profiles '\(other)' and '\(name)' have the same variables: \(prefix)…",
                    hint: "name each profile once; rename profiles that differ only in '-', '_' and '.'")
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
                // Replace the variables of an outer 'exec', which belong to another account.
                for name in TokenLease.names { variables[prefix + name] = own[name] }
            }
        }
        for platform in Platform.all {
            let names = platform.variables
            let lease = leases.first { $0.client.profile.platform.name == platform.name }
            if let name = names.vendorAccessToken { variables[name] = await lease?.variables["ACCESS_TOKEN"] }
            if let name = names.vendorRegion { variables[name] = lease?.client.profile.region }
        }
    }
}
