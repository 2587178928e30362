internal import RingdownCore
internal import RingdownSimulator

/// One client that plays one row of the scoreboard: on a simulator and a time of its own.
final class Play {
    /// What a client says of several calls.
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
    /// Whether the client's clock is the simulator's. A client that does not ask the C library for the time has its own.
    private(set) var isInSharedTime = false

    /// Lets a client play a row, ends it, and leaves nothing behind, whatever happens.
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
        // A slow answer comes once no other request has followed for so long: those of all callers are there by then.
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

    /// Moves the time by an hour and back, and looks whether the client's clock went along.
    private func clockMoves() async throws -> Bool {
        time.advance(by: .seconds(3600))
        let theirs = try await client.ask("time")["time"]?.double ?? 0
        let isMoved = abs(theirs - time.now().wall.secondsSince1970) < 1800
        time.advance(by: .seconds(-3600))
        return isMoved
    }

    /// Asks the client for so many tokens, or calls, one after the other or together.
    func ask(_ what: String, _ count: Int, isTogether: Bool = false) async throws -> Answer {
        let json = try await client.ask("\(what) \(count)" + (isTogether ? " together" : ""))
        guard let succeeded = json["succeeded"]?.int, let failed = json["failed"]?.int else {
            throw client.failure(json["error"]?.string ?? "its answer lacks 'succeeded' and 'failed'")
        }
        return Answer(succeeded: succeeded, failed: failed, error: json["error"]?.string)
    }

    /// From now on requests are counted anew, and these rules are in force in place of all others.
    func turn(to faults: String...) throws {
        simulator.removeFaults()
        simulator.addFaults(try faults.map { try FaultRule($0) })
        mark = simulator.requestCount
    }

    func advance(by seconds: Double) {
        time.advance(by: .seconds(seconds))
    }

    /// The token requests since the rules were last changed.
    var tokenRequests: [RequestRecord] { simulator.requests(since: mark).filter(\.isForToken) }

    /// Whether the client was granted a token since it was started.
    var hasToken: Bool { simulator.requests(since: 0).contains { $0.isForToken && $0.status == 200 } }

    /// How many calls of the API succeeded since the rules were last changed.
    var goodCalls: Int {
        simulator.requests(since: mark).count { $0.path == "/api/v2/tokens/me" && $0.status == 200 }
    }
}

extension RequestRecord {
    fileprivate var isForToken: Bool { method == "POST" && path == "/oauth/token" }
}
