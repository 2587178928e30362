internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

struct InitCommand: Command {
    static let name = "init"
    static let abstract =
        "Create a profile, check it with a token request, and write it to a private file."
    static let discussion = """
        The command prompts for the settings; secrets are not shown. A token is requested before anything is written. If the
        Genesys Cloud region does not recognise the client, the other regions are tried. The profile is written to
        ~/.config/ringdown/PROFILE.env, which only its owner can read.

        --from-environment reads the settings from environment variables without prompts, for scripts. References to files and
        commands are stored unchanged.
        """
    static let examples = [
        (line: "ringdown init prod", purpose: "Create the profile 'prod' interactively"),
        (
            line: "ringdown init prod --platform genesys --from-environment",
            purpose: "Create it from GENESYS_… variables"
        ),
        (
            line: "ringdown simulate -- ringdown init trial --platform genesys --from-environment",
            purpose: "Try it without an account"
        ),
    ]

    let account = Account()
    @Flag("from-environment", help: "Read the settings from the environment, without prompts")
    var fromEnvironment: Bool
    @Flag("replace", help: "Replace an existing profile")
    var replace: Bool
    @Flag("unchecked", help: "Write the profile without requesting a token first")
    var unchecked: Bool

    func run() async throws -> Int32 {
        guard fromEnvironment || Terminal.isThere else {
            throw UsageError(
                "prompts require a terminal",
                hint: "set the variables and use --from-environment; see 'ringdown init --help'")
        }
        let directory = ProfileDirectory(Context.current.variables)
        let name = try account.profileName ?? askedName()
        let place = try directory.place(of: name)
        if !replace, isThere(place) {
            throw ConfigurationError(
                "profile '\(name)' already exists: \(place)",
                hint: "add --replace to replace it")
        }
        let platform = try chosenPlatform()
        var draft = ProfileDraft(platform)
        try collect(&draft)
        if !unchecked, let code = try await check(&draft) { return code }
        let text = try draft.file()
        var bytes = text.withBytes { Array($0) }
        defer { wipe(&bytes) }
        do throws(FileError) {
            try File.makeDirectory(directory.path)
            try File.replace(place, with: bytes)
        } catch {
            throw ConfigurationError(
                "cannot write the profile: \(error)", hint: "check the directory and the free disk space")
        }
        notice("ringdown: wrote profile '\(name)' to \(place)")
        notice("  next: ringdown whoami \(name)")
        return ExitCode.done
    }

    private func askedName() throws -> String {
        if fromEnvironment {
            throw UsageError("PROFILE is missing", hint: "example: ringdown init prod --from-environment")
        }
        let name = try answered(Terminal.ask("Profile name [default]: "))
        return name.isEmpty ? "default" : name
    }

    private func chosenPlatform() throws -> Platform {
        if let name = account.platform?.rawValue, let platform = Platform.all.first(where: { $0.name == name }) {
            return platform
        }
        if fromEnvironment {
            return try Platform.chosen(by: Settings(variables: Context.current.variables, flags: account.flags))
        }
        let names = Platform.all.map(\.name)
        while true {
            let answer = try answered(Terminal.ask("Platform (\(names.joined(separator: ", "))) [genesys]: "))
            let wanted = answer.isEmpty ? "genesys" : answer.lowercased()
            if let platform = Platform.all.first(where: { $0.name == wanted }) { return platform }
        }
    }

    private func collect(_ draft: inout ProfileDraft) throws {
        for question in draft.platform.questions {
            if question.kind == .region, let region = account.region {
                draft.values.append((question.variable, Secret(region)))
            } else if fromEnvironment {
                try draft.take(question, from: Context.current.variables)
            } else {
                try ask(question, &draft)
            }
        }
        if fromEnvironment { draft.takeOptions(from: Context.current.variables) }
    }

    private func ask(_ question: Platform.Question, _ draft: inout ProfileDraft) throws {
        let standard = question.standard.map { $0.isEmpty ? "" : " [\($0)]" } ?? ""
        while true {
            let prompt = "\(question.prompt)\(standard): "
            let answer =
                question.kind == .secret
                ? try answered(Terminal.askSecret(prompt)) : Secret(try answered(Terminal.ask(prompt)))
            if answer.isEmpty {
                guard let standard = question.standard else { continue }
                if !standard.isEmpty { draft.values.append((question.variable, Secret(standard))) }
                return
            }
            if question.kind == .region {
                do throws(ConfigurationError) { try draft.platform.capabilities.checkRegion(answer.reveal()) } catch {
                    notice("  \(error.message): \(error.hint)")
                    continue
                }
            }
            draft.values.append((question.variable, answer))
            return
        }
    }

    private func answered<Answer>(_ answer: Answer?) throws -> Answer {
        guard let answer else { throw CancellationError() }
        return answer
    }

    /// Requests a token with the settings of the draft.
    ///
    /// - Returns: nil if the profile is to be written, else the exit code.
    private func check(_ draft: inout ProfileDraft, isRegionFound: Bool = false) async throws -> Int32? {
        let settings = try draft.settings(Context.current.variables)
        let transport = try account.transport(settings)
        let client = try APIClient(Profile(settings), transport: transport)
        do {
            let token = try await client.token()
            let identity = try? await client.whoami()
            notice(
                "ringdown: a token was granted" + (token.isLifetimeKnown ? " for \(token.lifetime.spoken)" : "")
                    + (identity?.organizationName.map { ": \(sanitized($0))" } ?? ""))
            return nil
        } catch let error as TokenError {
            if !isRegionFound, error.oauthDescription == "client not found",
                draft.platform.capabilities.hasRegionalClients,
                (try? settings.text("GENESYS_LOGIN_URL")) == nil,
                let region = await RegionFinder.region(settings, transport: transport)
            {
                notice("ringdown: the client belongs to \(region.name); using this region")
                draft.replace("GENESYS_REGION", with: Secret(region.name))
                return try await check(&draft, isRegionFound: true)
            }
            let code = Failure(error, commandLine: []).report()
            let isWanted = !fromEnvironment && Terminal.confirm("Write the profile anyway?", standard: false)
            if !isWanted { notice("ringdown: nothing was written") }
            return isWanted ? nil : code
        }
    }
}
