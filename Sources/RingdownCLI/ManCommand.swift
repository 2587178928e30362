internal import RingdownCore

struct ManCommand: Command {
    static let name = "man"
    static let abstract = "Print the manual page of ringdown or of a command."
    static let examples = [
        (line: "ringdown man token | man -l -", purpose: "Read the manual page of the token command"),
        (line: "ringdown man > /usr/local/share/man/man1/ringdown.1", purpose: "Install the manual page"),
    ]

    @Argument("COMMAND", help: "Command to describe (default: ringdown itself)")
    var command: String?

    func run() async throws -> Int32 {
        let tree = RingdownTool.tree
        guard let command else {
            try Context.current.standardOutput.write(tree.manual())
            return ExitCode.done
        }
        guard let type = tree.commands.first(where: { $0.name == command }) else {
            let close = nearest(to: command, among: tree.commands.map { $0.name }).first
            throw UsageError(
                "unknown command '\(sanitized(command, limit: 60))'",
                hint: close.map { "did you mean '\($0)'?" } ?? "'ringdown --help' lists the commands")
        }
        try Context.current.standardOutput.write(tree.manual(of: type))
        return ExitCode.done
    }
}
