/// The options that apply to a command line as a whole, also to one that cannot be parsed: how errors and notes are printed.
struct GlobalOptions {
    let isQuiet: Bool
    let isVerbose: Bool
    /// Whether errors are JSON too.
    let hasJSONOutput: Bool

    /// - Parameter arguments: The command line without the program's name. What follows `--` belongs to another command.
    init(_ arguments: [String]) {
        let options = arguments.prefix { $0 != "--" }
        isQuiet = options.contains("--quiet") || options.contains("-q")
        isVerbose = options.contains("--verbose") || options.contains("-v")
        hasJSONOutput =
            options.contains("--output=json")
            || zip(options, options.dropFirst()).contains { $0 == "--output" && $1 == "json" }
    }
}
