import RingdownCLI
import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

/// A named profile decides about its account. Variables of the environment do not change it.
@Suite struct NamedProfileTests {
    private let program: SimulatedCommandLine

    init() throws {
        program = try SimulatedCommandLine()
        let credentials = program.simulator.credentials
        try program.write(
            "GENESYS_CLIENT_ID=\(credentials.genesysClientID)\nGENESYS_CLIENT_SECRET=\(credentials.genesysClientSecret)\n",
            to: "real")
    }

    @Test func `the account of the profile is used, and a note names the variables that are ignored`() async {
        let outcome = await program.run("token real", ["GENESYS_CLIENT_ID": "other", "GENESYS_CLIENT_SECRET": "wrong"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET (--environment-wins"))
        #expect(!outcome.errors.contains("wrong"))
    }

    @Test(arguments: [
        "GENESYS_REGION=eu-west-1", "GENESYSCLOUD_REGION=eu-west-1",
        "GENESYS_LOGIN_URL=https://login.elsewhere.example",
        "GENESYS_API_URL=https://api.elsewhere.example", "GENESYS_GRANT=authorization_code",
        "GENESYS_ORGANIZATION_ID=other", "GENESYSCLOUD_OAUTHCLIENT_ID=other", "RINGDOWN_PLATFORM=cxone",
        "GENESYS_CLIENT_SECRET_FILE=/nonexistent",
    ])
    func `no variable changes account, region or hosts`(assignment: String) async {
        let parts = assignment.split(separator: "=").map(String.init)
        let outcome = await program.run("whoami real", [parts[0]: parts[1]])
        #expect(outcome.code == 0 && outcome.output.contains("us-east-1"), "\(outcome.errors)")
        #expect(outcome.errors.contains(parts[0]), "\(outcome.errors)")
    }

    @Test func `the account of another platform in the environment is not used and not noted`() async {
        let outcome = await program.run(
            "token real", ["GENESYS_CLIENT_ID": "", "GENESYS_CLIENT_SECRET": ""])
        #expect(outcome.code == 0 && outcome.errors == "")
    }

    @Test func `--environment-wins and options take precedence over the profile`() async {
        let wrong = ["GENESYS_CLIENT_SECRET": "wrong"]
        #expect(await program.run("token real --platform genesys --environment-wins", wrong).code == 4)
        let moved = await program.run("token real --region eu-west-1")
        #expect(moved.code == 4 && moved.errors.contains("client not found"), "\(moved.errors)")
    }

    @Test func `a secret that the profile does not contain is read from the environment`() async throws {
        let credentials = program.simulator.credentials
        try program.write("GENESYS_CLIENT_ID=\(credentials.genesysClientID)\n", to: "partial")
        let outcome = await program.run("token partial")
        #expect(outcome.code == 0, "\(outcome.errors)")
    }

    @Test func `other settings of the environment still apply`() async {
        let outcome = await program.run("token real", ["RINGDOWN_CACHE_DIR": program.directory.path + "/elsewhere"])
        #expect(outcome.code == 0 && program.directory.names.contains("elsewhere"))
    }
}
