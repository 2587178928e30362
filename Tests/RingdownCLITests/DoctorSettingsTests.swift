import RingdownCLI
import RingdownCore
import RingdownTestSupport
import Testing

/// What the doctor reports about settings.
@Suite struct DoctorSettingsTests {
    private let program: SimulatedCommandLine

    init() throws {
        program = try SimulatedCommandLine()
    }

    @Test(arguments: [
        ("GENESYS_REGOIN", "GENESYS_REGION"), ("GENESYS_LOGIN_ULR", "GENESYS_LOGIN_URL"),
        ("GENESIS_REGION", "GENESYS_REGION"), ("CXONE_CLIENT_SECRET_FIEL", "CXONE_CLIENT_SECRET_FILE"),
        ("RINGDOWN_CACHE_DRI", "RINGDOWN_CACHE_DIR"),
    ])
    func `names a misspelt variable`(variable: String, meant: String) async {
        let outcome = await program.run("doctor --platform genesys", [variable: "x"])
        #expect(outcome.output.contains("\(variable) is not a setting; did you mean \(meant)?"), "\(outcome.output)")
    }

    @Test func `reports no setting and no variable of another program as misspelt`() async {
        let more = [
            "GENESYS_REGION": "us-east-1", "GENESYSCLOUD_REGION": "us-east-1", "OAUTH_TOKEN": "x",
            "GENERIC_REGION_NAME": "x",
            "RINGDOWN_SIM_URL": "http://127.0.0.1:1", "GENESYS_CLIENT_SECRET_NEXT_FILE": "",
        ]
        let outcome = await program.run("doctor --platform genesys", more)
        #expect(!outcome.output.contains("is not a setting"), "\(outcome.output)")
    }

    @Test func `reports a remembered failure with its age`() async {
        let wrong = ["GENESYS_CLIENT_SECRET": "wrong"]
        _ = await program.run("token --platform genesys", wrong)
        let outcome = await program.run("doctor --platform genesys", wrong)
        #expect(outcome.output.contains("a token request failed"), "\(outcome.output)")
        #expect(outcome.code == 4)
    }
}
