internal import Ringdown
internal import RingdownCore
internal import RingdownCurl
internal import RingdownOAuth
internal import RingdownStores

struct DoctorCommand: Command {
    static let name = "doctor"
    static let abstract = "Diagnose problems and suggest a fix."
    static let discussion = """
        Checks the settings, each host (DNS, connection, certificates, proxy), the clock, the token endpoint, the credentials,
        the organisation, roles, rate limits and the cache. Prints a line for each check, then the most likely cause and the
        next command. If the platform rejects the credentials, doctor tries to correct common mistakes in the secret: a
        trailing line break, quotes, encodings. Secrets are never printed, and are sent to the platform's hosts only.

        --call also checks one API call, for example whether it requires a missing role or a signed-in user. The exit code
        is that of the first failure, because later failures follow from it. Warnings do not affect the exit code.
        """
    static let examples = [
        (line: "ringdown doctor prod", purpose: "Diagnose the profile 'prod'"),
        (line: "ringdown doctor --call /api/v2/users/me", purpose: "Find out why an API call fails"),
        (line: "ringdown simulate -- ringdown doctor --platform genesys", purpose: "Run it against the simulator"),
    ]

    enum Format: String, ChoiceParameter { case text, json }

    let account = Account()
    @Option("call", "PATH", help: "Also check a GET request to this API path")
    var call: String?
    @Option("output", "FORMAT", defaultText: "text", help: "Output format")
    var output: Format?

    func run() async throws -> Int32 {
        var diagnosis = Diagnosis()
        await examine(&diagnosis)
        let stream = Context.current.standardOutput
        if output == .json {
            try stream.line(diagnosis.json.description)
        } else {
            let style = TextStyle(stream)
            for finding in diagnosis.findings { try stream.writeUnfiltered(style.render(finding)) }
            if let cause = diagnosis.cause {
                try stream.writeUnfiltered("\n" + style.paragraph("Most likely: ", cause.text + "."))
                try stream.writeUnfiltered(style.paragraph("Next:        ", cause.next))
            } else {
                try stream.write("\nNo problems found.\n")
            }
        }
        return diagnosis.exitCode
    }

    private func examine(_ diagnosis: inout Diagnosis) async {
        if let socket = Context.current.variables["RINGDOWN_SOCKET"], !socket.isEmpty {
            return await examineBroker(socket, &diagnosis)
        }
        examineNames(&diagnosis)
        guard let (settings, profile) = examineSettings(&diagnosis) else { return }
        let transport: any Transport
        do throws(ConfigurationError) { transport = try account.transport(settings) } catch {
            return diagnosis.fail("network", error.message, Self.cause(error))
        }
        var network: NetworkExamination?
        var isReachable = true
        if Context.current.transport == nil,
            let verified = try? CurlTransport(settings, isVerifying: account.isVerifying),
            let unverified = try? CurlTransport(settings, isVerifying: false)
        {
            var examination = NetworkExamination(
                transport: verified, unverified: unverified, authorityFile: verified.configuration.trust.file)
            for origin in profile.origins {
                isReachable = await examination.examine(origin, &diagnosis) && isReachable
            }
            network = examination
        }
        if let clock = network?.clock, clock.result != nil {
            let cause = Cause(
                name: "clock", text: "this machine's clock is wrong", next: "set the clock: timedatectl set-ntp true",
                exitCode: ExitCode.failed)
            if clock.isSkewed { diagnosis.warn("clock", clock.text, cause) } else { diagnosis.ok("clock", clock.text) }
        }
        if isReachable {
            let examination = AccountExamination(
                profile: profile, settings: settings, transport: transport,
                store: try? tokenStore(settings, account: profile.account), profileName: account.profileName,
                words: account.words)
            let client = examination.client
            if await examination.examineToken(client, &diagnosis) {
                await examination.examineAPI(client, call, &diagnosis)
            }
            await examineCache(settings, profile, examination, transport, &diagnosis)
        }
        diagnosis.ok("broker", "not used (RINGDOWN_SOCKET is not set)")
    }

    /// Checks only the broker and the API: the broker has the secret, the connection to the token endpoint and the cache.
    private func examineBroker(_ socket: String, _ diagnosis: inout Diagnosis) async {
        let next = "ringdown serve" + (account.profileName.map { " " + $0 } ?? "")
        do {
            let client = try await account.client()
            diagnosis.ok("broker", "\(socket) returned a token for \(client.profile.platform.title)")
            let settings = account.settingsWithoutFile
            let examination = AccountExamination(
                profile: client.profile, settings: settings, transport: try account.transport(settings), store: nil,
                profileName: account.profileName, words: account.words)
            await examination.examineAPI(client, call, &diagnosis)
        } catch let error as TokenError {
            let isThere = error.code != .unreachable
            diagnosis.fail(
                "broker", error.message,
                Cause(
                    name: isThere ? "broker-without-token" : "no-broker",
                    text: isThere ? "the broker is running, but has no token" : "no broker is listening on \(socket)",
                    next: isThere ? "where the broker runs: ringdown doctor" : next + ", or unset RINGDOWN_SOCKET",
                    exitCode: isThere ? ExitCode.credentialsRefused : ExitCode.unreachable))
        } catch {
            diagnosis.fail(
                "broker", "\(error)", Cause(name: "failed", text: "\(error)", next: next, exitCode: ExitCode.failed))
        }
    }

    private func examineSettings(_ diagnosis: inout Diagnosis) -> (Settings, Profile)? {
        let notes = Locked<[String]>([])
        let logger = Logger(level: .warning) { _, _, message in notes.withLock { $0.append(message) } }
        let result = Logger.$current.withValue(logger) { () -> Result<(Settings, Profile), ConfigurationError> in
            do throws(ConfigurationError) {
                let settings = try account.settings()
                return .success((settings, try Profile(settings)))
            } catch { return .failure(error) }
        }
        switch result {
        case .success(let (settings, profile)):
            diagnosis.ok("settings", "\(profile.account), from \(settings.places)")
            Self.examineCharacters(profile, &diagnosis)
        case .failure(let error): diagnosis.fail("settings", error.message, Self.cause(error))
        }
        if let name = account.profileName, let shadowed = try? account.shadowedVariables(), !shadowed.isEmpty {
            let list = shadowed.joined(separator: ", ")
            diagnosis.warn(
                "settings",
                "\(list) from the environment \(shadowed.count == 1 ? "is" : "are") used instead of the profile's",
                Cause(
                    name: "shadowed-profile",
                    text: "environment variables override the account of the profile '\(name)'",
                    next: "unset " + shadowed.joined(separator: " "), exitCode: ExitCode.configuration))
        }
        var told: Set<String> = []
        for note in notes.withLock({ $0 }) where told.insert(note).inserted { diagnosis.warn("settings", note) }
        return try? result.get()
    }

    /// Reports invisible characters in the client ID and the secrets. Keys in PEM format contain line breaks.
    private static func examineCharacters(_ profile: Profile, _ diagnosis: inout Diagnosis) {
        guard case .grant(let grant) = profile.credential else { return }
        var texts = [("client ID", profile.clientID)]
        if let client = grant.client, !client.secret.reveal().contains("-----BEGIN ") {
            texts.append(("client secret", client.secret.reveal()))
        }
        for parameter in grant.parameters {
            if case .secret(let secret) = parameter.value { texts.append((parameter.name, secret.reveal())) }
        }
        for (name, text) in texts {
            let found = SecretText.invisibleCharacters(text)
            guard !found.isEmpty else { continue }
            diagnosis.warn(
                "settings", "the \(name) contains invisible characters: \(found.joined(separator: ", "))",
                Cause(
                    name: "invisible-characters", text: "the \(name) contains characters that are not visible",
                    next: "copy the \(name) again, or type it", exitCode: ExitCode.configuration))
        }
    }

    private static func cause(_ error: ConfigurationError) -> Cause {
        Cause(name: "configuration", text: error.message, next: error.hint, exitCode: ExitCode.configuration)
    }

    private func examineCache(
        _ settings: Settings, _ profile: Profile, _ examination: AccountExamination, _ transport: any Transport,
        _ diagnosis: inout Diagnosis
    ) async {
        // The findings report what the store would log.
        let silent = Logger(level: .warning) { _, _, _ in }
        await Logger.$current.withValue(silent) {
            await examineStore(settings, profile, examination, transport, &diagnosis)
        }
    }

    private func examineStore(
        _ settings: Settings, _ profile: Profile, _ examination: AccountExamination, _ transport: any Transport,
        _ diagnosis: inout Diagnosis
    ) async {
        do throws(ConfigurationError) {
            let kept = try tokenStore(settings, account: profile.account)
            if kept is RedisStore { return diagnosis.ok("cache", "tokens are stored in Redis (RINGDOWN_CACHE)") }
            guard let store = kept as? FileStore else {
                return diagnosis.ok("cache", "tokens are not stored between runs (RINGDOWN_CACHE)")
            }
            let records = try records(of: store)
            let bad = records.filter { $0.problem != nil }.count
            let directory = try cacheDirectory(settings) ?? ""
            let text = "\(records.count) record\(records.count == 1 ? "" : "s") in \(directory)"
            if bad == 0 {
                diagnosis.ok("cache", text)
            } else {
                diagnosis.warn(
                    "cache", "\(text), \(bad) of them unreadable; unreadable records are replaced when needed")
            }
            let client = APIClient(profile, transport: transport, store: store, time: Context.current.time)
            if let backoff = await client.storedBackoff() { examine(backoff, &diagnosis) }
            if let token = await client.storedToken() { await examination.examineCachedToken(token, &diagnosis) }
        } catch { diagnosis.warn("cache", "\(error.message); every run requests a new token", Self.cause(error)) }
    }
}

extension Profile {
    /// The hosts of the configured URLs, without duplicates. Hosts found by discovery are not included.
    fileprivate var origins: [HTTPURL.Origin] {
        var urls: [HTTPURL] = []
        if case .grant(let grant) = credential {
            switch grant.endpoint {
            case .fixed(let url), .discovered(let url): urls.append(url)
            }
        }
        if case .fixed(let url) = api { urls.append(url) }
        var origins: [HTTPURL.Origin] = []
        for url in urls where !origins.contains(url.origin) { origins.append(url.origin) }
        return origins
    }
}
