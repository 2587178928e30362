internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth
internal import RingdownServer
internal import RingdownStores

struct LoginCommand: Command {
    static let name = "login"
    static let abstract = "Sign in as a person, in a browser: authorization code with PKCE."
    static let discussion = """
        Opens the platform's own sign-in page, and waits on a port of 127.0.0.1 for the browser to come back. What is stored,
        encrypted like every token, is the refresh token; other commands get their tokens with it, as with a client's secret,
        once GENESYS_GRANT or CXONE_GRANT is authorization_code. The client must allow this grant and the address to come back
        to, http://127.0.0.1:PORT/callback: --port says which, where the platform wants to know it beforehand. A client without
        a secret is fine.

        --no-browser prints the address, for a machine without one; the browser must run on this machine or reach the port
        through a tunnel. 'ringdown revoke' signs out.
        """
    static let examples = [
        (line: "ringdown login me", purpose: "Sign in with the client of the profile 'me'"),
        (line: "ringdown login me --no-browser --port 8400", purpose: "Through ssh -L 8400:127.0.0.1:8400"),
    ]

    let account = Account()
    @Flag("no-browser", help: "Print the address instead of opening it.")
    var noBrowser: Bool
    @Option("port", "NUMBER", help: "The port of 127.0.0.1 to come back to; a free one unless said otherwise.")
    var port: Int?
    @Option("timeout", "DURATION", help: "How long to wait for the person; 10m unless said otherwise.")
    var timeout: DurationParameter?

    func run() async throws -> Int32 {
        if let port, !(1...65535).contains(port) {
            throw UsageError("--port cannot be \(port)", hint: "it can be 1 to 65535")
        }
        let (settings, profile) = try profile()
        guard let store = try tokenStore(settings, account: profile.account) as? FileStore else {
            throw ConfigurationError(
                "a sign-in would be forgotten at once: tokens are not kept between runs",
                hint: "RINGDOWN_CACHE says so; unset it")
        }
        _ = try records(of: store)  // a store that cannot be used is said before the person goes to any trouble
        let session = Locked<SignInSession?>(nil)
        let callback = CallbackServer { query in session.withLock { $0 }?.isOurs(query) ?? false }
        let server = try HTTPServer(port: port ?? 0, handler: callback)
        let begun = try await Account.advising(profile) {
            try await SignInSession(
                profile, redirectURI: "http://127.0.0.1:\(server.port)\(CallbackServer.path)",
                transport: try account.transport(settings), store: store, time: Context.current.time)
        }
        session.withLock { $0 = begun }
        announce(begun.url)
        let result: Result<(token: Token, staysSignedIn: Bool), any Error>
        do { result = .success(try await wait(for: callback, begun, profile)) } catch { result = .failure(error) }
        // The browser has its page before the server is gone.
        await server.drain(within: .seconds(1))
        let (token, staysSignedIn) = try result.get()
        notice(
            "ringdown: signed in" + (token.isLifetimeKnown ? "; the first token lasts \(token.lifetime.spoken)" : ""))
        if !staysSignedIn {
            notice("ringdown: note: the platform gave no refresh token: sign in again when the token is over")
        }
        let variable = profile.platform.name == "cxone" ? "CXONE_GRANT" : "GENESYS_GRANT"
        if try account.settings().text(variable) != "authorization_code" {
            notice("  next: set \(variable)=authorization_code, so that other commands use it")
        }
        return ExitCode.done
    }

    /// The account's, with a person in place of a client.
    private func profile() throws(ConfigurationError) -> (Settings, Profile) {
        let flags = ["GENESYS_GRANT": "authorization_code", "CXONE_GRANT": "authorization_code"]
        let settings = try account.settings(of: account.profileName, adding: flags)
        let profile = try Profile(settings)
        guard profile.signIn != nil else {
            throw ConfigurationError(
                "\(profile.platform.title): there is no signing in for people here", hint: "it is for genesys and cxone"
            )
        }
        return (settings, profile)
    }

    private func announce(_ url: HTTPURL) {
        if !noBrowser, Browser.open(url) {
            notice("ringdown: your browser has the sign-in page now; if it does not, open")
        } else {
            notice("ringdown: open this address in a browser on this machine:")
        }
        notice("  \(url)")
        notice("ringdown: it waits for you for \((timeout?.duration ?? .seconds(600)).spoken); Ctrl-C gives up")
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
            throw failure("nobody came back from the sign-in page within \(limit.spoken)")
        }
        do { return try await session.finish(query) } catch let refusal as AuthorizationRequest.Refusal {
            let reason =
                switch refusal {
                case .foreign: "the answer belongs to another sign-in"
                case .denied(let reason): "the sign-in was refused: \(reason)"
                case .otherIssuer(let name):
                    "the answer came from \(name), not from the server that was asked (RFC 9207)"
                }
            throw failure(reason)
        } catch let error as TokenError {
            throw AdvisedTokenError(error: error, hint: ErrorHints.hint(for: error, profile))
        }
    }

    private func failure(_ reason: String) -> AdvisedTokenError {
        AdvisedTokenError(
            error: TokenError(.signInRequired, reason), hint: "try again: 'ringdown login\(account.words)'")
    }
}
