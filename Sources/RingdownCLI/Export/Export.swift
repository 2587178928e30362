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
    @Flag("strict", help: "Exit with 65 if the list changes or an approximate total is not reached")
    private var isStrict: Bool

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
    ///   - columns: The columns of table and csv output; nil for the members of the items on the first page.
    ///   - pages: The pages of the list. If `begin` is given, they only describe how such a list is resumed.
    ///   - known: The columns that derived columns always contain (default: none).
    ///   - begin: Starts a list that must be created on the platform first. It is not called if the list is resumed.
    func run(
        _ client: APIClient, subject: String, noun: String, _ standard: ListFormat, _ columns: Columns?, _ pages: Pages,
        known: [String] = [], begin: (() async throws -> Pages)? = nil
    ) async throws {
        try check(standard)
        Interruption.arm()
        let format = output ?? standard
        let form = ([format.rawValue] + (columns?.names ?? [])).joined(separator: " ")
        var checkpoint = Checkpoint(
            subject: "\(client.profile.account) \(subject) \(form)", remaining: [], recent: [], items: 0)
        var pages = pages
        let position = try resume.map { try PositionFile($0) }
        if let former = try position.flatMap({ try Checkpoint.read($0, subject: checkpoint.subject) }) {
            if let problem = try await pages.problem(of: former.remaining) {
                throw ConfigurationError(
                    "\(sanitized(resume ?? "")) is not a position in this list: \(problem)",
                    hint: "use a position file that this command wrote, or delete this one to start over")
            }
            if let length = former.outputLength { try OutputFile.cut(to: length) }
            checkpoint = former
            pages = pages.resumed(at: former.remaining, recent: former.recent, progress: former.progress)
        } else {
            if let begin, limit != 0 { pages = try await begin() }
            // If the process is killed during the first page, the output must be cut to its length before that page.
            (checkpoint.remaining, checkpoint.outputLength) = (pages.start, OutputFile.length)
            if !pages.start.isEmpty { try position?.replace(with: checkpoint.bytes) }
        }
        var writer = RecordWriter(
            format, columns,
            derived: checkpoint.columns.map { DerivedColumns($0, lateMembers: checkpoint.lateMembers) },
            written: checkpoint.items, width: Context.current.standardOutput.columns)
        var meter = Progress(progress ?? .auto, noun, written: checkpoint.items)
        defer { meter.end() }
        let stream = Context.current.standardOutput
        var warnings: [ListWarning] = []
        do {
            var iterator = pages.makeAsyncIterator()
            while limit.map({ checkpoint.items < $0 }) ?? true, let page = try await iterator.next() {
                let room = limit.map { $0 - checkpoint.items } ?? Int.max
                if checkpoint.items == 0 { try note(columns?.unknown(in: page) ?? [], in: page) }
                writer.prepare(for: page, known: known)
                let text = try writer.text(of: page.items.prefix(room))
                checkpoint.items += min(room, page.count)
                // Pages are written as a whole, so that lines are never truncated.
                if !text.isEmpty { try stream.write(text) }
                meter.tell(checkpoint.items, of: page.total)
                warn(page.warnings)
                warnings += page.warnings
                // A list that ends too early is resumed before this page.
                try refuse(page, noun)
                if let position, !page.isCutOff {
                    (checkpoint.remaining, checkpoint.recent) = (page.remaining, page.identities)
                    (checkpoint.progress, checkpoint.outputLength) = (page.progress, OutputFile.length)
                    (checkpoint.columns, checkpoint.lateMembers) = (
                        writer.derived?.names, writer.derived?.lateMembers ?? []
                    )
                    try position.replace(with: checkpoint.bytes)
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
        position?.remove()
        try judge(writer.derived?.lateMembers ?? [], warnings, noun)
    }

    private func warn(_ warnings: [ListWarning]) {
        for warning in warnings { notice("ringdown: warning: \(warning)") }
    }

    /// - Throws: `IncompleteExport` if the list ended before its approximate total, with `--strict`.
    private func refuse(_ page: Page, _ noun: String) throws(IncompleteExport) {
        guard isStrict else { return }
        for case .incomplete(let items, let total) in page.warnings {
            throw IncompleteExport(
                message: "the list of \(noun) ended after \(items) items, but its approximate total is \(total)",
                hint: "read the list again later, or omit --strict")
        }
    }

    /// - Throws: `IncompleteExport` if the output lacks values of the list, or may lack items with `--strict`.
    private func judge(_ lateMembers: [String], _ warnings: [ListWarning], _ noun: String) throws(IncompleteExport) {
        if !lateMembers.isEmpty {
            let names = lateMembers.prefix(20).map { sanitized($0, limit: 40) }.joined(separator: ", ")
            throw IncompleteExport(
                message: "the columns come from the first page, but later \(noun) also have: \(names)",
                hint: "name the columns with --columns, or use --output ndjson")
        }
        if isStrict, !warnings.isEmpty {
            throw IncompleteExport(
                message: "the list of \(noun) changed while it was read", hint: "read the list again, or omit --strict")
        }
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

/// Output that lacks a part of the list, although every page was read.
struct IncompleteExport: Error {
    let message: String
    let hint: String
}
