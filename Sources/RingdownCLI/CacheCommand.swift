internal import Ringdown
internal import RingdownCore
internal import RingdownStores

struct CacheCommand: Command {
    static let name = "cache"
    static let abstract = "Check or delete the cached tokens."
    static let discussion = """
        verify reads every record and prints its account, or the reason why it cannot be read. clear deletes all cached
        tokens. Running programs continue to use the tokens that they have in memory. 'ringdown token' treats an unreadable
        record as a cache miss and replaces it.
        """
    static let examples = [
        (line: "ringdown cache verify", purpose: "Check the token store"),
        (line: "ringdown cache clear", purpose: "Delete all cached tokens"),
    ]

    enum Format: String, ChoiceParameter { case text, json }

    enum Action: String, ChoiceParameter { case verify, clear }

    @Argument("ACTION", required: true, help: "What to do with the cached tokens")
    var action: Action?
    @Option("output", "FORMAT", defaultText: "text", help: "Output format")
    var output: Format?

    func run() async throws -> Int32 {
        let store = try fileStore()
        switch action {
        case .verify: return try verify(store)
        case .clear:
            let count = store.clear()
            try say(["forgotten": .int(count)], "\(count) token\(count == 1 ? "" : "s") deleted")
            return ExitCode.done
        case nil: throw UsageError("ACTION is missing", hint: "see 'ringdown cache --help'")
        }
    }

    private func verify(_ store: FileStore) throws -> Int32 {
        let records = try records(of: store)
        let isGood = records.allSatisfy { $0.problem == nil }
        let json: [JSON] = records.map { record in
            [
                "record": .string(record.name), "account": .optional(record.account),
                "ok": .bool(record.problem == nil), "problem": .optional(record.problem),
            ]
        }
        let lines = records.map { record in
            (record.problem.map { "bad   \(record.name)  \($0)" } ?? "ok    \(record.name)  \(record.account ?? "")")
                + "\n"
        }
        let advice = isGood ? "" : "; 'ringdown cache clear' deletes the bad records too"
        let summary = "\(records.count) record\(records.count == 1 ? "" : "s")\(advice)"
        try say(["ok": .bool(isGood), "records": .array(json)], lines.joined() + summary)
        return isGood ? ExitCode.done : ExitCode.badInput
    }

    private func say(_ json: JSON, _ text: String) throws {
        try Context.current.standardOutput.line(output == .json ? json.description : text)
    }
}

/// The token store in files that the environment configures.
///
/// - Throws: `ConfigurationError` if tokens are not stored in files.
func fileStore() throws(ConfigurationError) -> FileStore {
    let settings = Settings(variables: Context.current.variables)
    guard let store = try tokenStore(settings, account: "") as? FileStore else {
        throw ConfigurationError("tokens are not stored in files", hint: "unset RINGDOWN_CACHE")
    }
    return store
}

/// Reads the records of a store.
///
/// - Throws: `ConfigurationError` if the store cannot be used.
func records(of store: FileStore) throws(ConfigurationError) -> [StoredRecord] {
    do { return try store.records(at: Context.current.time.now()) } catch {
        throw ConfigurationError(
            "the token store \(error)", hint: "check RINGDOWN_CACHE_DIR and RINGDOWN_CACHE_KEY")
    }
}
