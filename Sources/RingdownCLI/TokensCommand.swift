internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth
internal import RingdownStores

struct TokensCommand: Command {
    static let name = "tokens"
    static let abstract = "The cached tokens; why tokens were requested; when they would be."
    static let discussion = """
        Without WHAT: every cached token, whose it is and when it ends; never the token itself.
        why: the record requestLog, a line for each token request: when, for whom, for what reason, with what outcome, how long it
        took, and how many callers waited for it. The reasons: cold (there was no token), advisory (it ends before long, nobody
        waits), mandatory (it is about to end), rejected (the API answered 401), minimumValidity (a caller needs it to last), forced.
        plan: the windows of a token of --lifetime, and how many token requests --replicas make in a day.
        """
    static let examples = [
        (line: "ringdown tokens", purpose: "What is cached?"),
        (line: "ringdown tokens log", purpose: "Why was the token endpoint asked?"),
        (line: "ringdown tokens plan --lifetime 86400 --replicas 40", purpose: "The refresh schedule of a fleet"),
    ]

    enum Format: String, ChoiceParameter { case table, json }

    @Argument("WHAT", help: "why or plan; the cached tokens without it.")
    var what: String?
    @Option("output", "FORMAT", help: "table unless said otherwise.")
    var output: Format?
    @Option("lifetime", "DURATION", help: "For plan: how long tokens live, such as 86400 or 1h.")
    var lifetime: DurationParameter?
    @Option("replicas", "NUMBER", help: "For plan: how many processes without a shared store; 1 unless said otherwise.")
    var replicas: Int?

    func run() async throws -> Int32 {
        switch what {
        case nil: try list()
        case "log": try showLog()
        case "plan": try plan()
        case let other?:
            throw UsageError(
                "WHAT cannot be '\(sanitized(other, limit: 40))'", hint: "it can be log or plan, or left out")
        }
        return ExitCode.done
    }

    private func list() throws {
        let now = Context.current.time.now()
        let records = try records(of: try fileStore()).filter { $0.problem == nil }
        let rows = records.map { record -> [String] in
            guard let token = record.state?.token else {
                return [record.account ?? "", "none", record.state?.backoff?.error.message ?? ""]
            }
            let left = token.remaining(at: now)
            if !token.isLifetimeKnown, left > .seconds(365 * 86400) {
                return [record.account ?? "", "until the platform ends it", ""]
            }
            return [record.account ?? "", "ends \(token.expiry.rfc3339)", "in \(left.spoken)"]
        }
        let json = records.map { record -> JSON in
            let backoff = record.state?.backoff
            return [
                "account": .optional(record.account), "expires_at": .optional(record.state?.token?.expiry.rfc3339),
                "lifetime": record.state?.token.map { .int(Int($0.lifetime.inSeconds)) } ?? .null,
                "error": .optional(backoff?.error.message), "retry_at": .optional(backoff?.retryAt.rfc3339),
            ]
        }
        try show(["ACCOUNT", "TOKEN", ""], rows, .array(json))
    }

    private func showLog() throws {
        _ = try fileStore()  // the request log is beside the tokens
        let settings = Settings(variables: Context.current.variables)
        guard let directory = try cacheDirectory(settings) else {
            throw ConfigurationError("there is no place for a request log", hint: "set HOME or RINGDOWN_CACHE_DIR")
        }
        let records = RequestLog(directory: directory).records()
        let rows = records.map { record in
            [
                record.time.rfc3339, record.account, record.reason.rawValue,
                record.error.map { "\($0)" + (record.status.map { " \($0)" } ?? "") }
                    ?? "granted for \(record.lifetime?.spoken ?? "?")",
                "\(Int((record.duration.inSeconds * 1000).rounded())) ms", "\(record.callers)",
            ]
        }
        try show(["TIME", "ACCOUNT", "REASON", "OUTCOME", "TOOK", "CALLERS"], rows, .array(records.map(\.json)))
    }

    private func plan() throws {
        guard let lifetime = lifetime?.duration, lifetime >= .seconds(1), lifetime <= .seconds(30 * 86400) else {
            throw UsageError("plan wants --lifetime, from 1s to 30d", hint: "Genesys Cloud grants 86400, CXone 3600")
        }
        guard (1...1_000_000).contains(replicas ?? 1) else {
            throw UsageError("--replicas cannot be \(replicas ?? 0)", hint: "it can be 1 to 1000000")
        }
        let plan = RefreshPlan(LifecycleSettings(), lifetime: lifetime, replicas: replicas ?? 1)
        let output = Context.current.standardOutput
        if self.output == .json { return try output.line(plan.json.description) }
        for line in plan.lines { try output.line("\(aligned(line.name, 30))  \(line.text)") }
    }

    private func show(_ titles: [String], _ rows: [[String]], _ json: JSON) throws {
        if output == .json { return try Context.current.standardOutput.line(json.description) }
        try showTable(titles, rows)
    }
}
