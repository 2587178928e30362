internal import RingdownCore

/// The columns of a table and their widths, chosen so that a row fits a terminal.
///
/// Columns with identifiers are not shortened, because a shortened identifier is useless. If the other columns cannot be shortened
/// enough, the last of them are left out.
package struct TableLayout: Sendable {
    /// The minimum width of a shortened column.
    private static let minimum = 8
    private static let gap = 2

    /// The indices and widths of the columns that are printed.
    private var columns: [(index: Int, width: Int)]
    private let titles: [String]
    /// Whether the output has a width, so that wider cells are shortened.
    private let isLimited: Bool

    /// Measures rows.
    ///
    /// - Parameters:
    ///   - titles: The titles of the columns.
    ///   - rows: The rows that determine the widths.
    ///   - width: The width of the terminal in columns; nil for an output that is not a terminal.
    package init(_ titles: [String], _ rows: [[String]], width: Int?) {
        (self.titles, isLimited) = (titles, width != nil)
        let natural = titles.indices.map { index in
            (index: index, width: ([titles] + rows).map { $0[index].count }.max() ?? 0)
        }
        columns = natural
        guard let width else { return }
        while total > width {
            if shorten(by: total - width) { continue }
            let removable = columns.last { !isIdentifier($0.index) && $0.index > 0 }
            guard let removable else { return }
            // The columns that remain can be wider again.
            columns = columns.filter { $0.index != removable.index }.map { natural[$0.index] }
        }
    }

    private var total: Int { columns.reduce(0) { $0 + $1.width } + Self.gap * (columns.count - 1) }

    private func isIdentifier(_ index: Int) -> Bool { titles[index].lowercased().hasSuffix("id") }

    /// Shortens the widest column that can be shortened.
    ///
    /// - Returns: False if no column can be shortened.
    private mutating func shorten(by excess: Int) -> Bool {
        let shortenable = columns.indices.filter {
            !isIdentifier(columns[$0].index)
                && columns[$0].width > max(Self.minimum, min(titles[columns[$0].index].count, 16))
        }
        let ordered = shortenable.sorted { columns[$0].width > columns[$1].width }
        guard let widest = ordered.first else { return false }
        let next = ordered.dropFirst().first.map { columns[$0].width } ?? 0
        let floor = max(Self.minimum, min(titles[columns[widest].index].count, 16))
        // Down to the next column at most, so that columns of the same width are shortened evenly.
        let goal = max(columns[widest].width - excess, floor, min(next, columns[widest].width - 1))
        columns[widest].width = goal
        return true
    }

    /// The titles of the columns that are left out.
    package var omitted: [String] {
        titles.indices.filter { index in !columns.contains { $0.index == index } }.map { titles[$0] }
    }

    /// A row as a line without a line feed. Shortened cells end in `…`.
    package func line(_ cells: [String]) -> String {
        var line = columns.map { column in
            let cell = cells[column.index]
            // Rows that were not measured can be wider.
            let isCut = cell.count > column.width && !isIdentifier(column.index) && isLimited
            return aligned(isCut ? String(cell.prefix(max(0, column.width - 1))) + "…" : cell, column.width)
        }.joined(separator: String(repeating: " ", count: Self.gap))
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// Pads a text with trailing spaces to `width` columns.
func aligned(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
