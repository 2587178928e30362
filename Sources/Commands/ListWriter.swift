internal import CommandLineKit
internal import ContactCenter
internal import Foundations

enum ListFormat: String, ChoiceParameter { case table, json, ndjson, csv }

/// Writes a list as it arrives.
struct ListWriter {
    private let format: ListFormat
    private let output: any Output
    private var count = 0
    /// The first rows of a table wait, so that the columns can be made wide enough for them.
    private var waiting: [[String]]? = []
    private var widths: [Int] = []
    private static let columns = ["NAME", "EMAIL", "STATE", "ID"]
    private static let rowsToMeasure = 100

    init(_ format: ListFormat, to output: any Output) {
        self.format = format
        self.output = output
    }

    mutating func write(_ user: User) throws {
        switch format {
        case .ndjson: try output.write(oneLine(user.json) + [0x0A])
        case .json: try output.write(Array((count == 0 ? "[\n" : ",\n").utf8) + user.json)
        case .csv:
            if count == 0 { try output.write("id,name,email,username,active\r\n") }
            let fields = [
                user.id, user.name, user.email ?? "", user.username ?? "", user.isActive.map { "\($0)" } ?? "",
            ]
            try output.write(fields.map(quoted).joined(separator: ",") + "\r\n")
        case .table: try writeRow([user.name, user.email ?? "", state(user), user.id].map { excerpt($0, limit: 120) })
        }
        count += 1
    }

    mutating func finish() throws {
        switch format {
        case .json: try output.write(count == 0 ? "[]\n" : "\n]\n")
        case .csv where count == 0: try output.write("id,name,email,username,active\r\n")
        case .table: try writeWaiting()
        case .csv, .ndjson: break
        }
    }

    private func state(_ user: User) -> String {
        user.isActive.map { $0 ? "active" : "inactive" } ?? ""
    }

    private mutating func writeRow(_ row: [String]) throws {
        guard waiting != nil else { return try writeAligned(row) }
        waiting?.append(row)
        if waiting?.count == Self.rowsToMeasure { try writeWaiting() }
    }

    private mutating func writeWaiting() throws {
        guard let rows = waiting else { return }
        waiting = nil
        widths = Self.columns.indices.map { column in ([Self.columns] + rows).map { $0[column].count }.max() ?? 0 }
        for row in [Self.columns] + rows { try writeAligned(row) }
    }

    private func writeAligned(_ row: [String]) throws {
        let cells = zip(row, widths).map { aligned($0, $1) }
        try output.line(cells.joined(separator: "  ").trimmedAtEnd)
    }

    /// Line breaks between the tokens of a JSON text mean nothing; inside strings there are none.
    private func oneLine(_ json: [UInt8]) -> [UInt8] {
        json.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
    }

    /// RFC 4180.
    private func quoted(_ field: String) -> String {
        let needsQuotes = field.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0A, 0x0D].contains($0) }
        return needsQuotes
            ? "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
            : field
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
