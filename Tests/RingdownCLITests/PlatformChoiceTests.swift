import RingdownCLI
import RingdownCore
import RingdownTestSupport
import Testing

/// The platform of a command if the settings describe accounts of several platforms.
@Suite struct PlatformChoiceTests {
    private let program: SimulatedCommandLine

    init() throws {
        program = try SimulatedCommandLine()
    }

    @Test func `a command uses the only platform that supports it`() async throws {
        let genesys = await program.run("api GET /api/v2/tokens/me")
        #expect(genesys.code == 0 && genesys.output.contains("OAuthClient"), "\(genesys.errors)")
        let cxone = await program.run("api GET /incontactapi/services/v34.0/business-unit")
        #expect(cxone.code == 0, "\(cxone.errors)")
        #expect(await program.run("regions --find").code == 0)
    }

    @Test(arguments: [
        ("jobs report 350001", "cxone"),
        ("conversations --job --interval 2026-11-01/2026-11-02", "mypurecloud"),
    ])
    func `a command for jobs uses the platform that has them`(line: String, host: String) async {
        let transport = ScriptedTransport { _ in Response(status: 404) }
        let outcome = await program.run(line, transport: transport)
        #expect(outcome.code != 78, "\(outcome.errors)")
        #expect(!transport.requests.isEmpty)
        #expect(transport.requests.allSatisfy { $0.url.host.contains(host) })
    }

    @Test(arguments: ["token", "whoami", "users --limit 1", "api GET /x"])
    func `an ambiguous platform is reported with the command to run`(line: String) async {
        let outcome = await program.run(line)
        #expect(outcome.code == 78)
        #expect(outcome.errors.contains("genesys and cxone"))
        #expect(outcome.errors.contains("'ringdown \(line) --platform genesys'"), "\(outcome.errors)")
        #expect(outcome.errors.contains("'ringdown \(line) --platform cxone'"), "\(outcome.errors)")
    }

    @Test func `the option is placed before the command that follows two hyphens`() async {
        let outcome = await program.run("exec -- env")
        #expect(outcome.errors.contains("'ringdown exec --platform genesys -- env'"), "\(outcome.errors)")
    }

    @Test func `a suggested command starts with simulate if the simulator ends with the command`() async {
        let outcome = await program.run("whoami", ["RINGDOWN_SIM_SCOPE": "command"])
        #expect(
            outcome.errors.contains("'ringdown simulate -- ringdown whoami --platform genesys'"), "\(outcome.errors)")
    }

    @Test func `a named platform takes precedence over the path of a call`() async {
        let outcome = await program.run("api GET /api/v2/tokens/me --platform cxone")
        #expect(outcome.code == 1, "\(outcome.errors)")
    }

    @Test func `a setting of one account decides as before`() async {
        let none = ["CXONE_CLIENT_ID": "", "CXONE_ACCESS_KEY_ID": ""]
        let outcome = await program.run("whoami", none)
        #expect(outcome.code == 0 && outcome.output.contains("Genesys Cloud"))
        #expect(await program.run("jobs report 350001", none).code == 64)
    }
}
