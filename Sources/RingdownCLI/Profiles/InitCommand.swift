internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

struct InitCommand: Command {
    static let name = "init"
    static let abstract =
        "Make a profile: asks, checks it by getting a token, and writes a file that only you can read."
    static let discussion = """
        Secrets are typed without being shown. Before anything is written a token is requested; where Genesys Cloud does not
        know the client in its region, the other regions are asked. The file is ~/.config/ringdown/PROFILE.env, for its owner
        alone.

        --from-environment asks nothing and takes what the variables hold, references to files and commands as they are: for scripts.
        """
    static let examples = [
        (line: "ringdown init prod", purpose: "With questions"),
        (line: "ringdown init prod --platform genesys --from-environment", purpose: "From GENESYS_… variables"),
        (
            line: "ringdown simulate -- ringdown init trial --platform genesys --from-environment",
            purpose: "Without an account"
        ),
    ]

    let account = Account()
    @Flag("from-environment", help: "Take the answers from the environment, and ask nothing.")
    var fromEnvironment: Bool
    @Flag("replace", help: "Replace a profile of this name.")
    var replace: Bool
    @Flag("unchecked", help: "Write it without getting a token first.")
    var unchecked: Bool

    func run() async throws -> Int32 {
        guard fromEnvironment || Terminal.isThere else {
            throw UsageError(
                "questions need a terminal",
                hint: "set the variables and use --from-environment; 'ringdown init --help' has an example")
        }
        let directory = ProfileDirectory(Context.current.variables)
        let name = try account.profileName ?? askedName()
        let place = try directory.place(of: name)
        if !replace, isThere(place) {
            throw ConfigurationError(
                "there is a profile '\(name)' already: \(place)",
                hint: "--replace replaces it; 'ringdown profiles' lists all")
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
            throw ConfigurationError("the profile was not written: \(error)", hint: "check the directory and the disk")
        }
        notice("ringdown: profile '\(name)' is written: \(place)")
        notice("  next: ringdown whoami \(name)")
        return ExitCode.done
    }

    private func askedName() throws -> String {
        if fromEnvironment {
            throw UsageError("PROFILE is missing", hint: "'ringdown init prod --from-environment'")
        }
        let name = try answered(Terminal.ask("Name of the profile [default]: "))
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
            if question.kind == .region, draft.platform.name == "genesys" {
                do throws(ConfigurationError) { _ = try GenesysRegion.named(answer.reveal()) } catch {
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

    /// Gets a token as the profile would. Returns the exit code where nothing is to be written.
    private func check(_ draft: inout ProfileDraft, isRegionFound: Bool = false) async throws -> Int32? {
        let settings = try draft.settings(Context.current.variables)
        let transport = try account.transport(settings)
        let client = try APIClient(Profile(settings), transport: transport)
        do throws(TokenError) {
            let token = try await client.token()
            let identity = try? await client.whoami()
            notice(
                "ringdown: a token was granted" + (token.isLifetimeKnown ? " for \(token.lifetime.spoken)" : "")
                    + (identity?.organizationName.map { ": \(sanitized($0))" } ?? ""))
            return nil
        } catch {
            if !isRegionFound, error.oauthDescription == "client not found", draft.platform.name == "genesys",
                (try? settings.text("GENESYS_LOGIN_URL")) == nil,
                let region = await RegionFinder.region(settings, transport: transport)
            {
                notice("ringdown: the client belongs to \(region.name): that is what is written")
                draft.replace("GENESYS_REGION", with: Secret(region.name))
                return try await check(&draft, isRegionFound: true)
            }
            let failure = Failure(
                AdvisedTokenError(error: error, hint: ErrorHints.hint(for: error, client.profile)), commandLine: [])
            let code = failure.report()
            let isWanted = !fromEnvironment && Terminal.confirm("Write the profile all the same?", standard: false)
            if !isWanted { notice("ringdown: nothing was written") }
            return isWanted ? nil : code
        }
    }
}
