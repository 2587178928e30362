internal import RingdownCore

/// The results of all clients, by row.
struct ScoreboardReport {
    struct Client {
        var name: String
        var command: String
        var outcomes: [ScoreboardRow.Outcome] = []

        var passes: Int { outcomes.count(where: \.isPassed) }
    }

    var rows: [ScoreboardRow]
    var clients: [Client]

    var json: JSON {
        .array(
            clients.map { client in
                [
                    "client": .string(client.name), "passed": .int(client.passes), "rows": .int(rows.count),
                    "results": .array(
                        zip(rows, client.outcomes).map { row, outcome in
                            [
                                "row": .string(row.title), "ideal": .string(row.ideal),
                                "passed": .bool(outcome.isPassed), "measured": .string(outcome.text),
                                "stderr": .array(outcome.lastWords.map { JSON.string($0) }),
                            ]
                        }),
                ]
            })
    }

    /// A Markdown table with a line for each row and a column for each client.
    var markdown: String {
        func line(_ cells: [String]) -> String {
            "| "
                + cells.map { cell in
                    cell.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
                }
                .joined(separator: " | ") + " |\n"
        }
        var text = line(["scenario", "ideal"] + clients.map(\.name))
        text += "|" + String(repeating: "---|", count: clients.count + 2) + "\n"
        for (index, row) in rows.enumerated() {
            text += line(
                [row.title, row.ideal]
                    + clients.map { ($0.outcomes[index].isPassed ? "**ok** " : "") + $0.outcomes[index].text })
        }
        return text + line(["passed", "\(rows.count)"] + clients.map { "\($0.passes) of \(rows.count)" })
    }

    /// A table of one client, with a line for each row.
    func table(_ client: Client) -> String {
        let width = rows.map(\.title.count).max() ?? 0
        let lines = zip(rows, client.outcomes).map { row, outcome -> String in
            let notes = outcome.lastWords.map { "stderr: \($0)" } + (outcome.isPassed ? [] : ["ideal: \(row.ideal)"])
            return "  \(outcome.isPassed ? "pass" : "FAIL")  \(aligned(row.title, width))  \(outcome.text)\n"
                + notes.map { "        \(aligned("", width))  \($0)\n" }.joined()
        }
        return "\(client.name)\n" + lines.joined() + "  \(client.passes) of \(rows.count) passed\n"
    }
}
