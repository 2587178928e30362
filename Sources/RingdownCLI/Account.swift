internal import Ringdown
internal import RingdownCore
internal import RingdownCurl
internal import RingdownOAuth
internal import RingdownStores

/// Which account a command works for; shared by all commands that need one.
struct Account {
    enum PlatformName: String, ChoiceParameter { case genesys, cxone, custom }

    @Argument(
        "PROFILE",
        help: "The profile: NAME stands for ~/.config/ringdown/NAME.env. Without it: ./.env and the environment.")
    var profileName: String?
    @Option("platform", "NAME", help: "The platform, where the settings do not tell.")
    var platform: PlatformName?
    @Option("region", "REGION", help: "The region or area, in place of the one that is set.")
    var region: String?
    @Option(
        "max-wait", "DURATION",
        help: "Wait no longer than this at a time for limits and outages; 3m unless said otherwise.")
    private var maxWait: DurationParameter?
    @Flag("no-throttle", help: "Do not slow down before the platform's limit; calls that it refuses are repeated.")
    private var noThrottle: Bool
    @Option("trace", "FILE", help: "Write every exchange into FILE, as HAR without secrets.")
    private var trace: String?
    @Flag(
        "insecure",
        help: "Do not verify TLS certificates. For experiments only; where CI is set it must be --insecure=yes.")
    private var insecure: ConfirmedFlag
    /// One file for all transports of the command.
    private let traceLog = Locked<HARLog?>(nil)
    @Flag("trust-directory", help: "Trust ./.env as if it were a profile: it may decide where secrets are sent")
    private var trustDirectory: Bool
    /// One for all settings of the command, so that no secret of one meets a setting of another.
    private let originGuard = OriginGuard()
    @Flag("verbose", short: "v", help: "Tell each step on standard error.")
    private var verbose: Bool
    @Flag("quiet", short: "q", help: "No notes on standard error, only errors.")
    private var quiet: Bool

    /// The settings of the account. Throws `ConfigurationError`.
    func settings() throws(ConfigurationError) -> Settings { try settings(of: profileName) }

    /// The settings of a profile; without a name, of ./.env and the environment.
    func settings(
        of name: String?, adding more: [String: String] = [:]
    ) throws(ConfigurationError) -> Settings {
        var settings = Settings(
            variables: Context.current.variables, flags: flags.merging(more) { $1 }, originGuard: originGuard)
        if let file = try file(of: name) { try settings.add(file: file, isTrusted: name != nil || trustDirectory) }
        return settings
    }

    /// The settings of the environment and the options alone, for a broker that has the account.
    var settingsWithoutFile: Settings { Settings(variables: Context.current.variables, flags: flags) }

    /// How a command names this account: ` prod`, ` --platform genesys`, or nothing.
    var words: String { (profileName.map { " " + $0 } ?? "") + (platform.map { " --platform \($0.rawValue)" } ?? "") }

    /// Variables of credentials that the profile's file sets, and the environment sets to something else, which wins.
    func shadowedVariables() throws(ConfigurationError) -> [String] {
        guard profileName != nil, let path = try file() else { return [] }
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

    /// What options say in place of variables.
    var flags: [String: String] {
        var flags: [String: String] = [:]
        if let platform { flags["RINGDOWN_PLATFORM"] = platform.rawValue }
        if let region {
            flags["GENESYS_REGION"] = region
            flags["CXONE_REGION"] = region
        }
        return flags
    }

    /// The profile's file, or `./.env`; nil where no profile is named and there is no such file.
    func file() throws(ConfigurationError) -> String? { try file(of: profileName) }

    private func file(of name: String?) throws(ConfigurationError) -> String? {
        let context = Context.current
        if let name { return try ProfileDirectory(context.variables).file(of: name) }
        let path = context.workingDirectory + "/.env"
        return isThere(path) ? path : nil
    }

    /// A client for the account: by the broker that `RINGDOWN_SOCKET` names, or with the account's own secret. Throws
    /// `ConfigurationError`, and `TokenError` where the broker has none.
    func client() async throws -> APIClient { try await client(of: profileName) }

    /// `isPrivate` for tokens that no other process shares.
    func client(of name: String?, isPrivate: Bool = false) async throws -> APIClient {
        let context = Context.current
        guard let socket = context.variables["RINGDOWN_SOCKET"], !socket.isEmpty else {
            return try ownClient(of: name, isPrivate: isPrivate)
        }
        let settings = settingsWithoutFile
        let transport = try transport(settings)
        let broker = BrokerClient(socketPath: socket, profileName: name, transport: transport, time: context.time)
        let profile: Profile
        do throws(TokenError) { profile = try await broker.profile() } catch {
            let hint =
                error.code == .unreachable
                ? "start it with 'ringdown serve', or unset RINGDOWN_SOCKET" : "see what it says where it runs"
            throw AdvisedTokenError(error: error, hint: hint)
        }
        return APIClient(profile, transport: transport, time: context.time, calls: try callSettings(settings))
    }

    /// A client with the account's own secret. `isBackground` where the process goes on, so that refreshes need not be waited
    /// for. Throws `ConfigurationError`.
    func ownClient(
        of name: String?, isBackground: Bool = false, isPrivate: Bool = false
    ) throws(ConfigurationError) -> APIClient {
        let settings = try settings(of: name)
        let profile = try Profile(settings)
        // The process ends with the answer, so it has no background in which a refresh could go on.
        var lifecycle = LifecycleSettings()
        if !isBackground { lifecycle.advisoryPatience = .seconds(2) }
        return APIClient(
            profile, transport: try transport(settings),
            store: isPrivate ? .memory : try tokenStore(settings, account: profile.account),
            time: Context.current.time, settings: lifecycle, calls: try callSettings(settings)
        )
    }

    private func callSettings(_ settings: Settings) throws(ConfigurationError) -> CallSettings {
        var calls = CallSettings()
        calls.isGated = !noThrottle
        if let maxWait {
            calls.waitLimit = maxWait.duration
        } else if let text = try settings.text("RINGDOWN_MAX_WAIT") {
            guard let limit = DurationParameter(parameter: text) else {
                throw ConfigurationError(
                    "RINGDOWN_MAX_WAIT is '\(sanitized(text, limit: 40))'",
                    hint: "write \(DurationParameter.expectation)"
                )
            }
            calls.waitLimit = limit.duration
        }
        return calls
    }

    /// What carries requests. Throws `ConfigurationError`.
    func transport(_ settings: Settings) throws(ConfigurationError) -> any Transport {
        let transport = try plainTransport(settings)
        guard let trace else { return transport }
        do throws(FileError) {
            let known = traceLog.withLock { $0 }
            let log = known == nil ? try HARLog(path: trace) : known
            traceLog.withLock { $0 = log }
            return log.map { HARTrace(transport: transport, log: $0) } ?? transport
        } catch { throw ConfigurationError("cannot write the trace \(error)", hint: "name a file that can be made") }
    }

    private func plainTransport(_ settings: Settings) throws(ConfigurationError) -> any Transport {
        if insecure != .absent {
            guard insecure == .confirmed || Context.current.variables["CI"]?.isEmpty ?? true else {
                throw ConfigurationError(
                    "--insecure is refused where CI is set: the token could go to anyone",
                    hint: "name the CA file in RINGDOWN_CA_FILE instead, or insist with --insecure=yes"
                )
            }
            notice(
                "ringdown: WARNING: certificates are not verified. Anyone on the way can read the secret and the token."
            )
        }
        if let transport = Context.current.transport { return transport }
        return try CurlTransport(settings, isVerifying: insecure == .absent)
    }

    /// Whether certificates are to be verified.
    var isVerifying: Bool { insecure == .absent }

    /// Runs `body` with the account's client, and explains a token that is refused.
    func withClient<Result>(_ body: (APIClient) async throws -> Result) async throws -> Result {
        let client = try await client()
        return try await Self.advising(client.profile) { try await body(client) }
    }

    /// Runs `body`, and explains a token that is refused to the profile.
    static func advising<Result>(_ profile: Profile, _ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as TokenError {
            throw AdvisedTokenError(error: error, hint: ErrorHints.hint(for: error, profile))
        }
    }
}
