internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth
internal import RingdownStores

struct TokensCommand: Command {
    static let name = "tokens"
    static let abstract = "List cached tokens, show the request log, or print a refresh schedule."
    static let discussion = """
        Without WHAT, each cached token is listed with its account and its expiry. The tokens are never printed.

        log prints a line for each token request: time, account, reason, outcome, duration and number of waiting callers. The
        reasons are: cold (no token was cached), advisory (refreshed ahead of time in the background), mandatory (the token was
        about to expire), rejected (the API returned 401), minimumValidity (a caller required a longer validity) and forced.

        plan prints the refresh windows of a token with --lifetime, and the number of token requests a day by --replicas.
        """
    static let examples = [
        (line: "ringdown tokens", purpose: "List the cached tokens"),
        (line: "ringdown tokens log", purpose: "Show when and why tokens were requested"),
        (
            line: "ringdown tokens plan --lifetime 86400 --replicas 40",
            purpose: "Print the refresh schedule of 40 replicas"
        ),
    ]

    enum Format: String, ChoiceParameter { case table, json }

    enum View: String, ChoiceParameter { case log, plan }

    @Argument("WHAT", help: "What to print instead of the cached tokens")
    var what: View?
    @Option("output", "FORMAT", defaultText: "table", help: "Output format")
    var output: Format?
    @Option("lifetime", "DURATION", help: "For plan: lifetime of a token, such as 86400 or 1h")
    var lifetime: DurationParameter?
    @Option("replicas", "NUMBER", defaultText: "1", help: "For plan: number of processes without a shared store")
    var replicas: Int?

    func run() async throws -> Int32 {
        switch what {
        case nil: try list()
        case .log: try showLog()
        case .plan: try plan()
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
                return [record.account ?? "", "expiry unknown", ""]
            }
            return [record.account ?? "", "expires \(token.expiry.rfc3339)", "in \(left.spoken)"]
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
        _ = try fileStore()  // the request log is stored with the tokens
        let settings = Settings(variables: Context.current.variables)
        guard let directory = try cacheDirectory(settings) else {
            throw ConfigurationError(
                "the directory of the request log is not known", hint: "set HOME or RINGDOWN_CACHE_DIR")
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
            throw UsageError(
                "plan requires --lifetime from 1s to 30d", hint: "use 86400 for Genesys Cloud, 3600 for CXone")
        }
        guard (1...1_000_000).contains(replicas ?? 1) else {
            throw UsageError("--replicas cannot be \(replicas ?? 0)", hint: "use 1 to 1000000")
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
