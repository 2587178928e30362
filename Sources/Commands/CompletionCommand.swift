internal import CommandLineKit
internal import Foundations

struct CompletionCommand: Command {
    static let name = "completion"
    static let abstract = "Print what a shell needs to complete command lines: bash, zsh or fish."
    static let examples = [
        (line: "source <(ringdown completion bash)", purpose: "In ~/.bashrc; the same with zsh in ~/.zshrc"),
        (line: "ringdown completion fish > ~/.config/fish/completions/ringdown.fish", purpose: "For fish"),
    ]

    @Argument("SHELL", required: true, help: "bash, zsh or fish.")
    var shell: String?

    func run() async throws -> Int32 {
        guard let shell = shell.flatMap(Shell.init) else {
            throw UsageError(
                "SHELL cannot be '\(excerpt(shell ?? "", limit: 40))'",
                hint: "it can be: \(Shell.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        try Context.current.standardOutput.write(RingdownTool.tree.completion(for: shell))
        return ExitCode.done
    }
}

struct ManCommand: Command {
    static let name = "man"
    static let abstract = "Print the manual page of the program or of a command."
    static let examples = [
        (line: "ringdown man token | man -l -", purpose: "Read it"),
        (line: "ringdown man > /usr/local/share/man/man1/ringdown.1", purpose: "Keep it"),
    ]

    @Argument("COMMAND", help: "The command; without it the program.")
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
                "unknown command '\(excerpt(command, limit: 60))'",
                hint: close.map { "did you mean '\($0)'?" } ?? "'ringdown --help' lists the commands")
        }
        try Context.current.standardOutput.write(tree.manual(of: type))
        return ExitCode.done
    }
}
