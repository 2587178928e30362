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
        (line: "ringdown simulate -- ringdown exec --platform genesys -- env", purpose: "Without an account"),
    ]

    let account = Account()
    @Flag("keep-secrets", help: "Hand on the client's secrets as well.")
    var keepSecrets: Bool
    @Option("min-ttl", "DURATION", help: "How long the token must last at least when the command starts.")
    var minTTL: DurationParameter?
    @Rest("COMMAND", help: "The command and its arguments.")
    var command: [String]

    func run() async throws -> Int32 {
        guard !command.isEmpty else {
            throw UsageError("there is no command", hint: "write it behind '--': 'ringdown exec -- COMMAND'")
        }
        return try await account.withClient { client in
            let token = try await client.token(minTTL: minTTL?.duration ?? .zero)
            let directory = try Self.directory()
            defer { directory.remove() }
            let file = directory.path + "/token"
            try Self.write(token, file)
            var variables = Context.current.variables
            if !keepSecrets { for name in Self.secretNames { variables[name] = nil } }
            for (name, value) in try await Self.variables(client, token, file) { variables[name] = value }
            let keeper = Task { await Self.keep(client, token, file) }
            defer { keeper.cancel() }
            return try await ChildProcess.run(command, environment: variables)
        }
    }

    /// What only who asks for tokens needs.
    private static let secretNames: [String] = [
        "GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET", "CXONE_CLIENT_SECRET", "CXONE_ACCESS_KEY_SECRET",
        "OAUTH_CLIENT_SECRET", "RINGDOWN_CACHE_KEY",
    ].flatMap { [$0, $0 + "_FILE"] }

    /// In memory where there is such a place.
    private static func directory() throws -> TemporaryDirectory {
        let variables = Context.current.variables
        for base in [variables["XDG_RUNTIME_DIR"], "/dev/shm"] {
            if let base, !base.isEmpty, let directory = try? TemporaryDirectory(in: base) { return directory }
        }
        return try Context.current.temporaryDirectory()
    }

    private static func variables(
        _ client: APIClient, _ token: Token, _ file: String
    ) async throws -> [String: String] {
        let value = token.value.reveal()
        var variables = [
            "RINGDOWN_ACCESS_TOKEN": value, "RINGDOWN_TOKEN_FILE": file,
            "RINGDOWN_TOKEN_EXPIRES_AT": token.isLifetimeKnown ? token.expiry.rfc3339 : "",
        ]
        // The custom platform may be there for tokens only.
        if let base = try? await client.baseURL() { variables["RINGDOWN_API_URL"] = "\(base)".trimmedSlash }
        guard client.profile.platform.name == "genesys" else { return variables }
        variables["GENESYSCLOUD_ACCESS_TOKEN"] = value
        if let region = client.profile.region { variables["GENESYSCLOUD_REGION"] = region }
        return variables
    }

    private static func write(_ token: Token, _ file: String) throws(FileError) {
        var text = token.value.withBytes { Array($0) }
        defer { wipe(&text) }
        try File.replace(file, with: text)
    }

    /// Replaces the file whenever there is another token: that is well before the former one ends.
    private static func keep(_ client: APIClient, _ first: Token, _ file: String) async {
        var current = first
        let time = Context.current.time
        while !Task.isCancelled {
            let left = current.remaining(at: time.now())
            guard (try? await time.sleep(for: min(max(left / 20, .seconds(0.2)), .seconds(30)))) != nil else { return }
            do {
                let token = try await client.token()
                if token.value == current.value { continue }
                try write(token, file)
                current = token
            } catch is CancellationError { return } catch {
                Logger.current.warning("exec.stale", "the token file is not fresh: \(error)")
            }
        }
    }
}

extension String {
    /// Without a slash at the end, so that a path can be put behind it.
    fileprivate var trimmedSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
