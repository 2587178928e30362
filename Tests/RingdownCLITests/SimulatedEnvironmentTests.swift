import RingdownCLI
import RingdownSimulator
import Testing

/// The environment in which `simulate -- COMMAND` runs the command.
@Suite struct SimulatedEnvironmentTests {
    private let live: LiveSimulator

    init() throws {
        live = try LiveSimulator(Simulator())
    }

    @Test func `both platforms are set without a choice`() {
        let variables = SimulatedEnvironment(live).variables(over: [:], cache: "/tmp/x")
        #expect(variables["GENESYS_CLIENT_ID"] != nil && variables["CXONE_CLIENT_ID"] != nil)
        #expect(variables["RINGDOWN_PLATFORM"] == nil)
        #expect(variables["RINGDOWN_SIM_SCOPE"] == "command")
    }

    @Test(arguments: [("genesys", "CXONE_"), ("cxone", "GENESYS_")])
    func `a named platform is the only one`(name: String, other: String) throws {
        var environment = SimulatedEnvironment(live)
        environment.select(name)
        let caller = ["RINGDOWN_PLATFORM": "custom", "\(other)CLIENT_ID": "theirs"]
        let variables = environment.variables(over: caller, cache: "/tmp/x")
        #expect(variables["RINGDOWN_PLATFORM"] == name)
        #expect(!variables.keys.contains { $0.hasPrefix(other) })
        #expect(variables["\(name.uppercased())_CLIENT_ID"] != nil)
        #expect(environment.dotenv.contains("RINGDOWN_PLATFORM=\(name)\n"))
    }

    @Test func `a broker and another platform of the caller are not used`() {
        let caller = ["RINGDOWN_SOCKET": "/run/ringdown.sock", "RINGDOWN_PLATFORM": "custom"]
        let variables = SimulatedEnvironment(live).variables(over: caller, cache: "/tmp/x")
        #expect(variables["RINGDOWN_SOCKET"] == nil && variables["RINGDOWN_PLATFORM"] == nil)
        let chosen = SimulatedEnvironment(live).variables(over: ["RINGDOWN_PLATFORM": "cxone"], cache: "/tmp/x")
        #expect(chosen["RINGDOWN_PLATFORM"] == "cxone")
    }
}
