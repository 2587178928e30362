internal import Ringdown
internal import RingdownCore

struct JobsCommand: Command {
    static let name = "jobs"
    static let abstract = "NICE CXone's long-running work: start it, wait for it, print its file."
    static let discussion = """
        extraction  a data extraction, for whole days; NAME is its entity, such as recording-interaction-metadata
        report      a report, run as it is set up; NAME is its number
        rows        the rows of a report for an interval; NAME is its number

        The file is fetched without the token where it lies with others. CXone begins one extraction in 30 seconds; a second
        one waits. Genesys Cloud's jobs are 'ringdown conversations --job'.
        """
    static let examples = [
        (
            line:
                "ringdown jobs extraction recording-interaction-metadata --version 7 --interval 2026-11-01/2026-11-02 > calls.csv",
            purpose: "A day's recordings"
        ),
        (line: "ringdown jobs report 350001 > report.csv", purpose: "A report"),
    ]

    enum Kind: String, CaseIterable { case extraction, report, rows }

    @Argument("KIND", required: true, help: "extraction, report or rows.")
    var kind: String?
    @Argument("NAME", required: true, help: "The entity, or the report's number.")
    var subject: String?
    let account = Account()
    @Option("interval", "START/END", help: "From when until when; for extraction and rows.")
    var interval: String?
    @Option("version", "NUMBER", help: "The version of the entity; 1 unless said otherwise.")
    var version: String?
    @Option("file-type", "TYPE", help: "CSV, PDF, XML or Excel, for report; CSV unless said otherwise.")
    var fileType: String?

    func run() async throws -> Int32 {
        guard let kind = kind.flatMap(Kind.init), let subject else {
            throw UsageError(
                "KIND cannot be '\(sanitized(kind ?? "", limit: 40))'",
                hint: "it can be: \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let interval = kind == .report ? nil : try givenInterval(self.interval)
        Interruption.arm()
        let bytes = try await account.withClient { client -> [UInt8] in
            guard client.profile.platform.name == "cxone" else {
                throw UsageError(
                    "\(client.profile.platform.title) has no such jobs",
                    hint: "'ringdown conversations --job' is its own")
            }
            switch (kind, interval) {
            case (.extraction, let interval?):
                return try await client.dataExtraction(entity: subject, version: version ?? "1", in: interval)
            case (.rows, let interval?):
                let name = "ringdown-\(Int(Context.current.time.now().wall.secondsSince1970 * 1000)).csv"
                return try await client.reportDownload(subject, in: interval, fileName: name)?.bytes ?? []
            default: return try await client.report(subject, fileType: fileType ?? "CSV").bytes
            }
        }
        if bytes.isEmpty { notice("ringdown: note: there is nothing in this interval") }
        try Context.current.standardOutput.write(bytes)
        return ExitCode.done
    }
}
