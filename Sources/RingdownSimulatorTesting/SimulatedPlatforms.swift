public import RingdownSimulator
public import Testing

/// A trait that provides each test with its own live simulator on free loopback ports:
///
/// ```swift
/// @Test(.simulated()) func listsAllUsers() async throws {
///     let live = try #require(SimulatedPlatforms.current)
///     let client = try APIClient(.environment(live.variables(platform: "genesys")))
///     …
/// }
/// ```
public struct SimulatedPlatforms: TestTrait, SuiteTrait, TestScoping {
    /// The simulator of the running test, or nil outside a test with the trait.
    @TaskLocal public static var current: LiveSimulator?

    private let options: Simulator.Options
    private let faults: [FaultRule]

    fileprivate init(_ options: Simulator.Options, _ faults: [FaultRule]) {
        self.options = options
        self.faults = faults
    }

    /// A suite applies the trait to each of its tests, so that tests do not share a simulator.
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
    /// Simulates both platforms for a test.
    ///
    /// - Parameters:
    ///   - faults: Rules that are active from the start.
    ///   - configure: A closure that changes the options of the simulator.
    public static func simulated(
        faults: [FaultRule] = [], _ configure: (inout Simulator.Options) -> Void = { _ in }
    ) -> SimulatedPlatforms {
        var options = Simulator.Options()
        configure(&options)
        return SimulatedPlatforms(options, faults)
    }
}

extension LiveSimulator {
    /// The environment variables for a client of a simulated platform. Tokens are cached in memory.
    ///
    /// - Parameter platform: `genesys` or `cxone`.
    public func variables(platform: String) -> [String: String] {
        let own = ["RINGDOWN_PLATFORM": platform, "RINGDOWN_CACHE": "memory"]
        return own.merging(environment.map { ($0.name, $0.value) }) { own, _ in own }
    }
}
