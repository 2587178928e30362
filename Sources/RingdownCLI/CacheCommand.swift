internal import Ringdown
internal import RingdownCore
internal import RingdownStores

struct CacheCommand: Command {
    static let name = "cache"
    static let abstract = "Check the cached tokens, or forget them."
    static let discussion = """
        verify reads every record: whose it is, whether it can be decrypted, and what is wrong with it otherwise. clear
        forgets every token; programs that run keep the ones that they have. A record that cannot be read is never an
        error for 'ringdown token': it is a miss, and replaced.
        """
    static let examples = [
        (line: "ringdown cache verify", purpose: "Is the store in order?"),
        (line: "ringdown cache clear", purpose: "Forget all tokens"),
    ]

    enum Format: String, ChoiceParameter { case text, json }

    @Argument("WHAT", required: true, help: "verify or clear.")
    var what: String?
    @Option("output", "FORMAT", help: "text unless said otherwise.")
    var output: Format?

    func run() async throws -> Int32 {
        let store = try fileStore()
        switch what {
        case "verify": return try verify(store)
        case "clear":
            let count = store.clear()
            try say(["forgotten": .int(count)], "\(count) token\(count == 1 ? "" : "s") forgotten")
            return ExitCode.done
        default:
            throw UsageError("WHAT cannot be '\(sanitized(what ?? "", limit: 40))'", hint: "it is verify or clear")
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
        let summary =
            "\(records.count) record\(records.count == 1 ? "" : "s")\(isGood ? "" : "; 'ringdown cache clear' removes the bad ones too")"
        try say(["ok": .bool(isGood), "records": .array(json)], lines.joined() + summary)
        return isGood ? ExitCode.done : ExitCode.badInput
    }

    private func say(_ json: JSON, _ text: String) throws {
        try Context.current.standardOutput.line(output == .json ? json.description : text)
    }
}

/// The file store that the environment names. Throws `ConfigurationError`.
func fileStore() throws(ConfigurationError) -> FileStore {
    let settings = Settings(variables: Context.current.variables)
    guard let store = try tokenStore(settings, account: "") as? FileStore else {
        throw ConfigurationError("tokens are not kept in files here", hint: "RINGDOWN_CACHE says so; unset it")
    }
    return store
}

/// The records of a store, or the reason why it cannot be used. Throws `ConfigurationError`.
func records(of store: FileStore) throws(ConfigurationError) -> [StoredRecord] {
    do { return try store.records(at: Context.current.time.now()) } catch {
        throw ConfigurationError(
            "the token store \(error)", hint: "RINGDOWN_CACHE_DIR and RINGDOWN_CACHE_KEY decide where and how")
    }
}
