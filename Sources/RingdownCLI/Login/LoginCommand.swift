internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth
internal import RingdownServer
internal import RingdownStores

struct LoginCommand: Command {
    static let name = "login"
    static let abstract = "Sign in as a user in a browser (authorization code with PKCE)."
    static let discussion = """
        Opens the platform's sign-in page and waits for the browser's redirect on a port of 127.0.0.1. The refresh token is
        stored encrypted, like every token. Other commands use it instead of a client secret if GENESYS_GRANT or CXONE_GRANT
        is set to authorization_code. The client must allow this grant and the redirect URI http://127.0.0.1:PORT/callback.
        Use --port if the redirect URI must be registered with a fixed port. The client does not need a secret.

        --no-browser prints the URL, for machines without a browser. The browser must run on this machine or reach the port
        through a tunnel. 'ringdown revoke' signs out.
        """
    static let examples = [
        (line: "ringdown login me", purpose: "Sign in with the client of the profile 'me'"),
        (line: "ringdown login me --no-browser --port 8400", purpose: "Sign in through ssh -L 8400:127.0.0.1:8400"),
    ]

    let account = Account()
    @Flag("no-browser", help: "Print the URL instead of opening a browser")
    var noBrowser: Bool
    @Option("port", "NUMBER", defaultText: "a free port", help: "Port of the redirect URI on 127.0.0.1")
    var port: Int?
    @Option("timeout", "DURATION", defaultText: "10m", help: "Maximum wait for the sign-in")
    var timeout: DurationParameter?

    func run() async throws -> Int32 {
        if let port, !(1...65535).contains(port) {
            throw UsageError("--port cannot be \(port)", hint: "use 1 to 65535")
        }
        let (settings, profile) = try profile()
        guard let store = try tokenStore(settings, account: profile.account) as? FileStore else {
            throw ConfigurationError(
                "cannot store the sign-in: tokens are not stored between runs",
                hint: "unset RINGDOWN_CACHE")
        }
        _ = try records(of: store)  // report an unusable store before the user signs in
        let session = Locked<SignInSession?>(nil)
        let callback = CallbackServer { query in session.withLock { $0 }?.isOurs(query) ?? false }
        let server = try HTTPServer(port: port ?? 0, handler: callback)
        let begun: SignInSession
        do {
            begun = try await SignInSession(
                profile, redirectURI: "http://127.0.0.1:\(server.port)\(CallbackServer.path)",
                transport: try account.transport(settings), store: store, time: Context.current.time,
                calls: try account.callSettings(settings),
                observe: { [notice = account.waitNotice] in notice.tell($0, $1.message) })
        } catch let error as TokenError { throw ErrorHints.advised(error, profile) }
        session.withLock { $0 = begun }
        announce(begun.url)
        let result: Result<(token: Token, staysSignedIn: Bool), any Error>
        do { result = .success(try await wait(for: callback, begun, profile)) } catch { result = .failure(error) }
        // Let the browser receive its page before the server closes.
        await server.drain(within: .seconds(1))
        let (token, staysSignedIn) = try result.get()
        notice(
            "ringdown: signed in" + (token.isLifetimeKnown ? "; the token is valid for \(token.lifetime.spoken)" : ""))
        if !staysSignedIn {
            notice("ringdown: note: the platform returned no refresh token: sign in again when the token expires")
        }
        let variable = profile.platform.variables.grant
        if try account.settings().text(variable) != "authorization_code" {
            notice("  next: set \(variable)=authorization_code, so that other commands use the sign-in")
        }
        return ExitCode.done
    }

    /// The settings and profile of the account, with the authorization code grant.
    ///
    /// - Throws: `ConfigurationError` if the platform does not support signing in.
    private func profile() throws(ConfigurationError) -> (Settings, Profile) {
        let flags = Dictionary(uniqueKeysWithValues: Platform.all.map { ($0.variables.grant, "authorization_code") })
        let settings = try account.settings(of: account.profileName, adding: flags)
        let profile = try Profile(settings)
        guard profile.signIn != nil else {
            throw ConfigurationError(
                "\(profile.platform.title) does not support signing in", hint: "use --platform genesys or cxone"
            )
        }
        return (settings, profile)
    }

    private func announce(_ url: HTTPURL) {
        if !noBrowser, Browser.open(url) {
            notice("ringdown: opened the sign-in page in the browser; if it does not appear, open:")
        } else {
            notice("ringdown: open this URL in a browser on this machine:")
        }
        notice("  \(url)")
        notice(
            "ringdown: waiting up to \((timeout?.duration ?? .seconds(600)).spoken) for the sign-in (Ctrl-C to cancel)")
    }

    private func wait(for callback: CallbackServer, _ session: SignInSession, _ profile: Profile)
        async throws -> (token: Token, staysSignedIn: Bool)
    {
        let (limit, time) = (timeout?.duration ?? .seconds(600), Context.current.time)
        let query = await withTaskGroup(of: CallbackServer.Query?.self) { group in
            group.addTask { await callback.query() }
            group.addTask {
                try? await time.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        guard let query else {
            throw failure("timed out waiting for the browser after \(limit.spoken)")
        }
        do { return try await session.finish(query) } catch let refusal as AuthorizationRequest.Refusal {
            let reason =
                switch refusal {
                case .foreign: "the response belongs to another sign-in"
                case .denied(let reason): "the sign-in was refused: \(reason)"
                case .otherIssuer(let name):
                    "the response came from \(name), not from the server that was requested (RFC 9207)"
                }
            throw failure(reason)
        } catch let error as TokenError {
            throw ErrorHints.advised(error, profile)
        }
    }

    private func failure(_ reason: String) -> TokenError {
        var error = TokenError(.signInRequired, reason)
        (error.hint, error.special) = ("try again: 'ringdown login\(account.words)'", Recovery.none)
        return error
    }
}
