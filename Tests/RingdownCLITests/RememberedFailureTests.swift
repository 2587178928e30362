import RingdownCLI
import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

/// Failures of token requests that are reported without another request.
@Suite struct RememberedFailureTests {
    private var program: SimulatedCommandLine
    private let time = SkippingTime()
    private let wrong = ["GENESYS_CLIENT_SECRET": "wrong"]

    init() throws {
        program = try SimulatedCommandLine()
        program.time = time
    }

    @Test func `a remembered refusal has its age and names the next request`() async throws {
        let first = await program.run("token --platform genesys", wrong)
        #expect(first.code == 4 && !first.errors.contains(" ago"))
        time.advance(by: .seconds(23))
        let second = await program.run("token --platform genesys", wrong)
        #expect(second.code == 4)
        #expect(second.errors.contains("refused 23 s ago"), "\(second.errors)")
        #expect(second.errors.contains("next request in 7 s (--force requests now)"), "\(second.errors)")
        #expect(program.simulator.requestCount == 1)
    }

    @Test func `--force requests now`() async {
        _ = await program.run("token --platform genesys", wrong)
        let forced = await program.run("token --platform genesys --force", wrong)
        #expect(forced.code == 4 && !forced.errors.contains(" ago"))
        #expect(program.simulator.requestCount == 2)
    }

    @Test func `a changed secret and a new next secret request now`() async {
        _ = await program.run("token --platform genesys", wrong)
        let secret = program.variables["GENESYS_CLIENT_SECRET"] ?? ""
        let next = await program.run(
            "token --platform genesys", wrong.merging(["GENESYS_CLIENT_SECRET_NEXT": secret]) { $1 })
        #expect(next.code == 0, "\(next.errors)")
        #expect(await program.run("token --platform genesys").code == 0)
    }

    @Test func `JSON contains the age and the time until the next request`() async throws {
        let first = await program.run("token --platform genesys --output json", wrong)
        #expect(try JSONReader.parse(Array(first.errors.utf8))["error"]?["age"]?.int == nil)
        time.advance(by: .seconds(10))
        let outcome = await program.run("token --platform genesys --output json", wrong)
        let error = try JSONReader.parse(Array(outcome.errors.utf8))["error"]
        #expect(error?["age"]?.int == 10 && error?["retryIn"]?.int == 20)
    }

    @Test func `--verbose logs that no request was sent`() async {
        _ = await program.run("token --platform genesys", wrong)
        let outcome = await program.run("token --platform genesys --verbose", wrong)
        #expect(outcome.errors.contains("no token request: one failed"), "\(outcome.errors)")
    }

    @Test func `other commands name the command that requests now`() async {
        _ = await program.run("token --platform genesys", wrong)
        let outcome = await program.run("whoami --platform genesys", wrong)
        #expect(outcome.errors.contains("'ringdown token --force' with the same account requests now"))
    }
}
