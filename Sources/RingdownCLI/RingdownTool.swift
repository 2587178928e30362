internal import CProcess
internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The command-line program `ringdown`.
package enum RingdownTool {
    package static let tree = CommandTree(
        program: "ringdown",
        abstract: "Get valid access tokens for Genesys Cloud and NICE CXone, and call their APIs.",
        groups: [
            (
                "Everyday",
                [
                    TokenCommand.self, ExecCommand.self, WhoamiCommand.self, UsersCommand.self,
                    ConversationsCommand.self,
                    JobsCommand.self, APICommand.self,
                ]
            ),
            (
                "Accounts",
                [
                    InitCommand.self, ProfilesCommand.self, LoginCommand.self, RevokeCommand.self, RotateCommand.self,
                    RegionsCommand.self,
                ]
            ),
            ("Operations", [DoctorCommand.self, TokensCommand.self, CacheCommand.self, ServeCommand.self]),
            (
                "Development",
                [
                    DemoCommand.self, SimulateCommand.self, BenchCommand.self, BenchClientCommand.self,
                    CompletionCommand.self,
                    ManCommand.self, VersionCommand.self,
                ]
            ),
        ]
    )

    /// Runs the command line of the process.
    ///
    /// - Returns: The exit code.
    package static func main() -> Int32 {
        // Report a closed pipe as a write error instead of ending the process.
        signal(SIGPIPE, SIG_IGN)
        // The same for a file that exceeds its size limit.
        signal(SIGXFSZ, SIG_IGN)
        rd_occupy_standard_streams()
        rd_deny_core_files()
        let arguments = Array(CommandLine.arguments.dropFirst())
        return ThreadExecutor.run { await run(arguments) }
    }

    /// Runs a command line in the current ``Context``.
    ///
    /// - Parameter arguments: The words after the program's name.
    /// - Returns: The exit code.
    package static func run(_ arguments: [String]) async -> Int32 {
        var context = Context.current
        context.arguments = arguments
        return await Context.$current.withValue(context) { await perform(arguments) }
    }

    private static func perform(_ arguments: [String]) async -> Int32 {
        let output = Context.current.standardOutput
        do {
            switch try tree.parse(arguments) {
            case .help(nil): try output.write(tree.help(width: helpWidth(output)))
            case .help(let command?): try output.write(tree.help(of: command, width: helpWidth(output)))
            case .run(let command):
                return try await Logger.$current.withValue(logger(arguments)) { try await command.run() }
            }
            return ExitCode.done
        } catch {
            return Failure(error, commandLine: arguments).report()
        }
    }

    /// The width of help in columns: that of the terminal, else `COLUMNS`, else the default.
    private static func helpWidth(_ output: any Output) -> Int {
        let variable = Context.current.variables["COLUMNS"].flatMap { Int($0) }
        let width = output.columns ?? variable ?? CommandTree.standardWidth
        return min(max(width, CommandTree.widths.lowerBound), CommandTree.widths.upperBound)
    }

    /// Creates a logger that writes to standard error: each warning once, everything with `--verbose`, nothing with `--quiet`.
    private static func logger(_ arguments: [String]) -> Logger {
        let options = GlobalOptions(arguments)
        let output = Context.current.standardError
        let said = Locked<Set<String>>([])
        return Logger(level: options.isVerbose ? .debug : .warning) { level, _, message in
            if options.isQuiet || !said.withLock({ $0.insert(message).inserted || level == .debug }) { return }
            try? output.line("ringdown: \(level == .warning ? "note: " : "")\(message)")
        }
    }
}
