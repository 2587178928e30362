internal import Ringdown
internal import RingdownBroker
internal import RingdownCore
internal import RingdownOAuth
internal import RingdownServer

struct ServeCommand: Command {
    static let name = "serve"
    static let abstract = "Run a local broker that issues tokens and forwards API calls to the platform."
    static let discussion = """
        The broker listens on a Unix socket that only this user can open. With --port, it also listens on 127.0.0.1, where
        requests must contain a key that is generated for this run. Programs do not receive the client secret.

        GET /token?profile=NAME&min_ttl=SECONDS returns a valid token as JSON. POST /token/reject reports that the API rejected
        a token. /proxy/NAME/… forwards a call to the API with the token added, and retries it once with a new token after a
        401: use it as the API base URL of a program. /livez, /readyz (ready if every profile has a token) and /metrics
        (Prometheus) are for monitoring.

        Other commands use the broker if RINGDOWN_SOCKET is set to its socket. Requests from browsers and proxies are refused.
        The broker prints the settings for programs and runs until it is stopped.
        """
    static let examples = [
        (line: "ringdown serve prod test", purpose: "Serve two accounts"),
        (
            line: "curl --unix-socket $XDG_RUNTIME_DIR/ringdown.sock 'http://localhost/token?profile=prod'",
            purpose: "Get a token"
        ),
        (
            line: "curl --unix-socket $XDG_RUNTIME_DIR/ringdown.sock http://localhost/proxy/prod/api/v2/tokens/me",
            purpose: "Call the API through the broker"
        ),
        (
            line: "ringdown simulate -- ringdown serve --platform genesys --socket /tmp/r.sock",
            purpose: "Try it without an account"
        ),
    ]

    let account = Account()
    @ArgumentList("PROFILE", help: "Additional profiles")
    var moreProfiles: [String]
    @Option("socket", "PATH", defaultText: "$XDG_RUNTIME_DIR/ringdown.sock", help: "Path of the Unix socket")
    var socket: String?
    @Option("port", "NUMBER", help: "Also listen on this port of 127.0.0.1; 0 for a free port")
    var port: Int?

    func run() async throws -> Int32 {
        if let port, !(0...65535).contains(port) {
            throw UsageError("--port cannot be \(port)", hint: "use 0 to 65535")
        }
        let path = try socketPath()
        let names = [account.profileName].compactMap { $0 } + moreProfiles
        if Set(names).count < names.count {
            throw UsageError("a profile is given twice", hint: "name each profile once")
        }
        let accounts =
            try names.isEmpty
            ? [Broker.Account(name: "default", client: account.ownClient(of: nil, isBackground: true))]
            : names.map { Broker.Account(name: $0, client: try account.ownClient(of: $0, isBackground: true)) }
        let end = EndSignals()
        let key = Secret(Base64.encode(Sodium.randomBytes(32), .url))
        let time = Context.current.time
        let local = Broker(accounts, key: nil, version: Version.current, time: time)
        let server = try HTTPServer(socketPath: path, handler: local)
        let remote = Broker(accounts, key: key, version: Version.current, time: time)
        let tcp = try port.map { try HTTPServer(port: $0, handler: remote) }
        let output = Context.current.standardOutput
        try output.line("RINGDOWN_SOCKET=\(path)")
        if let tcp {
            try output.write("RINGDOWN_BROKER_URL=http://127.0.0.1:\(tcp.port)\nRINGDOWN_BROKER_KEY=\(key.reveal())\n")
        }
        notice("ringdown: the broker is running (Ctrl-C to stop)")
        let keeper = Task { await local.keepFresh() }
        await end.wait()
        local.end()
        remote.end()
        keeper.cancel()
        withExtendedLifetime((server, tcp)) {}
        return ExitCode.done
    }

    private func socketPath() throws -> String {
        if let socket { return socket }
        if let directory = Context.current.variables["XDG_RUNTIME_DIR"], !directory.isEmpty {
            return directory + "/ringdown.sock"
        }
        throw ConfigurationError(
            "the path of the socket is not known: XDG_RUNTIME_DIR is not set",
            hint: "use --socket with a path in a directory that only you can access")
    }
}
