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
        The token comes from the cache while it is good, and from the platform when it is not. Nothing else is printed to
        standard output, so the line can go straight into a variable or a pipe.

        The forms of CI systems hand it to the steps after this one, masked before it is written; auto finds out which system it
        is. Systems that cannot mask it are refused, unless --allow-unmasked says that this is known.
        """
    static let examples = [
        (
            line: "curl -H \"$(ringdown token --format header)\" https://api.mypurecloud.ie/api/v2/tokens/me",
            purpose: "Call the API with curl"
        ),
        (
            line: "ringdown token --format curl | curl -K - https://api.mypurecloud.ie/api/v2/tokens/me",
            purpose: "The same, no argument"
        ),
        (
            line: "settings=$(ringdown token prod --format env) && eval \"$settings\"",
            purpose: "Put the token of profile 'prod' into this shell, or fail"
        ),
        (
            line: "ringdown token --min-ttl 45m --format github-output",
            purpose: "For the next steps, which take 45 minutes"
        ),
        (line: "ringdown simulate -- ringdown token --platform genesys", purpose: "Without an account"),
    ]

    enum OutputFormat: String, ChoiceParameter { case text, json }

    let account = Account()
    @Option("format", "FORMAT", help: "How to print it; raw unless said otherwise.")
    var format: TokenFormat?
    @Option(
        "name", "NAME",
        help: "The variable that gets it, in forms that name one; RINGDOWN_ACCESS_TOKEN unless said otherwise.")
    var name: String?
    @Flag("allow-unmasked", help: "Export the token even if the CI system cannot mask it")
    var unmasked: Bool
    @Option("output", "FORMAT", help: "json: the same as --format json, and errors as JSON too.")
    var output: OutputFormat?
    @Option("min-ttl", "DURATION", help: "How long the token must last at least, such as 90s, 45m or 2h.")
    var minimumValidity: DurationParameter?
    @Flag("force", help: "Ask the platform for a new token even if one is cached.")
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
            hint: "give it to one command, 'ringdown exec -- COMMAND', or accept that with --allow-unmasked")
    }

    private func chosenName() throws(UsageError) -> String {
        guard let name else { return TokenRendering.standardName }
        let isName = name.utf8.allSatisfy { $0.isAlphanumeric || $0 == 0x5F } && name.first?.isNumber == false
        // What these names mean to the programs after it is not a token.
        let isTaken =
            ["PATH", "HOME", "SHELL", "IFS", "BASH_ENV", "ENV", "NODE_OPTIONS"].contains(name) || name.hasPrefix("LD_")
        if isName, !isTaken { return name }
        throw UsageError(
            "--name cannot be '\(sanitized(name, limit: 60))'",
            hint: "use letters, digits and '_', and no name that means something else")
    }

    private func filePath(_ variable: String) throws(UsageError) -> String {
        if let path = Context.current.variables[variable], !path.isEmpty { return path }
        throw UsageError(
            "\(variable) is not set: this is not a step of that system", hint: "leave out --format for the bare token")
    }

    /// Appends whole lines to a file that the system made.
    private func append(_ text: String, to path: String) throws {
        let descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw OutputError(error: FileError(path: path, code: errno)) }
        defer { close(descriptor) }
        // A line without its end, left by somebody else, would swallow ours.
        var last: UInt8 = 0x0A
        if lseek(descriptor, -1, SEEK_END) >= 0 { _ = read(descriptor, &last, 1) }
        let bytes = Array(((last == 0x0A ? "" : "\n") + text).utf8)
        if let code = File.write(bytes, to: descriptor) { throw OutputError(error: FileError(path: path, code: code)) }
    }

    /// Gives a text to a program, which must take it.
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
                "the token was not masked: \(error.message)",
                hint: "this form is for steps of Buildkite, whose agent masks it")
        }
        _ = File.write(Array(text.utf8), to: writing)
        close(writing)
        let status = try await Thread.run {
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            return status
        }
        guard status == 0 else {
            throw UsageError(
                "the token was not masked: '\(command.joined(separator: " "))' failed",
                hint: "nothing was printed; see its message")
        }
    }
}

extension TokenFormat {
    /// The variable that names the file to which the form is written.
    fileprivate var fileVariable: String? {
        switch self {
        case .githubOutput: "GITHUB_OUTPUT"
        case .githubEnv: "GITHUB_ENV"
        case .circleci: "BASH_ENV"
        default: nil
        }
    }
}

/// A word that a shell reads as exactly this text.
func shellQuoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
