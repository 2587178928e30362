import RingdownCLI
import Testing

/// Tables on terminals of any width.
@Suite struct TableTests {
    private let id = "690ff352-d684-43e0-ad88-5ab0cc9e4967"
    private let titles = ["NAME", "EMAIL", "STATE", "ID"]
    private var row: [String] { ["Ada Lovelace", "ada.lovelace@simulated.example", "active", id] }

    @Test func `a pipe receives every cell unchanged`() {
        let layout = TableLayout(titles, [row], width: nil)
        #expect(layout.line(row) == "Ada Lovelace  ada.lovelace@simulated.example  active  \(id)")
        #expect(layout.omitted.isEmpty)
    }

    @Test func `a wide terminal receives every cell unchanged`() {
        let layout = TableLayout(titles, [row], width: 200)
        #expect(layout.line(row) == TableLayout(titles, [row], width: nil).line(row))
    }

    @Test(arguments: [60, 72, 80, 90, 100])
    func `a row fits the terminal, and its identifier is complete`(width: Int) {
        let layout = TableLayout(titles, [row], width: width)
        for line in [titles, row].map(layout.line) { #expect(line.count <= width, "\(line)") }
        #expect(layout.line(row).contains(id))
        #expect(layout.line(row).hasPrefix("Ada"))
    }

    @Test func `the widest column is shortened first`() {
        let layout = TableLayout(titles, [row], width: 80)
        #expect(layout.line(row).hasPrefix("Ada Lovelace  ada.lovelace@simul"))
        #expect(layout.line(row).contains("…  active  \(id)"))
    }

    @Test func `columns that do not fit are left out and named`() {
        let layout = TableLayout(titles, [row], width: 50)
        #expect(layout.omitted == ["EMAIL", "STATE"])
        #expect(layout.line(row).hasSuffix(id))
    }

    @Test func `an identifier that is wider than the terminal is not shortened`() {
        let layout = TableLayout(titles, [row], width: 20)
        #expect(layout.line(row).hasSuffix(id))
    }

    @Test func `a list fits the terminal and notes what is missing`() async throws {
        let program = try SimulatedCommandLine()
        let wide = await program.run("users --platform genesys --limit 5", columns: 80)
        for line in wide.output.split(separator: "\n") { #expect(line.count <= 80) }
        let narrow = await program.run("users --platform genesys --limit 5", columns: 50)
        #expect(narrow.errors.contains("not shown because the terminal is narrow"), "\(narrow.errors)")
        let piped = await program.run("users --platform genesys --limit 5")
        #expect(piped.errors == "" && !piped.output.contains("…"))
    }
}
