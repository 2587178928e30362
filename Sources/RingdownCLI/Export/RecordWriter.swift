internal import Ringdown
internal import RingdownCore

/// Formats items as text, page by page.
struct RecordWriter {
    private let format: ListFormat
    private let columns: Columns?
    /// The columns if none are given; nil before the first page with items.
    private(set) var derived: DerivedColumns?
    private var count: Int
    /// The first rows of a table, buffered to compute the column widths; nil once they are written.
    private var waiting: [[String]]? = []
    private var layout: TableLayout?
    private let width: Int?
    private static let rowsToMeasure = 100
    private static let cellLimit = 120

    /// - Parameters:
    ///   - columns: The columns; nil to derive them from the first page.
    ///   - derived: The columns that were derived before the list was resumed.
    ///   - written: The number of items already in the output, if it is resumed.
    ///   - width: The width of the terminal for a table; nil if the output is not a terminal.
    init(
        _ format: ListFormat, _ columns: Columns?, derived: DerivedColumns? = nil, written: Int = 0, width: Int? = nil
    ) {
        self.width = width
        (self.format, self.columns, self.derived, count) = (format, columns, columns == nil ? derived : nil, written)
    }

    /// Derives the columns from the first page with items, if none are given.
    ///
    /// - Parameter known: The columns that the list has even if no item on the page has the member.
    mutating func prepare(for page: Page, known: [String]) {
        guard columns == nil, derived == nil, !page.isEmpty, format == .csv || format == .table else { return }
        derived = DerivedColumns(of: page.items, known: known)
    }

    private var names: [String]? { columns?.names ?? derived?.names }

    private mutating func fields(of item: ArraySlice<UInt8>) throws -> [String] {
        try columns?.fields(item) ?? derived?.fields(of: item) ?? []
    }

    mutating func text(of items: some Sequence<ArraySlice<UInt8>>) throws -> [UInt8] {
        var text: [UInt8] = []
        for item in items {
            switch format {
            case .ndjson: appendLine(item, to: &text)
            case .json:
                text += Array((count == 0 ? "[\n" : ",\n").utf8)
                text += item
            case .csv:
                if count == 0 { text += row(names ?? []).utf8 }
                text += row(try fields(of: item)).utf8
            case .table:
                let cells = try fields(of: item).map { sanitized($0, limit: Self.cellLimit) }
                if waiting == nil {
                    text += aligned(cells).utf8
                } else {
                    waiting?.append(cells)
                    if waiting?.count == Self.rowsToMeasure { text += waitingRows() }
                }
            }
            count += 1
        }
        return text
    }

    /// The end of the text.
    mutating func end() -> [UInt8] {
        switch format {
        case .json: Array((count == 0 ? "[]\n" : "\n]\n").utf8)
        case .csv: count == 0 ? Array((names.map(row) ?? "").utf8) : []
        case .table: waitingRows()
        case .ndjson: []
        }
    }

    /// Appends JSON as one line. Line breaks can only be white space between tokens, because strings cannot contain them.
    private func appendLine(_ json: ArraySlice<UInt8>, to text: inout [UInt8]) {
        let start = text.count
        text += json
        for index in start..<text.count where text[index] == 0x0A || text[index] == 0x0D { text[index] = 0x20 }
        text.append(0x0A)
    }

    private mutating func waitingRows() -> [UInt8] {
        guard let rows = waiting, let names else { return [] }
        waiting = nil
        let titles = names.map { $0.uppercased() }
        let layout = TableLayout(titles, rows, width: width)
        self.layout = layout
        noteOmitted(layout.omitted, "--output csv")
        return ([titles] + rows).flatMap { Array(aligned($0).utf8) }
    }

    private func aligned(_ cells: [String]) -> String {
        (layout?.line(cells) ?? cells.joined(separator: "  ")) + "\n"
    }

    /// RFC 4180.
    private func row(_ fields: [String]) -> String {
        fields.map { field in
            let needsQuotes = field.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0A, 0x0D].contains($0) }
            return needsQuotes
                ? "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
                : field
        }.joined(separator: ",") + "\r\n"
    }
}
