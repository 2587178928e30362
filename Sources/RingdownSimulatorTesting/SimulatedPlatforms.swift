public import RingdownSimulator
public import Testing

/// A simulator of its own for each test, live on free loopback ports:
///
/// ```swift
/// @Test(.simulated()) func everybodyIsListed() async throws {
///     let live = try #require(SimulatedPlatforms.current)
///     let client = try APIClient(Settings(environment: live.variables(platform: "genesys")))
///     …
/// }
/// ```
public struct SimulatedPlatforms: TestTrait, SuiteTrait, TestScoping {
    /// The simulator of the running test; nil outside of a test with the trait.
    @TaskLocal public static var current: LiveSimulator?

    private let options: Simulator.Options
    private let faults: [FaultRule]

    fileprivate init(_ options: Simulator.Options, _ faults: [FaultRule]) {
        self.options = options
        self.faults = faults
    }

    /// Every test of a suite has the trait, so that no two share a simulator.
    public var isRecursive: Bool { true }

    @concurrent public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        let simulator = Simulator(options)
        simulator.addFaults(faults)
        let live = try LiveSimulator(simulator)
        try await Self.$current.withValue(live) { try await function() }
    }
}

extension Trait where Self == SimulatedPlatforms {
    /// Both platforms, simulated for this test alone. `configure` changes the options; `faults` are in force from the start.
    public static func simulated(
        faults: [FaultRule] = [], _ configure: (inout Simulator.Options) -> Void = { _ in }
    ) -> SimulatedPlatforms {
        var options = Simulator.Options()
        configure(&options)
        return SimulatedPlatforms(options, faults)
    }
}

extension LiveSimulator {
    /// The settings that lead to a platform (`genesys` or `cxone`), as a dictionary. Tokens stay in memory.
    public func variables(platform: String) -> [String: String] {
        let own = ["RINGDOWN_PLATFORM": platform, "RINGDOWN_CACHE": "memory"]
        return own.merging(environment.map { ($0.name, $0.value) }) { own, _ in own }
    }
}
