import RingdownCLI
import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

/// Conventions of command lines: exit codes, paths, names and widths.
@Suite struct ConventionTests {
    private let program: SimulatedCommandLine

    init() throws {
        program = try SimulatedCommandLine()
    }

    @Test func `exec exits with 127 if the program does not exist, and with 126 if it is not executable`() async throws
    {
        let file = program.directory.path + "/notes.txt"
        try File.replace(file, with: Array("text".utf8))
        let missing = await program.run("exec --platform genesys -- ringdown-does-not-exist")
        #expect(missing.code == 127 && missing.errors.contains("after '--'"), "\(missing.errors)")
        let closed = await program.run("exec --platform genesys -- \(file)")
        #expect(closed.code == 126 && closed.errors.contains("chmod +x"), "\(closed.errors)")
    }

    @Test(arguments: [
        ("GENESYS_CLIENT_ID", "id ", "sent as part of the ID"), ("GENESYS_CLIENT_ID", "i d", "sent as part of the ID"),
        ("GENESYS_CLIENT_ID", "id\r\n", "sent as part of the ID"),
        ("GENESYS_LOGIN_URL", " https://login.mypurecloud.com", "which is ignored"),
    ])
    func `notes white space in client IDs and around URLs`(name: String, value: String, note: String) async {
        let outcome = await program.run("token --platform genesys", [name: value])
        #expect(outcome.errors.contains("note: \(name) "), "\(outcome.errors)")
        #expect(outcome.errors.contains(note), "\(outcome.errors)")
    }

    @Test(
        arguments: [
            ("simulate --region us_east_1 -- true", 0), ("simulate --region https://api.mypurecloud.ie -- true", 0),
            ("simulate --region eu -- true", 0), ("simulate --region eu-west-9 -- true", 64),
        ] as [(String, Int32)])
    func `simulate takes the names of regions that token takes`(line: String, code: Int32) async {
        let outcome = await program.run(line)
        #expect(outcome.code == code, "\(outcome.errors)")
        if code != 0 { #expect(outcome.errors.contains("did you mean eu-west-1")) }
    }

    @Test(arguments: [(nil, 80), ("100", 100), ("20", 40), ("wide", 80), ("1000", 132)] as [(String?, Int)])
    func `help in a pipe is 80 columns wide, or as wide as COLUMNS`(columns: String?, width: Int) async {
        for command in RingdownTool.tree.commands {
            let outcome = await program.run("help \(command.name)", ["COLUMNS": columns ?? ""])
            #expect(outcome.output == RingdownTool.tree.help(of: command, width: width))
        }
    }

    @Test func `no help text is wider than its output`() {
        for command in RingdownTool.tree.commands {
            let text = RingdownTool.tree.help(of: command).split(separator: "\nExamples:")[0]
            for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        }
        for line in RingdownTool.tree.help().split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }

    @Test func `the entries of a list in help are lines of their own`() throws {
        let command = try #require(RingdownTool.tree.commands.first { $0.name == "jobs" })
        let lines = RingdownTool.tree.help(of: command, width: 60).split(separator: "\n")
        for kind in ["extraction  data", "report      report", "rows        rows"] {
            #expect(lines.contains { $0.hasPrefix(kind) }, "\(kind)")
        }
        #expect(lines.allSatisfy { $0.count <= 60 || $0.contains("ringdown jobs") })
    }

    @Test func `api takes a profile before the method, and reports another order`() async throws {
        try program.write(
            "RINGDOWN_PLATFORM=genesys\nGENESYS_CLIENT_ID=\(program.simulator.credentials.genesysClientID)\n"
                + "GENESYS_CLIENT_SECRET=\(program.simulator.credentials.genesysClientSecret)\n", to: "prod")
        let outcome = await program.run("api prod GET /api/v2/tokens/me")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let other = await program.run("api GET /api/v2/tokens/me prod")
        #expect(other.code == 64 && other.errors.contains("'ringdown api prod GET /api/v2/tokens/me'"))
    }

    @Test func `a misspelt profile is reported with the nearest name`() async throws {
        try program.write("", to: "production")
        let outcome = await program.run("token producton")
        #expect(outcome.code == 78 && outcome.errors.contains("did you mean 'production'?"), "\(outcome.errors)")
        #expect(await program.run("token other").errors.contains("ringdown init other"))
    }
}
