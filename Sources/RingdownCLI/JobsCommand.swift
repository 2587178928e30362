internal import Ringdown
internal import RingdownCore

struct JobsCommand: Command {
    static let name = "jobs"
    static let abstract = "Run a NICE CXone data extraction or report and print its file."
    static let discussion = """
        extraction  data extraction for whole days; NAME is the entity, such as recording-interaction-metadata
        report      report with its stored settings; NAME is the report number
        rows        rows of a report for an interval; NAME is the report number

        Files on third-party hosts are downloaded without the token. CXone starts one extraction every 30 seconds; further
        extractions wait. For Genesys Cloud, use 'ringdown conversations --job'.
        """
    static let examples = [
        (
            line:
                "ringdown jobs extraction recording-interaction-metadata --version 7 --interval 2026-11-01/2026-11-02 > calls.csv",
            purpose: "Extract the recordings of a day"
        ),
        (line: "ringdown jobs report 350001 > report.csv", purpose: "Run a report"),
    ]

    enum Kind: String, ChoiceParameter { case extraction, report, rows }

    @Argument("KIND", required: true, help: "Kind of job")
    var kind: Kind?
    @Argument("NAME", required: true, help: "Entity or report number")
    var subject: String?
    let account = Account()
    @Option("interval", "START/END", help: "For extraction and rows: start and end")
    var interval: String?
    @Option("version", "NUMBER", defaultText: "1", help: "For extraction: version of the entity")
    var version: String?
    @Option("file-type", "TYPE", defaultText: "CSV", help: "For report: CSV, PDF, XML or Excel")
    var fileType: String?

    func run() async throws -> Int32 {
        guard let kind, let subject else {
            throw UsageError("KIND or NAME is missing", hint: "see 'ringdown jobs --help'")
        }
        let interval = kind == .report ? nil : try givenInterval(self.interval)
        Interruption.arm()
        account.choice.require { $0.capabilities.jobs.contains(.files) }
        let output = Context.current.standardOutput
        // The file of an extraction can be large, so it is written while it is downloaded.
        let isEmpty = Locked(true)
        let write: @Sendable ([UInt8]) throws -> Void = { part in
            if !part.isEmpty { isEmpty.withLock { $0 = false } }
            try output.write(part)
        }
        try await account.withClient { client in
            guard client.profile.platform.capabilities.jobs.contains(.files) else {
                throw UsageError(
                    "\(client.profile.platform.title) does not support these jobs",
                    hint: "for Genesys Cloud, use 'ringdown conversations --job'")
            }
            switch (kind, interval) {
            case (.extraction, let interval?):
                try await client.dataExtraction(
                    entity: subject, version: version ?? "1", in: interval, receive: write)
            case (.rows, let interval?):
                let name = "ringdown-\(Int(Context.current.time.now().wall.secondsSince1970 * 1000)).csv"
                try write(try await client.reportDownload(subject, in: interval, fileName: name)?.bytes ?? [])
            default: try write(try await client.report(subject, fileType: fileType ?? "CSV").bytes)
            }
        }
        if isEmpty.withLock({ $0 }) { notice("ringdown: note: the interval contains no data") }
        return ExitCode.done
    }
}
