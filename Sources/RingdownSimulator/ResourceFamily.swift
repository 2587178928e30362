internal import RingdownCore

/// Operations of the simulated APIs that belong together. A family is created for each call and holds no state of its own.
protocol ResourceFamily: Sendable {
    /// The shared state.
    var simulator: Simulator { get }
    init(simulator: Simulator)
    /// The platform of the operations, as `--platform` names it.
    static var platform: String { get }
    /// The operations. Routes that are listed first win.
    static var routes: [Route] { get }
}

extension ResourceFamily {
    /// An operation of the family.
    ///
    /// - Parameters:
    ///   - method: An HTTP method; `*` for any.
    ///   - path: The path; a segment in braces matches any value.
    ///   - permissions: The permissions of which the client needs at least one; empty if every client can call the operation.
    ///   - requiresUser: Whether the operation requires the token of a user.
    ///   - handle: Answers a call; nil for a resource that does not exist. The last parameter has the values of the placeholders.
    static func route(
        _ method: String, _ path: String, permissions: [String] = [], requiresUser: Bool = false,
        handle: @escaping @Sendable (Self, Call, [String]) -> Answer?
    ) -> Route {
        Route(platform, method, path, permissions: permissions, requiresUser: requiresUser) { simulator, call, values in
            handle(Self(simulator: simulator), call, values)
        }
    }

    var data: DataSet { simulator.data }
    var world: Locked<SimulatorState> { simulator.world }
    var options: Simulator.Options { simulator.options }
    var assumptions: Assumptions { simulator.options.assumptions }
    /// The initial credentials.
    var credentials: Credentials { simulator.credentials }
    /// The credentials after the rotations by faults.
    var currentCredentials: Credentials { simulator.currentCredentials }

    /// The hint for parameters that the simulator ignores and the platform may support. Returns nil for an empty list.
    func notLookedAt(_ names: [String]) -> String? { simulator.notLookedAt(names) }
}
