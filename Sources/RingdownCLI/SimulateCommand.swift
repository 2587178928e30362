internal import Ringdown
internal import RingdownCore
internal import RingdownSimulator

struct SimulateCommand: Command {
    static let name = "simulate"
    static let abstract = "Both platforms on loopback; with COMMAND: run it against them."
    static let discussion = """
        The simulator listens on free ports of 127.0.0.1. With COMMAND it sets the variables that name the hosts and
        credentials, runs the command and exits with its exit code. Without, it prints the same settings as a .env file
        and serves until it is stopped. Open $RINGDOWN_SIM_URL/ in a browser to watch; $RINGDOWN_SIM_URL/_sim/journal lists
        every request with the verdict.

        With --intercept any program runs unchanged: an HTTPS proxy answers for the platforms' real host names, with
        certificates of an authority that is made for this run, and refuses every other host. The variables that OpenSSL,
        Python, Node.js, Java, Go and curl read for both are set too. Node.js looks for a proxy by itself since
        22.21 and 24; before, its programs need an agent that does, as axios and others bring one.

        A fault is a rule of members, all optional. When: path (an end of * stands for anything), platform, method, host,
        client, nth, times, probability, from, until (seconds). What: status, retryAfter, retryAfterDate, latency,
        bytesPerSecond, cut or reset (before, within, after), body (truncated, invalid, html, empty), contentLength, dateSkew,
        expiresIn, members (JSON), jobOutcome, certificate=expired, revokeToken, rotateSecret.
        """
    static let examples = [
        (line: "ringdown simulate -- ringdown token --platform genesys", purpose: "A token without an account"),
        (
            line: "ringdown simulate --lifetime 5s -- python3 my_program.py",
            purpose: "How does a program bear tokens that end after 5 s?"
        ),
        (
            line: "ringdown simulate --fault path=/oauth/token,status=503,times=2 -- python3 my_program.py",
            purpose: "Does a program survive two failures of the token endpoint?"
        ),
        (
            line:
                "ringdown simulate --intercept -- curl -d grant_type=client_credentials https://login.mypurecloud.com/oauth/token",
            purpose: "The real host name, and nothing leaves this machine"
        ),
        (
            line: "ringdown simulate --virtual-time -- python3 my_daemon.py",
            purpose: "A soak of days in seconds, as a program's sleeps take no time"
        ),
        (line: "ringdown simulate > sim.env", purpose: "Serve until stopped; elsewhere: set -a; . ./sim.env"),
    ]

    @TrailingArguments("COMMAND", help: "What to run against the simulator.")
    var command: [String]
    @Option("users", "NUMBER", help: "Users and agents, each; 250 unless said otherwise.")
    var users: Int?
    @Option("region", "REGION", help: "Where the Genesys Cloud organisation lives; us-east-1 unless said otherwise.")
    var region: String?
    @Option("area", "AREA", help: "Where the CXone tenant lives; na1 unless said otherwise.")
    var area: String?
    @Option("seed", "NUMBER", help: "Everything that is made up follows from this; 1 unless said otherwise.")
    var seed: Int?
    @Option(
        "port", "NUMBER", help: "The first of nine ports in a row, in place of free ones: for containers and services.")
    var port: Int?
    @Flag("intercept", help: "Answer for the platforms' real host names too, as an HTTPS proxy; refuse all others.")
    var intercept: Bool
    @Flag("any-client", help: "Accept any client and secret: for programs that bring their own.")
    var anyClient: Bool
    @Option(
        "lifetime", "DURATION",
        help: "How long tokens live; 24h and 1h, as the platforms have it, unless said otherwise.")
    var lifetime: DurationParameter?
    @Option(
        "calls-per-minute", "NUMBER",
        help: "API calls a minute for a Genesys Cloud token; 300 unless said otherwise, 0 for no limit.")
    var callsPerMinute: Int?
    @Option(
        "calls-per-day", "NUMBER",
        help: "API calls a day, answered beyond that with 429 and a Retry-After of hours; 0 unless said.")
    var callsPerDay: Int?
    @Option(
        "logins-per-minute", "NUMBER",
        help: "Token requests a minute for each client, 400 beyond that; 0 (no limit) unless said otherwise.")
    var loginsPerMinute: Int?
    @Option("idle-timeout", "DURATION", help: "A Genesys Cloud token ends when it is not used for so long.")
    var idleTimeout: DurationParameter?
    @Flag(
        "virtual-time",
        help: "Whoever sleeps or waits for a time limit does so at once, and all clocks agree: a day in seconds.")
    var virtualTime: Bool
    @Option(
        "secret-encoding", "FORM",
        help: "How the secret may stand in a Basic header: as it is, form-encoded, or either way unless said otherwise."
    )
    var secretEncoding: SecretEncoding?
    @OptionList(
        "assume", "NAME=VALUE",
        help: "What is not known of the platforms, such as genesys-wrong-secret-status=401; may be repeated.")
    var assume: [String]
    @Flag("lenient", help: "Calls that tutorials invented work as they expect, instead of being refused with a hint.")
    var lenient: Bool
    @OptionList(
        "fault", "RULE", help: "What goes wrong, such as path=/oauth/token,status=503,times=2; may be repeated.")
    var fault: [String]
    @Option("faults", "FILE", help: "The same as a JSON list of rules.")
    var faults: String?

    enum SecretEncoding: String, ChoiceParameter { case any, raw, form }

    func run() async throws -> Int32 {
        var options = try options()
        options.faults = try rules()
        let directory = try Context.current.temporaryDirectory()
        defer { directory.remove() }
        let timeFile = "\(directory.path)/time"
        let time = virtualTime ? try VirtualTime(file: timeFile) : nil
        let simulator = Simulator(options, time: time ?? .system)
        let live = try LiveSimulator(simulator, firstPort: port)
        let proxyPort = port.map { $0 + LiveSimulator.portCount } ?? 0
        let proxy = intercept ? try SimulatorProxy(simulator, port: proxyPort) : nil
        // Both serve as long as they are held.
        defer { withExtendedLifetime((live, proxy)) {} }
        var environment =
            try proxy.map { try SimulatedEnvironment(live, through: $0, certificatesIn: directory.path) }
            ?? SimulatedEnvironment(live)
        if virtualTime { environment.share(timeFile: timeFile, library: try TimeLibrary.path()) }
        simulator.show(environment.all)
        if command.isEmpty {
            let end = EndSignals()
            try Context.current.standardOutput.write(environment.dotenv)
            notice(
                "ringdown: the simulator serves until it is stopped (Ctrl-C); watch it at \(live.addresses.control)/")
            await end.wait()
            return ExitCode.done
        }
        let variables = environment.variables(over: Context.current.variables, cache: directory.path)
        return try await ChildProcess.run(command, environment: variables)
    }

    private func options() throws(UsageError) -> Simulator.Options {
        var options = Simulator.Options()
        func checked(_ value: Int?, _ name: String, _ range: ClosedRange<Int>, _ standard: Int) throws(UsageError)
            -> Int
        {
            guard let value else { return standard }
            if range.contains(value) { return value }
            throw UsageError(
                "--\(name) cannot be \(value)", hint: "it can be \(range.lowerBound) to \(range.upperBound)")
        }
        if let region {
            options.genesysRegion = region
            guard [options.genesysRegion, options.genesysDomain].contains(region) else {
                throw UsageError(
                    "--region: there is no region '\(sanitized(region, limit: 60))'",
                    hint: "'ringdown regions' lists them")
            }
        }
        if let area {
            guard Simulator.Options.areaNames.contains(area) else {
                throw UsageError(
                    "--area: there is no area '\(sanitized(area, limit: 60))'",
                    hint: "there are \(Simulator.Options.areaNames.joined(separator: ", "))")
            }
            options.cxoneArea = area
        }
        options.userCount = try checked(users, "users", 0...10_000_000, options.userCount)
        options.seed = UInt64(try checked(seed, "seed", 0...Int.max, 1))
        options.callsPerMinute = try checked(callsPerMinute, "calls-per-minute", 0...1_000_000, options.callsPerMinute)
        options.callsPerDay = try checked(callsPerDay, "calls-per-day", 0...1_000_000_000, 0)
        options.loginsPerMinute = try checked(loginsPerMinute, "logins-per-minute", 0...1_000_000, 0)
        options.idleTimeout = idleTimeout?.duration
        options.tokenLifetime = lifetime?.duration
        options.isLenient = lenient
        options.secretEncoding = .init(rawValue: secretEncoding?.rawValue ?? "any") ?? .any
        options.acceptsAnyClient = anyClient
        for text in assume {
            do { try options.assume(text) } catch {
                throw UsageError(
                    "--assume \(sanitized(text, limit: 80)): \(error.expected) was expected",
                    hint: "Documentation/Simulator.md lists them under 'What is an assumption'")
            }
        }
        return options
    }

    private func rules() throws -> [FaultRule] {
        var rules: [FaultRule] = []
        if let faults {
            do { rules += try FaultRule.rules(file: File.read(faults)) } catch let error as FaultRule.Invalid {
                throw ConfigurationError("\(faults), \(error)", hint: "Documentation/Simulator.md lists the rules")
            }
            if !intercept, let index = rules.firstIndex(where: { $0.certificate != nil }) {
                throw ConfigurationError(
                    "\(faults), fault \(index + 1): a fault of a certificate needs TLS, which the loopback ports do not have",
                    hint: "add --intercept")
            }
        }
        for text in fault {
            do { rules.append(try FaultRule(text)) } catch {
                let place = error.place.split(separator: " ").last.map(String.init) ?? ""
                throw UsageError(
                    "--fault \(sanitized(text, limit: 80)): \(place): \(error.expected) was expected",
                    hint: "'ringdown simulate --help' shows how")
            }
        }
        if let port, port < 1 || port > 65536 - LiveSimulator.portCount - 1 {
            throw UsageError(
                "--port cannot be \(port)",
                hint: "it is the first of \(LiveSimulator.portCount + 1) in a row, up to 65535")
        }
        if !intercept, rules.contains(where: { $0.certificate != nil }) {
            throw UsageError(
                "a fault of a certificate needs TLS, which the loopback ports do not have", hint: "add --intercept")
        }
        return rules
    }
}
