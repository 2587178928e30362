internal import RingdownCore

/// Prints a table with a title row, which fits the terminal.
func showTable(_ titles: [String], _ rows: [[String]]) throws {
    let output = Context.current.standardOutput
    let rows = rows.map { $0.map { sanitized($0, limit: 200) } }
    let layout = TableLayout(titles, rows, width: output.columns)
    for row in [titles] + rows { try output.line(layout.line(row)) }
    noteOmitted(layout.omitted, "--output json")
}

/// Notes the columns of a table that do not fit the terminal.
func noteOmitted(_ titles: [String], _ option: String) {
    let titles = titles.filter { !$0.isEmpty }
    if titles.isEmpty { return }
    notice(
        "ringdown: note: not shown because the terminal is narrow: \(titles.joined(separator: ", ")); use \(option)")
}
