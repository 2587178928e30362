internal import RingdownCore

/// Prints a table with a title row. Each column is as wide as its widest cell.
func showTable(_ titles: [String], _ rows: [[String]]) throws {
    let all = [titles] + rows
    let widths = titles.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    for row in all {
        let cells = zip(row, widths).map { aligned(sanitized($0, limit: 200), $1) }.joined(separator: "  ")
        try Context.current.standardOutput.line(cells.trimmed)
    }
}

/// Pads a text with trailing spaces to `width` columns.
func aligned(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
