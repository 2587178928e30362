internal import Ringdown
internal import RingdownCore

struct ConversationsCommand: Command {
    static let name = "conversations"
    static let abstract = "List the conversations or completed contacts of an interval."
    static let discussion = """
        Genesys Cloud returns the conversations that started on any day of the interval. Intervals of more than a week are
        queried week by week. With --job, an asynchronous query returns the conversations with activity during the interval,
        with their attributes; conversations of the last day may be missing. NICE CXone returns completed contacts.

        Times are UTC. json and ndjson contain the platform's data unchanged. Ctrl-C stops after a complete line.
        """
    static let examples = [
        (
            line: "ringdown conversations --interval 2026-11-01/2026-11-08 --output csv > week.csv",
            purpose: "Export a week as CSV"
        ),
        (
            line:
                "ringdown conversations --interval 2026-01-01/2026-11-01 --job --output ndjson --resume pos >> all.ndjson",
            purpose: "Export ten months; run it again to resume after an interruption"
        ),
    ]

    let account = Account()
    let export = ExportOptions()
    @Option(
        "interval", "START/END",
        help: "Start and end: dates (midnight UTC) or times such as 2026-11-01T08:00:00Z")
    var interval: String?
    @Flag("job", help: "Genesys Cloud: use an asynchronous query, for long intervals")
    var job: Bool

    func run() async throws -> Int32 {
        let interval = try givenInterval(self.interval)
        let job = job
        account.choice.require { job ? $0.capabilities.jobs.contains(.conversations) : $0.conversations != nil }
        try await account.withClient { client in try await print(client, interval) }
        return ExitCode.done
    }

    private func print(_ client: APIClient, _ interval: Interval) async throws {
        let list = job ? client.conversationResults(at: []) : client.conversations(in: interval)
        let columns = Columns(names: ["id", "start", "end", "direction", "media"]) { bytes in
            let item = try list.item(bytes)
            let times = [item.start, item.end].map { $0?.rfc3339 ?? "" }
            return [item.id] + times + [item.direction ?? "", item.media ?? ""]
        }
        func begin() async throws -> Pages { try await client.conversationJob(in: interval).pages }
        try await export.run(
            client, subject: "conversations \(interval)\(job ? " job" : "")", noun: "conversations", .table, columns,
            list.pages, begin: job ? begin : nil)
    }
}

/// Parses the value of `--interval`.
///
/// - Throws: `UsageError` if it is missing or invalid.
func givenInterval(_ text: String?) throws(UsageError) -> Interval {
    let hint = "use START/END, such as '--interval 2026-11-01/2026-11-08'; dates mean midnight UTC"
    guard let text else { throw UsageError("--interval is missing", hint: hint) }
    do { return try Interval(text) } catch {
        throw UsageError("--interval cannot be '\(sanitized(text, limit: 60))': \(error)", hint: hint)
    }
}
