internal import Ringdown
internal import RingdownCore

struct RegionsCommand: Command {
    static let name = "regions"
    static let abstract = "List every region with its hosts; --find asks which one a client belongs to."
    static let discussion = """
        A client of Genesys Cloud exists in one region only. --find sends the client's credentials to the login hosts of all
        regions, which are all the vendor's own, and says which one knows the client. At a terminal it offers to write the region
        into the profile (or ./.env); --store does so without asking. CXone has one issuer for its commercial areas.
        """
    static let examples = [
        (line: "ringdown regions", purpose: "All regions of both platforms"),
        (line: "ringdown regions --find", purpose: "The region of the client in GENESYS_CLIENT_ID"),
        (line: "ringdown regions --find --store prod", purpose: "The same, and written into the profile"),
    ]

    enum Format: String, ChoiceParameter { case text, json }

    let account = Account()
    @Flag("find", help: "Ask every region of Genesys Cloud whether it knows the client.")
    var find: Bool
    @Flag("store", help: "Write the region that was found into the profile, or into ./.env.")
    var store: Bool
    @Option("output", "FORMAT", help: "How to print the list; text unless said otherwise.")
    var output: Format?

    func run() async throws -> Int32 {
        let stream = Context.current.standardOutput
        if find { return try await findRegion() }
        if store { throw UsageError("--store goes with --find", hint: "'ringdown regions --find --store'") }
        let genesys = GenesysRegion.all.map { region -> JSON in
            [
                "platform": "genesys", "region": .string(region.name), "place": .string(region.place),
                "login": .string(region.loginURL), "api": .string(region.apiURL),
            ]
        }
        let cxone = CXoneArea.all.map { area -> JSON in
            [
                "platform": "cxone", "region": .string(area.name), "place": .string(area.place),
                "login": .string(area.issuer), "api": .string(area.apiURL),
            ]
        }
        if output == .json {
            try stream.line(JSON.array(genesys + cxone).description)
            return ExitCode.done
        }
        try stream.line("Genesys Cloud: https://login.DOMAIN and https://api.DOMAIN")
        for region in GenesysRegion.all {
            try stream.line("  \(aligned(region.name, 16))\(aligned(region.domain, 26))\(region.place)")
        }
        try stream.line(
            "NICE CXone: tokens come from https://cxone.niceincontact.com (na2: cxone-gov)")
        for area in CXoneArea.all {
            try stream.line("  \(aligned(area.name, 8))\(aligned(area.apiURL, 36))\(area.place)")
        }
        return ExitCode.done
    }

    private func findRegion() async throws -> Int32 {
        let settings = try account.settings()
        if let url = try settings.text("GENESYS_LOGIN_URL") {
            throw ConfigurationError(
                "GENESYS_LOGIN_URL is set to \(sanitized(url, limit: 80)), but --find asks the login hosts of all regions",
                hint: "unset it to ask them"
            )
        }
        let finder = try RegionFinder(settings, transport: try account.transport(settings))
        let answers = await finder.ask()
        let stream = Context.current.standardOutput
        let found = answers.filter { $0.knowsClient }
        if output == .json {
            let rows = answers.map { answer -> JSON in
                [
                    "region": .string(answer.region.name), "knowsClient": .bool(answer.knowsClient),
                    "answer": .string(answer.said),
                ]
            }
            try stream.line(JSON.array(rows).description)
        } else {
            for answer in answers { try stream.line("  " + aligned(answer.region.name, 16) + answer.said) }
        }
        if found.count > 1 {
            notice("ringdown: several regions know the client: \(found.map(\.region.name).joined(separator: ", "))")
            notice("  hint: set GENESYS_REGION to the one that is meant")
            return ExitCode.failed
        }
        guard let region = found.first?.region else {
            if answers.allSatisfy({ !$0.hasAnswered }) {
                notice("ringdown: no region could be asked")
                notice("  hint: check the network, the name server, HTTPS_PROXY and RINGDOWN_CA_FILE")
                return ExitCode.unreachable
            }
            let isAnyoneSilent = answers.contains { !$0.hasAnswered }
            notice("ringdown: no region knows the client" + (isAnyoneSilent ? ", but some did not answer" : ""))
            notice("  hint: check GENESYS_CLIENT_ID for a typing mistake, and whether the client was deleted")
            return ExitCode.credentialsRefused
        }
        notice("ringdown: the client belongs to \(region.name): set GENESYS_REGION=\(region.name)")
        try keep(region)
        return ExitCode.done
    }

    /// Writes the region into the file that the settings come from, where that is wanted.
    private func keep(_ region: GenesysRegion) throws {
        guard let file = try account.file() else {
            if store {
                throw ConfigurationError(
                    "there is no profile and no ./.env to write to",
                    hint: "name the profile, or 'ringdown init' makes one")
            }
            return
        }
        if let known = try ProfileFile(file).value(of: "GENESYS_REGION"),
            (try? GenesysRegion.named(known.reveal())) == region
        {
            return notice("ringdown: that is what is set already")
        }
        let isWanted =
            store
            || (Terminal.isThere
                && Terminal.confirm("Write GENESYS_REGION=\(region.name) into \(file)?", standard: true))
        guard isWanted else { return }
        try ProfileFile(file).set("GENESYS_REGION", to: Secret(region.name))
        notice("ringdown: \(file) has GENESYS_REGION=\(region.name) now")
        if Context.current.variables["GENESYS_REGION"] != nil {
            notice("ringdown: note: GENESYS_REGION of the environment wins over it; unset it")
        }
    }
}
