internal import RingdownCore

struct CompletionCommand: Command {
    static let name = "completion"
    static let abstract = "Print a completion script for bash, zsh or fish."
    static let examples = [
        (line: "source <(ringdown completion bash)", purpose: "Load it in ~/.bashrc, or with zsh in ~/.zshrc"),
        (line: "ringdown completion fish > ~/.config/fish/completions/ringdown.fish", purpose: "Install it for fish"),
    ]

    @Argument("SHELL", required: true, help: "Shell that reads the script")
    var shell: Shell?

    func run() async throws -> Int32 {
        guard let shell else {
            throw UsageError("SHELL is missing", hint: "see 'ringdown completion --help'")
        }
        try Context.current.standardOutput.write(RingdownTool.tree.completion(for: shell))
        return ExitCode.done
    }
}
