internal import Ringdown
internal import RingdownCore
internal import RingdownLab
internal import RingdownSimulator

struct BenchCommand: Command {
    static let name = "bench"
    static let abstract = "Score an OAuth client against common token failures."
    static let discussion = """
        Each row starts a new client process with its own simulator. The rows cover outages, revocation, rejections, rate
        limits and invalid lifetimes. The processes share a virtual clock, so no row waits in real time.

        A client is a program that reads commands from standard input and answers each with a line of JSON:

          token 5             get a valid token from the library, five times
          call 50 together    call the API from 50 threads concurrently
          time                answer {"time": seconds since 1970}

        The answer to token and call is {"succeeded": 4, "failed": 1, "error": "the first error, or null"}. OAUTH_TOKEN_URL,
        OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET and GENESYS_API_URL set the hosts and credentials. The client calls
        /api/v2/tokens/me. Benchmarks/Scoreboard has clients for requests, MSAL, google-auth, Authlib, the official SDK and
        Go. Without a client, Ringdown's own library is scored.

        The exit code is 1 if a row fails. It is 78 if a client does not answer in its first row. In this case no further
        rows run, and the client's standard error is printed.
        """
    static let examples = [
        (line: "ringdown bench", purpose: "Score Ringdown's library"),
        (line: "ringdown bench -- python3 my_client.py", purpose: "Score your own client"),
        (
            line:
                "ringdown bench --client requests='python3 by_hand.py' --client msal='python3 msal_client.py' --output markdown",
            purpose: "Compare several clients"
        ),
    ]

    enum Format: String, ChoiceParameter { case table, json, markdown }
    enum Runner: String, ChoiceParameter { case machine, library, command }

    @TrailingArguments("CLIENT", help: "Command that starts the client")
    var command: [String]
    @OptionList("client", "NAME=COMMAND", help: "Name and command of a client (repeatable)")
    var client: [String]
    @OptionList("scenarios", "FILE", help: "Play the scenarios in FILE instead (repeatable)")
    var scenarios: [String]
    @Option("on", "RUNNER", defaultText: "library", help: "With --scenarios: runner that plays them")
    var on: Runner?
    @Option("seeds", "NUMBER", help: "Simulate NUMBER random token lifecycles of 2000 events each instead")
    var seeds: Int?
    @Option("seed", "NUMBER", defaultText: "1", help: "With --seeds: first seed; replays a failing run")
    var seed: Int?
    @Option("only", "TEXT", help: "Run only rows or scenarios whose title contains TEXT")
    var only: String?
    @Option("output", "FORMAT", defaultText: "table", help: "Output format")
    var output: Format?

    func run() async throws -> Int32 {
        guard on == nil || !scenarios.isEmpty, seed == nil || seeds != nil else {
            throw UsageError(
                on == nil ? "--seed requires --seeds" : "--on requires --scenarios",
                hint: "see 'ringdown bench --help'")
        }
        Interruption.arm()
        if !scenarios.isEmpty { return try await playScenarios() }
        if let seeds { return try await simulateLives(seeds) }
        let rows = ScoreboardRow.all.filter { row in only.map { row.title.contains($0) } ?? true }
        guard !rows.isEmpty else {
            throw UsageError(
                "no row title contains '\(sanitized(only ?? "", limit: 60))'",
                hint: "titles: " + ScoreboardRow.all.map(\.title).joined(separator: "; "))
        }
        _ = try TimeLibrary.path()
        var report = ScoreboardReport(rows: rows, clients: try clients())
        let stream = Context.current.standardOutput
        for index in report.clients.indices {
            for row in rows {
                try Task.checkCancellation()
                report.clients[index].outcomes.append(try await outcome(of: row, report.clients[index]))
            }
            if output ?? .table == .table { try stream.write(report.table(report.clients[index])) }
        }
        switch output {
        case .json: try stream.line(report.json.description)
        case .markdown: try stream.write(report.markdown)
        case .table, nil: break
        }
        return report.clients.allSatisfy { $0.passes == rows.count } ? ExitCode.done : ExitCode.failed
    }

    /// Runs `count` seeds in parallel and reports the lowest one that violates an invariant.
    private func simulateLives(_ count: Int) async throws -> Int32 {
        guard (1...10_000_000).contains(count), (0...Int.max / 2).contains(seed ?? 1) else {
            throw UsageError(
                "--seeds must be 1 to 10000000, and --seed 0 or more", hint: "example: ringdown bench --seeds 10000")
        }
        let first = UInt64(seed ?? 1)
        let lanes = min(8, count)
        let reports = await withTaskGroup(of: [LifecycleSimulation.Report].self) { group in
            for lane in 0..<lanes {
                group.addTask(executorPreference: globalConcurrentExecutor) {
                    stride(from: lane, to: count, by: lanes).lazy.prefix { _ in !Task.isCancelled }.map {
                        LifecycleSimulation.run(seed: first + UInt64($0), events: 2000)
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        try Task.checkCancellation()
        let broken = reports.filter { $0.violation != nil }.min { $0.seed < $1.seed }
        let (events, requests) = reports.reduce((0, 0)) { ($0.0 + $1.events, $0.1 + $1.requests) }
        let stream = Context.current.standardOutput
        if let broken {
            try stream.line("seed \(broken.seed): \(broken.violation ?? "")")
            notice("  hint: replay it with 'ringdown bench --seeds 1 --seed \(broken.seed)'")
            return ExitCode.failed
        }
        try stream.line("\(count) seeds, \(events) events, \(requests) token requests: no invariant was violated")
        return ExitCode.done
    }

    /// Prints a line for each scenario, its failures below it, and a summary.
    private func playScenarios() async throws -> Int32 {
        let stream = Context.current.standardOutput
        var (passes, results): (Int, [JSON]) = (0, [])
        for file in scenarios {
            let list: [Scenario]
            do { list = try Scenario.read(File.read(file)) } catch let error as Scenario.Invalid {
                throw ConfigurationError("\(file), \(error)", hint: "Documentation/Scenarios.md describes the format")
            }
            for scenario in list where only.map({ scenario.name.contains($0) }) ?? true {
                try Task.checkCancellation()
                guard let complaints = try await play(scenario) else { continue }
                passes += complaints.isEmpty ? 1 : 0
                results.append([
                    "scenario": .string(scenario.name), "passed": .bool(complaints.isEmpty),
                    "complaints": .array(complaints.map { .string($0) }),
                ])
                guard output ?? .table == .table else { continue }
                try stream.line("\(complaints.isEmpty ? "pass" : "FAIL")  \(sanitized(scenario.name, limit: 200))")
                for complaint in complaints { try stream.line("      \(complaint)") }
            }
        }
        if output == .json {
            try stream.line((["passed": .int(passes), "scenarios": .array(results)] as JSON).description)
        } else {
            try stream.line("\(passes) of \(results.count) scenarios passed")
        }
        return passes == results.count ? ExitCode.done : ExitCode.failed
    }

    private func play(_ scenario: Scenario) async throws -> [String]? {
        switch on ?? .library {
        case .machine: await ScenarioRunner.machine.play(scenario)
        case .library: await ScenarioRunner.library.play(scenario)
        case .command: try await CommandStage.play(scenario)
        }
    }

    private func clients() throws(UsageError) -> [ScoreboardReport.Client] {
        var clients: [ScoreboardReport.Client] = []
        for text in client {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                let what = text.hasPrefix("=") || !text.contains("=") ? "name" : "command"
                throw UsageError("--client '\(sanitized(text, limit: 60))' has no \(what)", hint: "use NAME=COMMAND")
            }
            clients.append(.init(name: parts[0], command: parts[1]))
        }
        if !command.isEmpty {
            clients.append(.init(name: command.last ?? "", command: command.map(shellQuoted).joined(separator: " ")))
        }
        if clients.isEmpty {
            let program = Program.path.map { shellQuoted($0) } ?? "ringdown"
            clients = [.init(name: "ringdown", command: program + " bench-client")]
        }
        return clients
    }

    /// Runs a row against a client.
    ///
    /// - Throws: An error if the client cannot be started or does not answer in its first row. Later rows would fail the same
    ///   way.
    private func outcome(
        of row: ScoreboardRow, _ client: ScoreboardReport.Client
    ) async throws -> ScoreboardRow.Outcome {
        do {
            return try await Play.outcome(of: row, client.command)
        } catch let error as ProgramStartError {
            throw error
        } catch let failure as ClientProcess.Failure {
            try Task.checkCancellation()
            let reason = sanitized(failure.description, limit: 120)
            guard failure.hasAnswered || !client.outcomes.isEmpty else {
                throw ConfigurationError(
                    "the client \(sanitized(client.command, limit: 100)) does not answer: \(reason)"
                        + failure.lastWords.map { "\n  stderr: \($0)" }.joined(),
                    hint:
                        "test it with 'time' on standard input; 'ringdown bench --help' describes the expected answers")
            }
            return .init(isPassed: false, text: "no result: \(reason)", lastWords: failure.lastWords)
        } catch {
            try Task.checkCancellation()
            return .init(isPassed: false, text: "no result: \(sanitized("\(error)", limit: 120))")
        }
    }
}
