internal import CProcess
internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The command `ringdown`.
package enum RingdownTool {
    package static let tree = CommandTree(
        program: "ringdown",
        abstract: "A valid access token for Genesys Cloud and NICE CXone, always.",
        commands: [
            DemoCommand.self, TokenCommand.self, ExecCommand.self, LoginCommand.self, RevokeCommand.self,
            WhoamiCommand.self,
            UsersCommand.self,
            ConversationsCommand.self, JobsCommand.self, APICommand.self,
            ProfilesCommand.self, InitCommand.self, DoctorCommand.self, RotateCommand.self, RegionsCommand.self,
            TokensCommand.self,
            CacheCommand.self,
            ServeCommand.self, SimulateCommand.self, BenchCommand.self, BenchClientCommand.self, CompletionCommand.self,
            ManCommand.self, VersionCommand.self,
        ]
    )

    /// Runs the process's command line and returns its exit code.
    package static func main() -> Int32 {
        // A reader that goes away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // So is a file that grows beyond the limit that was set for it.
        signal(SIGXFSZ, SIG_IGN)
        rd_occupy_standard_streams()
        rd_deny_core_files()
        let arguments = Array(CommandLine.arguments.dropFirst())
        return ThreadExecutor.run { await run(arguments) }
    }

    /// Runs a command line without the program's name in the current ``Context``.
    package static func run(_ arguments: [String]) async -> Int32 {
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

    /// As wide as the terminal; everything else can be read at any width.
    private static func helpWidth(_ output: any Output) -> Int {
        output.isTerminal
            ? min(CommandTree.standardWidth, max(40, TextStyle.columns(of: STDOUT_FILENO))) : CommandTree.standardWidth
    }

    /// Warnings go to standard error once each; with `--verbose` everything does, with `--quiet` nothing.
    private static func logger(_ arguments: [String]) -> Logger {
        let options = arguments.prefix { $0 != "--" }
        let isQuiet = options.contains("--quiet") || options.contains("-q")
        let isVerbose = options.contains("--verbose") || options.contains("-v")
        let output = Context.current.standardError
        let said = Locked<Set<String>>([])
        return Logger(level: isVerbose ? .debug : .warning) { level, _, message in
            if isQuiet || !said.withLock({ $0.insert(message).inserted || level == .debug }) { return }
            try? output.line("ringdown: \(level == .warning ? "note: " : "")\(message)")
        }
    }
}
