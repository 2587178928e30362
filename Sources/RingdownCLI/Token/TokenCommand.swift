internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

struct TokenCommand: Command {
    static let name = "token"
    static let abstract = "Print a valid access token."
    static let discussion = """
        Prints the cached token while it is valid, else requests a new one. Nothing else is printed to standard output, so the
        output can be assigned to a variable or piped.

        The formats for CI systems export the token to the steps that follow, and mask it in the logs first. auto detects the
        CI system. Systems that cannot mask the token are refused, unless --allow-unmasked is given.
        """
    static let examples = [
        (
            line: "curl -H \"$(ringdown token --format header)\" https://api.mypurecloud.ie/api/v2/tokens/me",
            purpose: "Call the API with curl"
        ),
        (
            line: "ringdown token --format curl | curl -K - https://api.mypurecloud.ie/api/v2/tokens/me",
            purpose: "Keep the token out of curl's arguments"
        ),
        (
            line: "settings=$(ringdown token prod --format env) && eval \"$settings\"",
            purpose: "Set RINGDOWN_ACCESS_TOKEN in this shell, with the profile 'prod'"
        ),
        (
            line: "ringdown token --min-ttl 45m --format github-output",
            purpose: "Export a token that is valid for at least 45 minutes to the next steps of a GitHub job"
        ),
        (line: "ringdown simulate -- ringdown token --platform genesys", purpose: "Print a token of the simulator"),
    ]

    enum OutputFormat: String, ChoiceParameter { case text, json }

    let account = Account()
    @Option("format", "FORMAT", defaultText: "raw", help: "Token format")
    var format: TokenFormat?
    @Option(
        "name", "NAME", defaultText: "RINGDOWN_ACCESS_TOKEN",
        help: "Name of the variable, for formats that set a variable")
    var name: String?
    @Flag("allow-unmasked", help: "Export the token even if the CI system cannot mask it")
    var unmasked: Bool
    @Option("output", "FORMAT", help: "Output format; json implies --format json, and prints errors as JSON")
    var output: OutputFormat?
    @Option("min-ttl", "DURATION", help: "Minimum remaining validity, such as 90s, 45m or 2h")
    var minimumValidity: DurationParameter?
    @Flag("force", help: "Request a new token even if one is cached")
    var force: Bool

    func run() async throws -> Int32 {
        let format = try chosenFormat()
        let name = try chosenName()
        let path = try format.fileVariable.map { try filePath($0) }
        let (token, profile) = try await account.withClient { client in
            (try await client.token(minimumValidity: minimumValidity?.duration ?? .zero, force: force), client.profile)
        }
        let now = Context.current.time.now()
        let handover = try TokenRendering(token: token, profile: profile, name: name, now: now).handover(format)
        if let mask = handover.mask { try await feed(mask.text, to: mask.command) }
        if !handover.output.isEmpty { try Context.current.standardOutput.write(handover.output) }
        if let path, let file = handover.file { try append(file.text, to: path) }
        return ExitCode.done
    }

    private func chosenFormat() throws(UsageError) -> TokenFormat {
        var format = format ?? (output == .json ? .json : .raw)
        if format == .auto { format = try .detected(Context.current.variables) }
        guard let exposure = format.exposure, !unmasked else { return format }
        throw UsageError(
            exposure,
            hint: "run one command with the token: 'ringdown exec -- COMMAND', or add --allow-unmasked")
    }

    private func chosenName() throws(UsageError) -> String {
        guard let name else { return TokenRendering.standardName }
        let isName = name.utf8.allSatisfy { $0.isAlphanumeric || $0 == 0x5F } && name.first?.isNumber == false
        // Other programs interpret these variables.
        let isTaken =
            ["PATH", "HOME", "SHELL", "IFS", "BASH_ENV", "ENV", "NODE_OPTIONS"].contains(name) || name.hasPrefix("LD_")
        if isName, !isTaken { return name }
        throw UsageError(
            "--name cannot be '\(sanitized(name, limit: 60))'",
            hint: "use letters, digits and '_', and no name that other programs interpret, such as PATH")
    }

    private func filePath(_ variable: String) throws(UsageError) -> String {
        if let path = Context.current.variables[variable], !path.isEmpty { return path }
        throw UsageError(
            "\(variable) is not set: this is not a step of the CI system", hint: "omit --format to print the token")
    }

    /// Appends lines to a file that the CI system provides.
    private func append(_ text: String, to path: String) throws {
        let descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw OutputError(error: FileError(path: path, code: errno)) }
        defer { close(descriptor) }
        // If the last line has no line feed, the text must not be appended to that line.
        var last: UInt8 = 0x0A
        if lseek(descriptor, -1, SEEK_END) >= 0 { _ = read(descriptor, &last, 1) }
        let bytes = Array(((last == 0x0A ? "" : "\n") + text).utf8)
        if let code = File.write(bytes, to: descriptor) { throw OutputError(error: FileError(path: path, code: code)) }
    }

    /// Writes a text to the standard input of a program, which must succeed.
    private func feed(_ text: String, to command: [String]) async throws {
        let (reading, writing) = try pipeEnds()
        let child: pid_t
        do {
            defer { close(reading) }
            child = try spawn(
                command, environment: Context.current.variables,
                streams: [(reading, STDIN_FILENO), (STDERR_FILENO, STDOUT_FILENO)])
        } catch {
            close(writing)
            throw UsageError(
                "the token was not masked: \(error)",
                hint: "use this format in a Buildkite step, where buildkite-agent is installed")
        }
        _ = File.write(Array(text.utf8), to: writing)
        close(writing)
        let status = try await Thread.run { Subprocess.wait(for: child) }
        guard status == 0 else {
            throw UsageError(
                "the token was not masked: '\(command.joined(separator: " "))' failed",
                hint: "no token was printed; see the output of the command")
        }
    }
}

extension TokenFormat {
    /// The variable with the path of the file to which this format is appended.
    fileprivate var fileVariable: String? {
        switch self {
        case .githubOutput: "GITHUB_OUTPUT"
        case .githubEnv: "GITHUB_ENV"
        case .circleci: "BASH_ENV"
        default: nil
        }
    }
}
