internal import RingdownCore

/// Command lines in hints.
enum SuggestedCommand {
    private static let limit = 160

    /// The current command line with another option, which is placed before `--`.
    static func current(adding option: String) -> String {
        let context = Context.current
        let words = context.arguments.map { shellWord(sanitized($0)) }
        let own = words.prefix { $0 != "'--'" && $0 != "--" }
        let rest = words.dropFirst(own.count)
        // A long command line is shortened to the name of the command.
        let isLong = words.joined(separator: " ").count > limit
        let start = isLong ? [words.first ?? "", "…"] : Array(own)
        return prefix + (["ringdown"] + start + [option] + (isLong ? [] : rest)).joined(separator: " ")
    }

    /// The option or command that requests a token although the last request failed.
    static var forcedRequest: String {
        let context = Context.current
        if context.arguments.first == TokenCommand.name { return "--force" }
        return "'\(prefix)ringdown token --force' with the same account"
    }

    /// The words before a command that needs the simulator: it exists only while `simulate -- COMMAND` runs.
    private static var prefix: String {
        Context.current.variables["RINGDOWN_SIM_SCOPE"] == "command" ? "ringdown simulate -- " : ""
    }
}
