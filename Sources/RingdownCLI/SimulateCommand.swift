internal import Ringdown
internal import RingdownCore
internal import RingdownSimulator

struct SimulateCommand: Command {
    static let name = "simulate"
    static let abstract = "Simulate both platforms on loopback, and run COMMAND against them."
    static let discussion = """
        The simulator listens on free ports of 127.0.0.1. With COMMAND, it sets the environment variables for hosts and
        credentials, runs the command and exits with the command's exit code. Without COMMAND, it prints the same settings as
        a .env file and runs until it is stopped. --platform sets the variables of one platform only. Open $RINGDOWN_SIM_URL/
        in a browser to watch the requests. $RINGDOWN_SIM_URL/_sim/journal lists every request with its result.

        With --intercept, programs run unchanged: an HTTPS proxy answers for the platforms' real host names and refuses all
        other hosts. Its certificates come from a CA that is created for this run. The proxy and CA variables of OpenSSL,
        Python, Node.js, Java, Go and curl are set. Node.js supports proxy variables since 22.21 and 24. Older versions need
        a client with proxy support, such as axios.

        A fault is a rule of optional members. Conditions: path (a trailing * matches any suffix), platform, method, host,
        client, nth, times, probability, from, until (seconds). Effects: status, retryAfter, retryAfterDate, latency,
        bytesPerSecond, cut or reset (before, within, after), body (truncated, invalid, html, empty), contentLength, dateSkew,
        expiresIn, members (JSON), jobOutcome, certificate=expired, revokeToken, rotateSecret.
        """
    static let examples = [
        (line: "ringdown simulate --platform genesys -- ringdown token", purpose: "Get a token without an account"),
        (
            line: "ringdown simulate --lifetime 5s -- python3 my_program.py",
            purpose: "Test a program with tokens that expire after 5 s"
        ),
        (
            line: "ringdown simulate --fault path=/oauth/token,status=503,times=2 -- python3 my_program.py",
            purpose: "Test a program with two failures of the token endpoint"
        ),
        (
            line:
                "ringdown simulate --intercept -- curl -d grant_type=client_credentials https://login.mypurecloud.com/oauth/token",
            purpose: "Use the real host name; no request leaves this machine"
        ),
        (
            line: "ringdown simulate --virtual-time -- python3 my_daemon.py",
            purpose: "Run days of a program's time in seconds"
        ),
        (line: "ringdown simulate > sim.env", purpose: "Run until stopped; in another shell: set -a; . ./sim.env"),
    ]

    @TrailingArguments("COMMAND", help: "Command to run against the simulator")
    var command: [String]
    @Option("platform", "NAME", defaultText: "both", help: "Platform whose credentials and hosts are set")
    var platform: PlatformName?
    @Option("users", "NUMBER", defaultText: "250", help: "Number of users and number of agents")
    var users: Int?
    @Option("region", "REGION", defaultText: "us-east-1", help: "Region of the Genesys Cloud organisation")
    var region: String?
    @Option("area", "AREA", defaultText: "na1", help: "Area of the CXone tenant")
    var area: String?
    @Option("seed", "NUMBER", defaultText: "1", help: "Seed for generated data")
    var seed: Int?
    @Option(
        "port", "NUMBER", defaultText: "free ports",
        help: "First of nine consecutive ports, for containers and services that need fixed ports")
    var port: Int?
    @Flag(
        "intercept", help: "Run an HTTPS proxy that answers for the platforms' real host names and refuses all others")
    var intercept: Bool
    @Flag("any-client", help: "Accept any client ID and secret, for programs with their own credentials")
    var anyClient: Bool
    @Option(
        "lifetime", "DURATION", defaultText: "24h for Genesys Cloud, 1h for CXone", help: "Lifetime of tokens")
    var lifetime: DurationParameter?
    @Option(
        "calls-per-minute", "NUMBER", defaultText: "300",
        help: "API calls per minute and Genesys Cloud token; 0 for no limit")
    var callsPerMinute: Int?
    @Option(
        "calls-per-day", "NUMBER", defaultText: "0",
        help: "API calls per day, then 429 with a Retry-After of hours; 0 for no limit")
    var callsPerDay: Int?
    @Option(
        "logins-per-minute", "NUMBER", defaultText: "0",
        help: "Token requests per minute and client, then 400; 0 for no limit")
    var loginsPerMinute: Int?
    @Option("idle-timeout", "DURATION", help: "Expire Genesys Cloud tokens that are unused for this time")
    var idleTimeout: DurationParameter?
    @Flag(
        "virtual-time",
        help: "Run the command on a virtual clock: sleeps and timeouts return immediately")
    var virtualTime: Bool
    @Option(
        "secret-encoding", "FORM", defaultText: "any",
        help: "Accepted encoding of the secret in a Basic header: unencoded, form-encoded or both"
    )
    var secretEncoding: SecretEncoding?
    @OptionList(
        "assume", "NAME=VALUE",
        help: "Override an undocumented platform behaviour, e.g. genesys-wrong-secret-status=401 (repeatable)")
    var assume: [String]
    @Flag("lenient", help: "Accept nonexistent calls from tutorials instead of rejecting them with a hint")
    var lenient: Bool
    @OptionList(
        "fault", "RULE", help: "Inject a fault, e.g. path=/oauth/token,status=503,times=2 (repeatable)")
    var fault: [String]
    @Option("faults", "FILE", help: "Inject the faults in FILE, a JSON array of rules")
    var faults: String?

    @Flag("routes", help: "List the simulated operations and exit")
    var routes: Bool

    private static func row(_ route: Route) -> [String] {
        let needs = (route.requiresUser ? ["a user's token"] : []) + [route.permissions.joined(separator: " or ")]
        return [
            route.platform, route.method == "*" ? "any" : route.method, route.path,
            needs.filter { !$0.isEmpty }.joined(separator: ", "),
        ]
    }

    enum PlatformName: String, ChoiceParameter { case genesys, cxone, both }
    enum SecretEncoding: String, ChoiceParameter { case any, raw, form }

    func run() async throws -> Int32 {
        if routes {
            try showTable(["PLATFORM", "METHOD", "PATH", "REQUIRES"], Simulator.routes.map(Self.row))
            return ExitCode.done
        }
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
        // Both run as long as they are referenced.
        defer { withExtendedLifetime((live, proxy)) {} }
        var environment =
            try proxy.map { try SimulatedEnvironment(live, through: $0, certificatesIn: directory.path) }
            ?? SimulatedEnvironment(live)
        if let platform, platform != .both { environment.select(platform.rawValue) }
        if virtualTime { environment.share(timeFile: timeFile, library: try TimeLibrary.path()) }
        simulator.show(environment.all)
        if command.isEmpty {
            let end = EndSignals()
            try Context.current.standardOutput.write(environment.dotenv)
            notice(
                "ringdown: the simulator is running (Ctrl-C to stop); watch it at \(live.addresses.control)/")
            await end.wait()
            return ExitCode.done
        }
        let variables = environment.variables(over: Context.current.variables, cache: directory.path)
        return try await ChildProcess.run(command, environment: variables)
    }
}
