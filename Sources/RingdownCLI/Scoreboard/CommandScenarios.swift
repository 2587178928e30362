internal import RingdownCore
internal import RingdownLab
internal import RingdownOAuth
internal import RingdownSimulator
internal import RingdownStores

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs scenarios on the command-line tool, with a process for each caller, a simulator, and a clock that all of them share.
///
/// If the library returns the cached token and refreshes in the background, the command may print the new token, because a
/// short-lived process refreshes before it answers.
final class CommandStage {
    private static let callerLimit = 50

    private let simulator: Simulator
    private let live: LiveSimulator
    private let time: VirtualTime
    private let directory: TemporaryDirectory
    private let variables: [String: String]
    private let program: String
    private var (first, last): (String?, String?)
    /// Whether the API rejects the last token, which the next call detects.
    private var isRejected = false

    /// Runs a scenario.
    ///
    /// - Returns: The deviations from the expected results; nil if the scenario does not apply to the command.
    static func play(_ scenario: Scenario) async throws -> [String]? {
        guard scenario.steps.allSatisfy(canPlay), scenario.plays("command") else { return nil }
        let stage = try CommandStage(scenario)
        defer { stage.directory.remove() }
        try await stage.prepare(scenario)
        var complaints: [String] = []
        for (index, step) in scenario.steps.enumerated() {
            for complaint in try await stage.play(step) { complaints.append("step \(index + 1): \(complaint)") }
        }
        return complaints
    }

    private static func canPlay(_ step: Scenario.Step) -> Bool {
        switch step.action {
        case .getToken(let callers, _, _): callers <= callerLimit
        case .advance, .reject: true
        case .store(_, let isFirst): !isFirst
        case .storeRefusal(let seconds): seconds == 30
        case .jumpWall: false
        }
    }

    private init(_ scenario: Scenario) throws {
        directory = try Context.current.temporaryDirectory()
        let timeFile = directory.path + "/time"
        time = try VirtualTime(file: timeFile)
        var options = Simulator.Options()
        options.tokenLifetime = .seconds(scenario.lifetime)
        simulator = Simulator(options, time: time)
        live = try LiveSimulator(simulator)
        var environment = SimulatedEnvironment(live)
        environment.share(timeFile: timeFile, library: try TimeLibrary.path())
        var variables = environment.variables(over: Context.current.variables, cache: directory.path)
        (variables["RINGDOWN_CACHE"], variables["RINGDOWN_CACHE_DIR"]) = ("file", directory.path + "/cache")
        // The scenarios describe single requests of the library's token source.
        variables["RINGDOWN_MAX_WAIT"] = "0s"
        self.variables = variables
        program = Program.path ?? "ringdown"
    }

    private func prepare(_ scenario: Scenario) async throws {
        guard let left = scenario.secondsLeft else { return }
        first = try await run(["token"]).output
        last = first
        time.advance(by: .seconds(scenario.lifetime - left))
    }

    private func play(_ step: Scenario.Step) async throws -> [String] {
        switch step.action {
        case .advance(let seconds): time.advance(by: .seconds(seconds))
        case .jumpWall: break
        case .reject(let isFirst):
            if let token = isFirst ? first : last { simulator.revoke(token) }
            isRejected = true
        case .store:
            simulator.removeFaults()
            _ = try await run(["token", "--force"])
        case .storeRefusal:
            try turn(to: .init(kind: .nonRecoverableError))
            _ = try await run(["token", "--force"])
        case .getToken(let callers, let minimumValidity, let isForced):
            return try await getToken(step, callers, minimumValidity, isForced)
        }
        return []
    }

    private func getToken(
        _ step: Scenario.Step, _ callers: Int, _ minimumValidity: Double, _ isForced: Bool
    ) async throws -> [String] {
        try turn(to: step.source ?? .init(kind: .fresh))
        let (before, records, known) = (simulator.requestCount, requestLog.count, [first, last])
        var arguments = isRejected ? ["api", "GET", "/api/v2/tokens/me"] : ["token"]
        if minimumValidity > 0 { arguments += ["--min-ttl", "\(Int(minimumValidity))s"] }
        if isForced { arguments.append("--force") }
        let ends = try await withThrowingTaskGroup(of: (code: Int32, output: String).self) {
            [arguments, program, variables] group in
            for _ in 0..<callers { group.addTask { try await execute(program, arguments, variables) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let requests = simulator.requests(since: before).count { $0.path == "/oauth/token" }
        let results = ends.map { end -> String in
            guard end.code == 0 else { return "error" }
            if isRejected { return requests > 0 ? "fresh" : "cached" }
            defer { last = end.output }
            return known.contains(end.output) ? "cached" : "fresh"
        }
        // The API accepts only a new token.
        if isRejected, results.contains("fresh") {
            last = try await run(["token"]).output
            isRejected = false
        }
        let record = requestLog.dropFirst(records).first
        let outcome = Scenario.Outcome(results: results, requests: requests, reason: record?.reason.rawValue)
        // The command shows an early refresh immediately, the library with the next call.
        return step.expectation.complaints(about: outcome, mayBeAhead: record?.reason == .advisory || requests == 0)
    }

    private var requestLog: [TokenRequestRecord] { RequestLog(directory: directory.path + "/cache").records() }

    private func turn(to reply: Scenario.Reply) throws {
        simulator.removeFaults()
        var rule = "path=/oauth/token"
        switch reply.kind {
        case .fresh: rule += reply.lifetime.map { ",expiresIn=\($0)" } ?? ""
        case .stale: rule += ",expiresIn=0"
        case .error: rule += ",status=\(reply.status ?? 503)" + (reply.retryAfter.map { ",retryAfter=\($0)" } ?? "")
        case .nonRecoverableError: rule += ",status=\(reply.status ?? 401)"
        case .hang: rule += ",latency=86000"
        case .malformed: rule += ",body=html"
        }
        var fault = try FaultRule(rule)
        if !reply.members.isEmpty { fault.members = .object(reply.members) }
        if let latency = reply.latency { fault.latency = latency }
        if reply.isCut { fault.cut = .within }
        simulator.addFaults([fault])
    }

    private func run(_ arguments: [String]) async throws -> (code: Int32, output: String) {
        try await execute(program, arguments, variables)
    }
}

/// Runs a command with the simulated account, and returns its exit code and its standard output.
private func execute(
    _ program: String, _ arguments: [String], _ variables: [String: String]
) async throws -> (code: Int32, output: String) {
    let (reading, writing) = try pipeEnds()
    let nowhere = open("/dev/null", O_RDWR | O_CLOEXEC)
    let child: pid_t
    do {
        defer { for descriptor in [writing, nowhere] { close(descriptor) } }
        child = try spawn(
            [program] + arguments + ["--platform", "genesys"], environment: variables,
            streams: [(nowhere, STDIN_FILENO), (writing, STDOUT_FILENO), (nowhere, STDERR_FILENO)])
    }
    return try await Thread.run {
        defer { close(reading) }
        var (bytes, chunk): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 4096))
        while case let count = read(reading, &chunk, chunk.count), count > 0 { bytes += chunk.prefix(count) }
        let status = Subprocess.wait(for: child) ?? 0
        return ((status >> 8) & 0xFF, String(decoding: bytes, as: UTF8.self).trimmed)
    }
}
