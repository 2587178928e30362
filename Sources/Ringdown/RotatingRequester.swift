internal import RingdownCore
internal import RingdownOAuth

/// Requests tokens with the current client secret. It reads files and commands again for each request. If the server rejects the
/// secret, it tries the next secret once.
final class RotatingRequester: TokenRequester {
    private struct State {
        var profile: Profile
        var loaded: Duration
        /// The next secret, after the server accepted it and rejected the current one.
        var promoted: Secret?
    }

    private let transport: any Transport
    private let time: any TimeSource
    private let settings: LifecycleSettings
    private let discovery: Discovery
    private let state: Locked<State>
    /// The time for which settings are not read again, because a command may prompt the user.
    private static let freshness: Duration = .seconds(5)

    init(_ profile: Profile, transport: any Transport, time: any TimeSource, settings: LifecycleSettings) {
        (self.transport, self.time, self.settings) = (transport, time, settings)
        discovery = Discovery(transport)
        state = Locked(State(profile: profile, loaded: time.now().uptime))
    }

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        let (profile, promoted) = current()
        guard case .grant(let grant) = profile.credential else {
            throw TokenError(.requestRefused, "the settings no longer contain a client")
        }
        guard let next = profile.nextSecret, let client = grant.client, next != client.secret else {
            return try await request(grant, draw)
        }
        var other = grant
        other.client = (client.id, next)
        let isPromoted = promoted == next
        let (first, second) = isPromoted ? (other, grant) : (grant, other)
        do throws(TokenError) { return try await request(first, draw) } catch {
            // Some servers return `unauthorized_client` for a wrong secret. For an unknown client, another secret does not help.
            let isAboutSecret = ["invalid_client", "unauthorized_client"].contains(error.oauthError)
            guard isAboutSecret, error.oauthDescription != "client not found" else { throw error }
            let token: Token
            do throws(TokenError) { token = try await request(second, draw) } catch let other {
                // A temporary failure does not mean that the client was rejected.
                throw other.isRefusal ? error : other
            }
            state.withLock { $0.promoted = isPromoted ? nil : next }
            let (refused, used) = isPromoted ? ("_NEXT", "") : ("", "_NEXT")
            Logger.current.warning(
                "secret.promoted",
                "\(profile.secretVariable)\(refused) was rejected; using \(profile.secretVariable)\(used) from now on"
                    + (isPromoted ? "" : "; replace the old secret in the settings"))
            return token
        }
    }

    private func request(_ grant: Grant, _ draw: Double) async throws(TokenError) -> Token {
        try await OAuthClient(grant, transport: transport, time: time, settings: settings, discovery: discovery)
            .requestToken(draw: draw)
    }

    /// Returns the profile of the current settings. If they cannot be read, the previous profile remains in use.
    private func current() -> (Profile, promoted: Secret?) {
        let now = time.now().uptime
        let known = state.withLock { ($0.profile, $0.promoted, $0.loaded) }
        guard let reload = known.0.reload, now - known.2 > Self.freshness else { return (known.0, known.1) }
        // Warnings about the settings were logged when they were read first.
        let silent = Logger(level: .warning) { _, _, _ in }
        let result = Logger.$current.withValue(silent) { () -> Result<Profile, ConfigurationError> in
            do throws(ConfigurationError) { return .success(try reload()) } catch { return .failure(error) }
        }
        switch result {
        case .success(let fresh):
            state.withLock { ($0.profile, $0.loaded) = (fresh, now) }
            return (fresh, known.1)
        case .failure(let error):
            Logger.current.warning("secret.unreadable", "\(error.message); using the previous secret")
            return (known.0, known.1)
        }
    }
}
