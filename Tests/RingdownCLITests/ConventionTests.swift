import RingdownCLI
import RingdownCore
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
}
