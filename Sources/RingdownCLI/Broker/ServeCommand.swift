internal import Ringdown
internal import RingdownBroker
internal import RingdownCore
internal import RingdownOAuth
internal import RingdownServer

struct ServeCommand: Command {
    static let name = "serve"
    static let abstract = "The local broker: tokens, and calls with the token put in, for programs in any language."
    static let discussion = """
        Serves on a socket that only this user can open, $XDG_RUNTIME_DIR/ringdown.sock unless --socket names another one, and
        with --port on 127.0.0.1 as well, where callers must show a key that is made for this run. Programs get no secret:

        GET /token?profile=NAME&min_ttl=SECONDS answers a valid token as JSON; POST /token/reject says that the API refused it.
        /proxy/NAME/… passes a call on to the API with the token put in, and once more with a new one where that is refused:
        give it to a program as the address of the API. /livez, /readyz (is there a token for every profile?) and /metrics
        (Prometheus) are for who operates it.

        Other commands ask the broker where RINGDOWN_SOCKET names the socket. Requests of browsers and proxies are refused. The
        settings for programs are printed; it serves until it is stopped.
        """
    static let examples = [
        (line: "ringdown serve prod test", purpose: "Two accounts"),
        (
            line: "curl --unix-socket $XDG_RUNTIME_DIR/ringdown.sock 'http://localhost/token?profile=prod'",
            purpose: "A token for any language"
        ),
        (
            line: "curl --unix-socket $XDG_RUNTIME_DIR/ringdown.sock http://localhost/proxy/prod/api/v2/tokens/me",
            purpose: "A call without a token"
        ),
        (
            line: "ringdown simulate -- ringdown serve --platform genesys --socket /tmp/r.sock",
            purpose: "Without an account"
        ),
    ]

    let account = Account()
    @ArgumentList("PROFILE", help: "More profiles.")
    var moreProfiles: [String]
    @Option("socket", "PATH", help: "The socket; $XDG_RUNTIME_DIR/ringdown.sock unless said otherwise.")
    var socket: String?
    @Option("port", "NUMBER", help: "Serve on this port of 127.0.0.1 too; 0 for a free one.")
    var port: Int?

    func run() async throws -> Int32 {
        if let port, !(0...65535).contains(port) {
            throw UsageError("--port cannot be \(port)", hint: "it can be 0 to 65535")
        }
        let path = try socketPath()
        let names = [account.profileName].compactMap { $0 } + moreProfiles
        if Set(names).count < names.count { throw UsageError("a profile is named twice", hint: "name each once") }
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
        notice("ringdown: the broker serves until it is stopped (Ctrl-C)")
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
            "there is no place for the socket: XDG_RUNTIME_DIR is not set",
            hint: "name one with --socket, in a directory of yours")
    }
}
