internal import RingdownCore
internal import RingdownSimulator

/// One run of one client on one row of the scoreboard, with its own simulator and clock.
final class Play {
    /// The client's report on several calls.
    struct Answer {
        var succeeded: Int
        var failed: Int
        var error: String?
    }

    let simulator: Simulator
    private let live: LiveSimulator
    private let client: ClientProcess
    private let time: VirtualTime
    private var mark = 0
    /// Whether the client uses the simulator's clock. A client that does not get the time from the C library has its own clock.
    private(set) var isInSharedTime = false

    /// Runs a client on a row. The client and all temporary files are removed, even after an error.
    static func outcome(of row: ScoreboardRow, _ command: String) async throws -> ScoreboardRow.Outcome {
        let directory = try Context.current.temporaryDirectory()
        defer { directory.remove() }
        let play = try Play(row, command, directory)
        do {
            play.isInSharedTime = try await play.clockMoves()
            let outcome = try await row.play(play)
            await play.client.end()
            return outcome
        } catch {
            await play.client.end()
            throw error
        }
    }

    private init(_ row: ScoreboardRow, _ command: String, _ directory: TemporaryDirectory) throws {
        let timeFile = directory.path + "/time"
        // A delayed response is sent once no other request has arrived for this time, so that all callers' requests have arrived.
        time = try VirtualTime(file: timeFile, patience: .milliseconds(100))
        simulator = Simulator(row.options, time: time)
        simulator.addFaults(try row.faults.map { try FaultRule($0) })
        live = try LiveSimulator(simulator)
        var environment = SimulatedEnvironment(live)
        if let library = try? TimeLibrary.path() { environment.share(timeFile: timeFile, library: library) }
        let credentials = simulator.credentials
        let secret = row.sentSecret ?? credentials.genesysClientSecret
        var variables = environment.variables(over: Context.current.variables, cache: directory.path)
        variables["GENESYS_CLIENT_SECRET"] = secret
        variables["OAUTH_TOKEN_URL"] = live.addresses.genesys + "/oauth/token"
        variables["OAUTH_CLIENT_ID"] = credentials.genesysClientID
        variables["OAUTH_CLIENT_SECRET"] = secret
        variables["OAUTH_API_URL"] = live.addresses.genesys
        client = try ClientProcess(command, environment: variables, log: directory.path + "/client.log")
    }

    /// Moves the clock by an hour and back, and returns whether the client's clock followed.
    private func clockMoves() async throws -> Bool {
        time.advance(by: .seconds(3600))
        let theirs = try await client.ask("time")["time"]?.double ?? 0
        let isMoved = abs(theirs - time.now().wall.secondsSince1970) < 1800
        time.advance(by: .seconds(-3600))
        return isMoved
    }

    /// Sends the client a command for several tokens or calls.
    ///
    /// - Parameters:
    ///   - what: `token` or `call`.
    ///   - count: The number of tokens or calls.
    ///   - isTogether: Whether the calls are concurrent.
    func ask(_ what: String, _ count: Int, isTogether: Bool = false) async throws -> Answer {
        let json = try await client.ask("\(what) \(count)" + (isTogether ? " together" : ""))
        guard let succeeded = json["succeeded"]?.int, let failed = json["failed"]?.int else {
            throw client.failure(json["error"]?.string ?? "its answer lacks 'succeeded' and 'failed'")
        }
        return Answer(succeeded: succeeded, failed: failed, error: json["error"]?.string)
    }

    /// Replaces all fault rules, and restarts the count of requests.
    func turn(to faults: String...) throws {
        simulator.removeFaults()
        simulator.addFaults(try faults.map { try FaultRule($0) })
        mark = simulator.requestCount
    }

    func advance(by seconds: Double) {
        time.advance(by: .seconds(seconds))
    }

    /// The token requests since the last change of the rules.
    var tokenRequests: [RequestRecord] { simulator.requests(since: mark).filter(\.isForToken) }

    /// Whether the client received a token since it was started.
    var hasToken: Bool { simulator.requests(since: 0).contains { $0.isForToken && $0.status == 200 } }

    /// The number of API calls that succeeded since the last change of the rules.
    var goodCalls: Int {
        simulator.requests(since: mark).count { $0.path == "/api/v2/tokens/me" && $0.status == 200 }
    }
}

extension RequestRecord {
    fileprivate var isForToken: Bool { method == "POST" && path == "/oauth/token" }
}
