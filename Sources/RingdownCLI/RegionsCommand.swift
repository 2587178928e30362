internal import Ringdown
internal import RingdownCore

struct RegionsCommand: Command {
    static let name = "regions"
    static let abstract = "List all regions and their hosts, or find the region of a client."
    static let discussion = """
        A Genesys Cloud client exists in one region only. --find sends the client's credentials to the login hosts of all
        regions and reports the region that recognises the client. All these hosts belong to the vendor. On a terminal, --find
        offers to write the region to the profile or ./.env; --store writes it without a prompt. CXone has one issuer for all
        commercial areas.
        """
    static let examples = [
        (line: "ringdown regions", purpose: "List the regions of both platforms"),
        (line: "ringdown regions --find", purpose: "Find the region of the client in GENESYS_CLIENT_ID"),
        (line: "ringdown regions --find --store prod", purpose: "Find the region and write it to the profile"),
    ]

    enum Format: String, ChoiceParameter { case text, json }

    let account = Account()
    @Flag("find", help: "Find the Genesys Cloud region of the client")
    var find: Bool
    @Flag("store", help: "With --find: write the region to the profile or ./.env")
    var store: Bool
    @Option("output", "FORMAT", defaultText: "text", help: "Output format")
    var output: Format?

    func run() async throws -> Int32 {
        let stream = Context.current.standardOutput
        if find { return try await findRegion() }
        if store { throw UsageError("--store requires --find", hint: "'ringdown regions --find --store'") }
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
            "NICE CXone: issuer https://cxone.niceincontact.com (na2: cxone-gov)")
        for area in CXoneArea.all {
            try stream.line("  \(aligned(area.name, 8))\(aligned(area.apiURL, 36))\(area.place)")
        }
        return ExitCode.done
    }

    private func findRegion() async throws -> Int32 {
        account.choice.require { $0.capabilities.hasRegionalClients }
        let settings = try account.settings()
        if let url = try settings.text("GENESYS_LOGIN_URL") {
            throw ConfigurationError(
                "--find cannot be used: GENESYS_LOGIN_URL is set to \(sanitized(url, limit: 80))",
                hint: "unset it, so that --find can query the login hosts of all regions"
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
            notice(
                "ringdown: several regions recognise the client: \(found.map(\.region.name).joined(separator: ", "))")
            notice("  hint: set GENESYS_REGION to one of them")
            return ExitCode.failed
        }
        guard let region = found.first?.region else {
            if answers.allSatisfy({ !$0.hasAnswered }) {
                notice("ringdown: no region could be reached")
                notice("  hint: check the network, DNS, HTTPS_PROXY and RINGDOWN_CA_FILE")
                return ExitCode.unreachable
            }
            let isAnyoneSilent = answers.contains { !$0.hasAnswered }
            notice(
                "ringdown: no region recognises the client" + (isAnyoneSilent ? "; some regions did not answer" : ""))
            notice("  hint: check GENESYS_CLIENT_ID, and whether the client was deleted")
            return ExitCode.credentialsRefused
        }
        notice("ringdown: the client belongs to \(region.name): set GENESYS_REGION=\(region.name)")
        try keep(region)
        return ExitCode.done
    }

    /// Writes the region to the file of the settings, if `--store` is given or the user confirms it.
    private func keep(_ region: GenesysRegion) throws {
        guard let file = try account.file() else {
            if store {
                throw ConfigurationError(
                    "cannot store the region: no profile is named and ./.env does not exist",
                    hint: "name a profile, or create one with 'ringdown init'")
            }
            return
        }
        if let known = try ProfileFile(file).value(of: "GENESYS_REGION"),
            (try? GenesysRegion.named(known.reveal())) == region
        {
            return notice("ringdown: \(file) already has GENESYS_REGION=\(region.name)")
        }
        let isWanted =
            store
            || (Terminal.isThere
                && Terminal.confirm("Write GENESYS_REGION=\(region.name) to \(file)?", standard: true))
        guard isWanted else { return }
        try ProfileFile(file).set("GENESYS_REGION", to: Secret(region.name))
        notice("ringdown: wrote GENESYS_REGION=\(region.name) to \(file)")
        if account.environmentDecides, Context.current.variables["GENESYS_REGION"] != nil {
            notice("ringdown: note: GENESYS_REGION in the environment overrides it; unset it")
        }
    }
}
