internal import RingdownCore

struct CompletionCommand: Command {
    static let name = "completion"
    static let abstract = "Print a completion script for bash, zsh or fish."
    static let examples = [
        (line: "source <(ringdown completion bash)", purpose: "Load it in ~/.bashrc, or with zsh in ~/.zshrc"),
        (line: "ringdown completion fish > ~/.config/fish/completions/ringdown.fish", purpose: "Install it for fish"),
    ]

    @Argument("SHELL", required: true, help: "bash, zsh or fish")
    var shell: String?

    func run() async throws -> Int32 {
        guard let shell = shell.flatMap(Shell.init) else {
            throw UsageError(
                "SHELL cannot be '\(sanitized(shell ?? "", limit: 40))'",
                hint: "use one of: \(Shell.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        try Context.current.standardOutput.write(RingdownTool.tree.completion(for: shell))
        return ExitCode.done
    }
}
