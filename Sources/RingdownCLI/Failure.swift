internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth
internal import RingdownServer

/// The exit codes that scripts can rely on.
enum ExitCode {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let cancelled: Int32 = 2
    static let credentialsRefused: Int32 = 4
    static let permissionMissing: Int32 = 5
    static let rateLimited: Int32 = 6
    static let unreachable: Int32 = 7
    static let usage: Int32 = 64
    static let badInput: Int32 = 65
    static let bug: Int32 = 70
    static let configuration: Int32 = 78
    /// The program to run is not executable, as in a shell.
    static let programNotExecutable: Int32 = 126
    /// The program to run does not exist, as in a shell.
    static let programMissing: Int32 = 127
}

/// An error as the command line reports it: message, hint, details and exit code.
struct Failure {
    private var exitCode: Int32
    private var code: String
    private var message: String
    private var hint: String
    private var status: Int?
    private var correlationID: String?
    /// The age of the failure, and the time until the next token request, if no request was sent now.
    private var remembered: TokenError.Remembered?
    private let isJSON: Bool
    private let isSilent: Bool

    init(_ error: any Error, commandLine: [String]) {
        isJSON = GlobalOptions(commandLine).hasJSONOutput
        isSilent = error is OutputClosed
        (hint, exitCode, code, message) = ("", ExitCode.failed, "failed", "\(error)")
        switch error {
        case let error as UsageError:
            (exitCode, code, message, hint) = (ExitCode.usage, "usage", error.message, error.hint)
        case let error as ConfigurationError:
            (exitCode, code, message, hint) = (ExitCode.configuration, "configuration", error.message, error.advice)
        case let error as ProgramStartError:
            (exitCode, code, message, hint) = (error.exitCode, "usage", "\(error)", error.hint)
        case let error as IncompleteExport:
            (exitCode, code, message, hint) = (ExitCode.badInput, "incompleteList", error.message, error.hint)
        case let error as TokenError: describe(error)
        case let error as APIError: describe(error)
        case let error as HTTPServer.StartError:
            (exitCode, code) = (ExitCode.configuration, "configuration")
            message = "\(error)"
            hint = "stop the process that uses the address, or use another port"
        case let error as OutputError:
            (message, hint) = ("cannot write \(error.error)", "the output is incomplete")
        case let error as FileError:
            (exitCode, code, message) = (ExitCode.badInput, "badInput", "cannot read \(error)")
            hint =
                error.isMissing
                ? "check the path; relative paths start at the working directory"
                : "check that this user may read the file, and that it is not a directory"
        case is CancellationError: (exitCode, code, message) = (ExitCode.cancelled, "cancelled", "cancelled")
        case is OutputClosed: exitCode = ExitCode.failed
        default:
            (exitCode, code) = (ExitCode.bug, "bug")
            hint = "this is a bug in ringdown: report it with the command line"
        }
    }

    private mutating func describe(_ error: TokenError) {
        (message, code, hint) = (error.message, error.code.description, error.advice)
        (status, correlationID) = (error.status, error.correlationID)
        switch error.code {
        case .credentialsRefused, .grantRefused, .scopeRefused, .wrongOrganization, .signInRequired:
            exitCode = ExitCode.credentialsRefused
        case .rateLimited: exitCode = ExitCode.rateLimited
        case .unreachable, .intercepted, .serverFailed: exitCode = Self.exitCode(error.transport)
        case .cancelled: exitCode = ExitCode.cancelled
        default: exitCode = ExitCode.failed
        }
        message = "cannot get a token: " + message
        guard let remembered = error.remembered else { return }
        self.remembered = remembered
        let verb = error.isRefusal ? "refused" : "failed"
        message += "; \(verb) \(remembered.age.inWholeSeconds.spoken) ago"
        let now = error.isWaitRequested ? "" : " (\(SuggestedCommand.forcedRequest) requests now)"
        hint = "next request in \(remembered.remaining.inWholeSeconds.spoken)\(now)" + (hint.isEmpty ? "" : "; " + hint)
    }

    private mutating func describe(_ error: APIError) {
        (message, code, hint) = (error.message, error.platformCode ?? error.code.description, error.advice)
        (status, correlationID) = (error.status, error.correlationID)
        switch error.code {
        case .unauthorized: exitCode = ExitCode.credentialsRefused
        case .forbidden: exitCode = ExitCode.permissionMissing
        case .rateLimited: exitCode = ExitCode.rateLimited
        case .unreachable, .serverFailed, .circuitOpen: exitCode = Self.exitCode(error.transport)
        case .configuration: exitCode = ExitCode.configuration
        case .invalidPath: exitCode = ExitCode.usage
        case .incompleteList, .unknownPaging: exitCode = ExitCode.badInput
        default: exitCode = ExitCode.failed
        }
    }

    private static func exitCode(_ error: TransportError?) -> Int32 {
        switch error?.code {
        case .responseTooLarge: ExitCode.failed
        case .setup, .fileDescriptors: ExitCode.configuration
        default: ExitCode.unreachable
        }
    }

    /// Writes the error to standard error.
    ///
    /// - Returns: The exit code.
    func report() -> Int32 {
        if isSilent { return exitCode }
        if isJSON {
            let json: JSON = [
                "error": [
                    "code": .string(code), "message": .string(message), "hint": .string(hint),
                    "status": status.map { .int($0) } ?? .null, "correlationId": .optional(correlationID),
                    "age": remembered.map { .int(Int($0.age.inSeconds.rounded())) } ?? .null,
                    "retryIn": remembered.map { .int(Int($0.remaining.inSeconds.rounded())) } ?? .null,
                ]
            ]
            notice(json.description)
            return exitCode
        }
        notice("ringdown: " + message)
        if !hint.isEmpty { notice("  hint: " + hint) }
        if let correlationID { notice("  correlation id: " + correlationID) }
        return exitCode
    }
}

extension RingdownError {
    /// The hint with the command to run, which the library does not know.
    var advice: String { [hint, command].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "; ") }

    private var command: String? {
        switch recovery {
        case .configureAccount: "or try 'ringdown demo', which needs no account"
        case .choosePlatform: "or use --platform"
        case .chooseRegion: "'ringdown regions' lists all"
        case .findRegion: "'ringdown regions --find' searches all regions"
        case .signIn: "run 'ringdown login'"
        case .shortenValidity: "use a smaller --min-ttl"
        case .useJob: "use 'ringdown conversations --job'"
        case .nameItems: "use --items"
        case .nameNextPage: "use --next POINTER, such as --next /meta/next"
        case .trustDirectory: "or trust the file with --trust-directory"
        case .sendCalls: "use 'ringdown api GET PATH'"
        default: nil
        }
    }
}
