internal import RingdownCore

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
                "SHELL cannot be '\(sanitized(shell ?? "", limit: 40))'",
                hint: "it can be: \(Shell.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        try Context.current.standardOutput.write(RingdownTool.tree.completion(for: shell))
        return ExitCode.done
    }
}
