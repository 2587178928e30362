internal import Ringdown
internal import RingdownCore

struct VersionCommand: Command {
    static let name = "version"
    static let abstract = "Print the version."
    static let examples = [(line: "ringdown version", purpose: "The version of this program")]

    enum Format: String, ChoiceParameter { case text, json }

    @Option("output", "FORMAT", help: "How to print it; text unless said otherwise.")
    var output: Format?

    func run() async throws -> Int32 {
        let json: JSON = ["version": .string(Version.current)]
        try Context.current.standardOutput.line(output == .json ? json.description : "ringdown \(Version.current)")
        return ExitCode.done
    }
}
