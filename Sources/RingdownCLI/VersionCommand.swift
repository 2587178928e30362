internal import Ringdown
internal import RingdownCore

struct VersionCommand: Command {
    static let name = "version"
    static let abstract = "Print the version."
    static let examples = [(line: "ringdown version", purpose: "Print the version of ringdown")]

    enum Format: String, ChoiceParameter { case text, json }

    @Option("output", "FORMAT", defaultText: "text", help: "Output format")
    var output: Format?

    func run() async throws -> Int32 {
        let json: JSON = ["version": .string(Version.current)]
        try Context.current.standardOutput.line(output == .json ? json.description : "ringdown \(Version.current)")
        return ExitCode.done
    }
}
