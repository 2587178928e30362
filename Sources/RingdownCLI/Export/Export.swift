internal import Ringdown
internal import RingdownCore

/// How a list is printed; shared by all commands that print one.
struct ExportOptions {
    @Option("output", "FORMAT", help: "How to print the list.")
    var output: ListFormat?
    @Option("limit", "NUMBER", help: "Stop after so many.")
    private var limit: Int?
    @Option(
        "resume", "FILE",
        help: "Keep the position in FILE; where it exists, go on from there. For ndjson and csv, appended to a file.")
    private var resume: String?
    @Option("progress", "STYLE", help: "Where the list is: auto (on a terminal), plain (lines), or off.")
    private var progress: Progress.Style?

    /// Throws `UsageError`.
    func check(_ standard: ListFormat) throws(UsageError) {
        if let limit, limit < 0 { throw UsageError("--limit cannot be \(limit)", hint: "it can be 0 or more") }
        guard resume != nil else { return }
        guard [.ndjson, .csv].contains(output ?? standard) else {
            throw UsageError(
                "--resume goes with --output ndjson or csv",
                hint: "other forms cannot be continued where they were broken off")
        }
        if limit != nil { throw UsageError("--resume does not go with --limit", hint: "leave one of them out") }
    }

    /// How many items a page should have.
    var pageSize: Int { min(100, max(1, limit ?? 100)) }

    /// Prints a list. `subject` says which one it is, `noun` what its items are. A list that is work to begin is begun by
    /// `begin`, unless it is gone on with; `pages` then only says what such a list is like.
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
                    "\(sanitized(resume ?? "")) is not the position of this list: \(problem)",
                    hint: "use a position file that this command wrote; remove this one to start over")
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
                // A page that is begun is written whole: lines are never cut.
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
            // A list that is not whole must not look like one: only rows that wait are written still.
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
                "ringdown: note: no item of the first page has '\(sanitized(name, limit: 60))'; "
                    + (close ?? "the first one has: \(members.map { sanitized($0, limit: 40) }.joined(separator: ", "))")
            )
        }
    }

    /// Says how far the list came, after an error that is told next.
    private func tell(_ count: Int, _ noun: String) {
        guard count > 0 || resume != nil else { return }
        let resumption =
            resume.map { "; the same command with --resume \(shellQuoted($0)) and '>>' goes on from there" }
            ?? "; without --resume FILE from the start nobody can go on from there: begin anew"
        notice("ringdown: \(count) \(noun) were written\(resumption)")
    }
}
