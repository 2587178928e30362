internal import Ringdown
internal import RingdownCore

struct ProfilesCommand: Command {
    static let name = "profiles"
    static let abstract = "List the profiles: whose they are, and whether they can be read."
    static let discussion = """
        A profile is a .env file, ~/.config/ringdown/NAME.env ($XDG_CONFIG_HOME counts). Nothing is asked of a platform, and no
        secret is read: 'ringdown doctor NAME' finds out whether one works.
        """
    static let examples = [
        (line: "ringdown profiles", purpose: "Which are there?"),
        (line: "ringdown profiles --output json | jq -r '.[].name'", purpose: "For a script"),
    ]

    enum Format: String, ChoiceParameter { case table, json }

    @Option("output", "FORMAT", help: "table unless said otherwise.")
    var output: Format?

    func run() async throws -> Int32 {
        let directory = ProfileDirectory(Context.current.variables)
        let profiles = try directory.names.map { ($0, Outline(file: try directory.place(of: $0))) }
        if output == .json {
            try Context.current.standardOutput.line(JSON.array(profiles.map { $1.json($0) }).description)
        } else if profiles.isEmpty {
            notice("ringdown: there are no profiles in \(directory.path)")
            notice("  hint: 'ringdown init' makes one, with questions")
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

/// What a profile's file says of itself, without its secrets.
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
