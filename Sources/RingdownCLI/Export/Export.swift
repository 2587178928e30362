internal import Ringdown
internal import RingdownCore

/// The options of all commands that print a list.
struct ExportOptions {
    @Option("output", "FORMAT", help: "Output format")
    var output: ListFormat?
    @Option("limit", "NUMBER", help: "Stop after NUMBER items")
    private var limit: Int?
    @Option(
        "resume", "FILE",
        help: "Store the position in FILE, and resume from it if FILE exists; requires ndjson or csv output")
    private var resume: String?
    @Option(
        "progress", "STYLE", defaultText: "auto",
        help: "Show progress on standard error; auto shows it on terminals only")
    private var progress: Progress.Style?

    /// - Parameter standard: The default format.
    /// - Throws: `UsageError` if the options conflict.
    func check(_ standard: ListFormat) throws(UsageError) {
        if let limit, limit < 0 { throw UsageError("--limit cannot be \(limit)", hint: "use 0 or more") }
        guard let resume else { return }
        guard [.ndjson, .csv].contains(output ?? standard) else {
            throw UsageError(
                "--resume requires --output ndjson or csv",
                hint: "other formats cannot be resumed")
        }
        if limit != nil { throw UsageError("--resume and --limit cannot be combined", hint: "omit one of them") }
        let directory = resume.lastIndex(of: "/").map { String(resume[...$0]) } ?? "."
        guard isThere(directory) else {
            throw UsageError(
                "the directory of the position file does not exist: \(sanitized(directory))",
                hint: "create it first: mkdir -p \(shellQuoted(directory))")
        }
    }

    /// The number of items to request for each page.
    var pageSize: Int { min(100, max(1, limit ?? 100)) }

    /// Prints a list.
    ///
    /// - Parameters:
    ///   - client: The client that requests the pages.
    ///   - subject: An identification of the list, stored in the position file.
    ///   - noun: The name of its items, in the plural.
    ///   - standard: The default format.
    ///   - columns: The columns of table and csv output; nil for the members of the first item.
    ///   - pages: The pages of the list. If `begin` is given, they only describe how such a list is resumed.
    ///   - begin: Starts a list that must be created on the platform first. It is not called if the list is resumed.
    func run(
        _ client: APIClient, subject: String, noun: String, _ standard: ListFormat, _ columns: Columns?, _ pages: Pages,
        begin: (() async throws -> Pages)? = nil
    ) async throws {
        try check(standard)
        Interruption.arm()
        let format = output ?? standard
        let form = ([format.rawValue] + (columns?.names ?? [])).joined(separator: " ")
        var checkpoint = Checkpoint(
            subject: "\(client.profile.account) \(subject) \(form)", remaining: [], recent: [], items: 0)
        var pages = pages
        if let former = try resume.flatMap({ try Checkpoint.read($0, subject: checkpoint.subject) }) {
            if let problem = try await pages.problem(of: former.remaining) {
                throw ConfigurationError(
                    "\(sanitized(resume ?? "")) is not a position in this list: \(problem)",
                    hint: "use a position file that this command wrote, or delete this one to start over")
            }
            if let length = former.outputLength { try OutputFile.cut(to: length) }
            checkpoint = former
            pages = pages.resumed(at: former.remaining, recent: former.recent)
        } else if let begin, limit != 0 {
            pages = try await begin()
        }
        var writer = RecordWriter(
            format, columns ?? checkpoint.columns.map(Columns.members), written: checkpoint.items)
        var meter = Progress(progress ?? .auto, noun, written: checkpoint.items)
        defer { meter.end() }
        let stream = Context.current.standardOutput
        do {
            var iterator = pages.makeAsyncIterator()
            while limit.map({ checkpoint.items < $0 }) ?? true, let page = try await iterator.next() {
                let room = limit.map { $0 - checkpoint.items } ?? Int.max
                if checkpoint.items == 0 { try note(columns?.unknown(in: page) ?? [], in: page) }
                let text = try writer.text(of: page.items.prefix(room))
                checkpoint.items += min(room, page.count)
                // Pages are written as a whole, so that lines are never truncated.
                if !text.isEmpty { try stream.write(text) }
                meter.tell(checkpoint.items, of: page.total)
                if let resume {
                    (checkpoint.remaining, checkpoint.recent) = (page.remaining, page.identities)
                    (checkpoint.columns, checkpoint.outputLength) = (writer.names, OutputFile.length)
                    try checkpoint.write(resume)
                }
                try Task.checkCancellation()
            }
        } catch {
            meter.end()
            if error is OutputClosed { throw error }
            // An incomplete list must not look complete: only buffered table rows are still written.
            if format == .table { try stream.write(writer.end()) }
            tell(checkpoint.items, noun)
            throw error
        }
        let end = writer.end()
        if !end.isEmpty { try stream.write(end) }
        if let resume { File.remove(resume) }
    }

    private func note(_ unknown: [String], in page: Page) {
        guard !unknown.isEmpty, let first = page.items.first(where: { _ in true }) else { return }
        let members = ((try? JSONReader.parse(Array(first)))?.members ?? []).map(\.name)
        for name in unknown {
            let close = nearest(to: name, among: members).first.map { "did you mean '\($0)'?" }
            notice(
                "ringdown: note: no item on the first page has '\(sanitized(name, limit: 60))'; "
                    + (close ?? "available: \(members.map { sanitized($0, limit: 40) }.joined(separator: ", "))")
            )
        }
    }

    /// Reports the number of written items, and how to resume, before the error is reported.
    private func tell(_ count: Int, _ noun: String) {
        guard count > 0 || resume != nil else { return }
        let resumption =
            resume.map { "; to resume, run the same command with --resume \(shellQuoted($0)) and '>>'" }
            ?? "; cannot resume because --resume FILE was not given: start over"
        notice("ringdown: \(count) \(noun) were written\(resumption)")
    }
}
