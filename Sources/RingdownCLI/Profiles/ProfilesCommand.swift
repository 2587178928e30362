internal import Ringdown
internal import RingdownCore

struct ProfilesCommand: Command {
    static let name = "profiles"
    static let abstract = "List the profiles with their platform, region and client."
    static let discussion = """
        A profile is a .env file: $XDG_CONFIG_HOME/ringdown/NAME.env, or ~/.config/ringdown/NAME.env if XDG_CONFIG_HOME is not
        set. The command sends no requests and reads no secrets. Use 'ringdown doctor NAME' to test a profile.
        """
    static let examples = [
        (line: "ringdown profiles", purpose: "List all profiles"),
        (line: "ringdown profiles --output json | jq -r '.[].name'", purpose: "Print the names for a script"),
    ]

    enum Format: String, ChoiceParameter { case table, json }

    @Option("output", "FORMAT", defaultText: "table", help: "Output format")
    var output: Format?

    func run() async throws -> Int32 {
        let directory = ProfileDirectory(Context.current.variables)
        let profiles = try directory.names.map { ($0, Outline(file: try directory.place(of: $0))) }
        if output == .json {
            try Context.current.standardOutput.line(JSON.array(profiles.map { $1.json($0) }).description)
        } else if profiles.isEmpty {
            notice("ringdown: no profiles exist in \(directory.path)")
            notice("  hint: create one with 'ringdown init'")
        } else {
            try showTable(
                ["NAME", "PLATFORM", "REGION", "CLIENT", ""],
                profiles.map { name, outline in
                    [
                        name, outline.platform ?? "-", outline.region ?? "-", outline.client ?? "-",
                        outline.problem ?? "",
                    ]
                })
        }
        return profiles.contains { $1.problem != nil } ? ExitCode.configuration : ExitCode.done
    }
}

/// The settings of a profile that are not secret.
private struct Outline {
    let file: String
    var platform: String?
    var region: String?
    var client: String?
    var problem: String?

    init(file: String) {
        self.file = file
        var settings = Settings(environment: [:])
        do throws(ConfigurationError) {
            try settings.add(file: file)
            let platform = try Platform.chosen(by: settings)
            self.platform = platform.name
            for question in platform.questions {
                if question.kind == .region { region = try settings.text(question.variable) }
                if question.variable.hasSuffix("_ID"), client == nil { client = try settings.text(question.variable) }
            }
        } catch { problem = error.message }
    }

    func json(_ name: String) -> JSON {
        [
            "name": .string(name), "file": .string(file), "platform": .optional(platform),
            "region": .optional(region), "client": .optional(client), "problem": .optional(problem),
        ]
    }
}
