internal import Ringdown
internal import RingdownCore

struct ConversationsCommand: Command {
    static let name = "conversations"
    static let abstract = "List the conversations of an interval, or the completed contacts."
    static let discussion = """
        Genesys Cloud gives the conversations that started on a day which the interval touches; intervals of more than a week are
        asked for week by week. With --job it is asked asynchronously, for those with activity during the interval, with their
        attributes; what is newer than a day may be missing then. NICE CXone gives the contacts that were completed.

        Times are UTC. json and ndjson hold what the platform sent, unchanged. Ctrl-C ends the list after a whole line.
        """
    static let examples = [
        (line: "ringdown conversations --interval 2026-11-01/2026-11-08 --output csv > week.csv", purpose: "A week"),
        (
            line:
                "ringdown conversations --interval 2026-01-01/2026-11-01 --job --output ndjson --resume pos >> all.ndjson",
            purpose: "Ten months, which can be broken off"
        ),
    ]

    let account = Account()
    let export = ExportOptions()
    @Option(
        "interval", "START/END",
        help: "From when until when: dates (midnight, UTC), or times such as 2026-11-01T08:00:00Z.")
    var interval: String?
    @Flag("job", help: "Genesys Cloud: ask asynchronously, for long intervals.")
    var job: Bool

    func run() async throws -> Int32 {
        let interval = try givenInterval(self.interval)
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

/// The interval of a command line. Throws `UsageError`.
func givenInterval(_ text: String?) throws(UsageError) -> Interval {
    let hint = "'--interval 2026-11-01/2026-11-08' is a week; dates mean midnight, UTC"
    guard let text else { throw UsageError("--interval is missing", hint: hint) }
    do { return try Interval(text) } catch {
        throw UsageError("--interval cannot be '\(sanitized(text, limit: 60))': \(error)", hint: hint)
    }
}
