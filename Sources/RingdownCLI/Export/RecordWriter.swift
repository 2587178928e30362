internal import Ringdown
internal import RingdownCore

enum ListFormat: String, ChoiceParameter { case table, json, ndjson, csv }

/// The columns of a table: their names, and the fields of an item.
struct Columns: Sendable {
    var names: [String]
    /// Returns the fields of an item, one for each name. Throws ``APIError`` if the item is not valid.
    var fields: @Sendable (ArraySlice<UInt8>) throws -> [String]
    /// Whether the names come from the command line, and may be mistyped.
    var areChosen = false

    /// The names from the command line that no item on the page has. Platforms omit empty members, so this is not an error.
    func unknown(in page: Page) throws -> [String] {
        guard areChosen, !page.isEmpty else { return [] }
        var unknown = Set(names.indices)
        for item in page.items {
            for (index, field) in try fields(item).enumerated() where !field.isEmpty { unknown.remove(index) }
            if unknown.isEmpty { break }
        }
        return unknown.sorted().map { names[$0] }
    }

    /// The members with these names, `a.b` for a nested member. The field is empty if an item does not have the member.
    static func members(_ names: [String]) -> Columns {
        let paths = names.map { $0.split(separator: ".").map(String.init) }
        return Columns(names: names) { item in
            let json = try JSONReader.parse(Array(item))
            return paths.map { path in
                let value = path.reduce(json) { $0[$1] ?? .null }
                return value == .null ? "" : value.text ?? value.bool.map { "\($0)" } ?? value.description
            }
        }
    }

    /// The members of an item that are neither arrays nor objects, in the item's order.
    static func of(_ item: ArraySlice<UInt8>) -> Columns {
        let members = (try? JSONReader.parse(Array(item)))?.members ?? []
        let names = members.filter { $0.value.text != nil || $0.value.bool != nil || $0.value == .null }.map(\.name)
        return .members(names.isEmpty ? members.map(\.name) : names)
    }
}

/// Formats items as text, page by page.
struct RecordWriter {
    private let format: ListFormat
    private var columns: Columns?
    private var count: Int
    /// The first rows of a table, buffered to compute the column widths; nil once they are written.
    private var waiting: [[String]]? = []
    private var widths: [Int] = []
    private static let rowsToMeasure = 100
    private static let cellLimit = 120

    /// - Parameter written: The number of items already in the output, if it is resumed.
    init(_ format: ListFormat, _ columns: Columns?, written: Int = 0) {
        (self.format, self.columns, count) = (format, columns, written)
    }

    /// The names of the columns; nil before the first item.
    var names: [String]? { columns?.names }

    mutating func text(of items: some Sequence<ArraySlice<UInt8>>) throws -> [UInt8] {
        var text: [UInt8] = []
        for item in items {
            switch format {
            case .ndjson: appendLine(item, to: &text)
            case .json:
                text += Array((count == 0 ? "[\n" : ",\n").utf8)
                text += item
            case .csv:
                let columns = known(item)
                if count == 0 { text += row(columns.names).utf8 }
                text += row(try columns.fields(item)).utf8
            case .table:
                let cells = try known(item).fields(item).map { sanitized($0, limit: Self.cellLimit) }
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
        case .csv: count == 0 ? Array((columns.map { row($0.names) } ?? "").utf8) : []
        case .table: waitingRows()
        case .ndjson: []
        }
    }

    private mutating func known(_ item: ArraySlice<UInt8>) -> Columns {
        if let columns { return columns }
        let columns = Columns.of(item)
        self.columns = columns
        return columns
    }

    /// Appends JSON as one line. Line breaks can only be white space between tokens, because strings cannot contain them.
    private func appendLine(_ json: ArraySlice<UInt8>, to text: inout [UInt8]) {
        let start = text.count
        text += json
        for index in start..<text.count where text[index] == 0x0A || text[index] == 0x0D { text[index] = 0x20 }
        text.append(0x0A)
    }

    private mutating func waitingRows() -> [UInt8] {
        guard let rows = waiting, let columns else { return [] }
        waiting = nil
        let titles = columns.names.map { $0.uppercased() }
        widths = titles.indices.map { column in ([titles] + rows).map { $0[column].count }.max() ?? 0 }
        return ([titles] + rows).flatMap { Array(aligned($0).utf8) }
    }

    private func aligned(_ cells: [String]) -> String {
        var line = zip(cells, widths).map { RingdownCLI.aligned($0, $1) }.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        return line + "\n"
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
