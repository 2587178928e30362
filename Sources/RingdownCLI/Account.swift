internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth
internal import RingdownStores

/// The options that select an account, shared by all commands that need one.
struct Account {
    enum PlatformName: String, ChoiceParameter { case genesys, cxone, custom }

    @Argument(
        "PROFILE",
        help: "Profile NAME, stored as ~/.config/ringdown/NAME.env (default: ./.env and the environment)")
    var profileName: String?
    @Option("platform", "NAME", help: "Platform, if it cannot be inferred from the configuration")
    var platform: PlatformName?
    @Option("region", "REGION", help: "Override the configured region or area")
    var region: String?
    @Option(
        "max-wait", "DURATION", defaultText: "3m", help: "Maximum wait for a rate limit or outage")
    var maxWait: DurationParameter?
    @Flag("no-throttle", help: "Do not slow down near the rate limit; rejected calls are still retried")
    var noThrottle: Bool
    @Option("trace", "FILE", help: "Write every HTTP exchange to FILE in HAR format, without secrets")
    var trace: String?
    @Flag(
        "insecure",
        help: "Skip TLS certificate verification, for testing only; if CI is set, requires --insecure=yes")
    var insecure: ConfirmedFlag
    private let notices = Locked<WaitNotice?>(nil)
    /// The trace file, shared by all transports of the command.
    let traceLog = Locked<HARLog?>(nil)
    @Flag("trust-directory", help: "Trust ./.env like a profile, including settings that decide where secrets are sent")
    private var trustDirectory: Bool
    /// The choice between the platforms of the settings.
    let choice = PlatformChoice()
    /// The guard shared by all settings of the command. It keeps the secrets of one apart from the settings of another.
    private let originGuard = OriginGuard()
    @Flag("environment-wins", help: "Let variables of the environment override the account of PROFILE")
    private var environmentWins: Bool
    @Flag("verbose", short: "v", help: "Log each step to standard error")
    private var verbose: Bool
    @Flag("quiet", short: "q", help: "Print only errors to standard error")
    private var quiet: Bool

    /// The report of waits on standard error.
    var waitNotice: WaitNotice {
        notices.withLock { known in
            let notice = known ?? WaitNotice(isQuiet: quiet)
            known = notice
            return notice
        }
    }

    /// Reads the settings of the account.
    ///
    /// - Throws: `ConfigurationError` if they cannot be read.
    func settings() throws(ConfigurationError) -> Settings { try settings(of: profileName) }

    /// Reads the settings of a profile. If `name` is nil, reads `./.env` and the environment.
    func settings(
        of name: String?, adding more: [String: String] = [:]
    ) throws(ConfigurationError) -> Settings {
        var settings = Settings(
            variables: Context.current.variables, flags: flags.merging(more) { $1 }, originGuard: originGuard)
        if let file = try file(of: name) { try settings.add(file: file, isTrusted: name != nil || trustDirectory) }
        if let name, !environmentWins { Self.note(settings.preferProfile(), name) }
        try choice.select(in: &settings, profile: name)
        return settings
    }

    /// Whether variables of the environment override the account's file.
    var environmentDecides: Bool { profileName == nil || environmentWins }

    private static func note(_ ignored: [String], _ profile: String) {
        if ignored.isEmpty { return }
        Logger.current.warning(
            "settings.ignored",
            "the profile '\(profile)' is used; ignored variables of the environment: \(ignored.joined(separator: ", ")) "
                + "(--environment-wins uses them)")
    }

    /// The settings of the environment and the options, without a file. A broker reads the account itself.
    var settingsWithoutFile: Settings { Settings(variables: Context.current.variables, flags: flags) }

    /// The arguments that select this account in a suggested command: ` prod`, ` --platform genesys`, or nothing.
    var words: String { (profileName.map { " " + $0 } ?? "") + (platform.map { " --platform \($0.rawValue)" } ?? "") }

    /// The credential variables of the profile that the environment overrides with another value.
    func shadowedVariables() throws(ConfigurationError) -> [String] {
        guard environmentWins, profileName != nil, let path = try file() else { return [] }
        let file = ProfileFile(path)
        var names: [String] = []
        for question in Platform.all.flatMap(\.questions) {
            guard let own = try file.value(of: question.variable), !own.isEmpty,
                let other = Context.current.variables[question.variable], !other.isEmpty
            else { continue }
            if Secret(other) != own { names.append(question.variable) }
        }
        return names
    }

    /// The options as variables; they override the environment.
    var flags: [String: String] {
        var flags: [String: String] = [:]
        if let platform { flags["RINGDOWN_PLATFORM"] = platform.rawValue }
        if let region {
            for platform in Platform.all { flags[platform.variables.region] = region }
        }
        return flags
    }

    /// The profile's file, or `./.env`. nil if no profile is named and `./.env` does not exist.
    func file() throws(ConfigurationError) -> String? { try file(of: profileName) }

    private func file(of name: String?) throws(ConfigurationError) -> String? {
        let context = Context.current
        if let name { return try ProfileDirectory(context.variables).existing(name) }
        let path = context.workingDirectory + "/.env"
        return isThere(path) ? path : nil
    }

    /// Creates a client for the account. It uses the broker at `RINGDOWN_SOCKET` if this is set, else the account's own secret.
    ///
    /// - Throws: `ConfigurationError`, or `TokenError` if the broker does not return the account.
    func client() async throws -> APIClient { try await client(of: profileName) }

    /// Creates a client for a profile.
    ///
    /// - Parameter isPrivate: Whether the token is not shared with other processes.
    func client(of name: String?, isPrivate: Bool = false) async throws -> APIClient {
        let context = Context.current
        guard let socket = context.variables["RINGDOWN_SOCKET"], !socket.isEmpty else {
            return try ownClient(of: name, isPrivate: isPrivate)
        }
        let settings = settingsWithoutFile
        let transport = try transport(settings)
        let calls = try callSettings(settings)
        let broker = BrokerClient(socketPath: socket, profileName: name, transport: transport, time: context.time)
        let profile: Profile
        do throws(TokenError) { profile = try await broker.profile(calls: calls) } catch {
            var error = error
            error.hint =
                error.code == .unreachable
                ? "start it with 'ringdown serve', or unset RINGDOWN_SOCKET" : "check the broker's log"
            error.special = Recovery.none
            throw error
        }
        let client = APIClient(profile, transport: transport, time: context.time, calls: calls)
        client.observe(waitNotice.tell)
        return client
    }

    /// Creates a client with the account's own secret.
    ///
    /// - Parameters:
    ///   - isBackground: Whether the process continues to run, so that refreshes can complete in the background. Callers of such a
    ///     process have time limits of their own, so it waits for an outage for 10 s unless the user sets another limit.
    ///   - isPrivate: Whether the token is not shared with other processes.
    /// - Throws: `ConfigurationError` if the account is not configured.
    func ownClient(
        of name: String?, isBackground: Bool = false, isPrivate: Bool = false
    ) throws(ConfigurationError) -> APIClient {
        let settings = try settings(of: name)
        let profile = try Profile(settings)
        let store: any TokenStore = isPrivate ? .memory : try tokenStore(settings, account: profile.account)
        // The process exits after the command, so a refresh cannot complete in the background.
        var lifecycle = LifecycleSettings()
        if !isBackground { lifecycle.advisoryPatience = .seconds(2) }
        let client = APIClient(
            profile, transport: try transport(settings), store: store, time: Context.current.time, settings: lifecycle,
            calls: try callSettings(settings, standard: isBackground ? .seconds(10) : CallSettings().waitLimit))
        if !isBackground { client.observe(waitNotice.tell) }
        return client
    }

    /// Runs `body` with the account's client.
    func withClient<Result>(_ body: (APIClient) async throws -> Result) async throws -> Result {
        try await body(client())
    }
}
