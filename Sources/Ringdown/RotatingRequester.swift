internal import RingdownCore
internal import RingdownOAuth

/// Requests tokens with the secret of the moment: what files and commands say is read again each time, and where the client
/// is refused, the secret that is to take the place of its own is tried once.
final class RotatingRequester: TokenRequester {
    private struct State {
        var profile: Profile
        var loaded: Duration
        /// The next secret that worked where the other was refused.
        var promoted: Secret?
    }

    private let transport: any Transport
    private let time: any TimeSource
    private let settings: LifecycleSettings
    private let discovery: Discovery
    private let state: Locked<State>
    /// What was read so recently is not read again: a command may ask a person.
    private static let freshness: Duration = .seconds(5)

    init(_ profile: Profile, transport: any Transport, time: any TimeSource, settings: LifecycleSettings) {
        (self.transport, self.time, self.settings) = (transport, time, settings)
        discovery = Discovery(transport)
        state = Locked(State(profile: profile, loaded: time.now().uptime))
    }

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        let (profile, promoted) = current()
        guard case .grant(let grant) = profile.credential else {
            throw TokenError(.requestRefused, "the settings name no client any more")
        }
        guard let next = profile.nextSecret, let client = grant.client, next != client.secret else {
            return try await request(grant, draw)
        }
        var other = grant
        other.client = (client.id, next)
        let isPromoted = promoted == next
        let (first, second) = isPromoted ? (other, grant) : (grant, other)
        do throws(TokenError) { return try await request(first, draw) } catch {
            // Some servers call a wrong secret `unauthorized_client`; another secret makes no client known.
            let isAboutSecret = ["invalid_client", "unauthorized_client"].contains(error.oauthError)
            guard isAboutSecret, error.oauthDescription != "client not found" else { throw error }
            let token: Token
            do throws(TokenError) { token = try await request(second, draw) } catch let other {
                // A failure that passes is no refusal of the client.
                throw other.isRefusal ? error : other
            }
            state.withLock { $0.promoted = isPromoted ? nil : next }
            let (refused, used) = isPromoted ? ("_NEXT", "") : ("", "_NEXT")
            Logger.current.warning(
                "secret.promoted",
                "\(profile.secretVariable)\(refused) is refused, \(profile.secretVariable)\(used) works and is used from now on"
                    + (isPromoted ? "" : "; 'ringdown rotate' puts it in the other's place"))
            return token
        }
    }

    private func request(_ grant: Grant, _ draw: Double) async throws(TokenError) -> Token {
        try await OAuthClient(grant, transport: transport, time: time, settings: settings, discovery: discovery)
            .requestToken(draw: draw)
    }

    /// The profile as the settings are now. What cannot be read any more stays as it was.
    private func current() -> (Profile, promoted: Secret?) {
        let now = time.now().uptime
        let known = state.withLock { ($0.profile, $0.promoted, $0.loaded) }
        guard let reload = known.0.reload, now - known.2 > Self.freshness else { return (known.0, known.1) }
        // What there was to say of the settings was said when they were read first.
        let silent = Logger(level: .warning) { _, _, _ in }
        let result = Logger.$current.withValue(silent) { () -> Result<Profile, ConfigurationError> in
            do throws(ConfigurationError) { return .success(try reload()) } catch { return .failure(error) }
        }
        switch result {
        case .success(let fresh):
            state.withLock { ($0.profile, $0.loaded) = (fresh, now) }
            return (fresh, known.1)
        case .failure(let error):
            Logger.current.warning("secret.unreadable", "\(error.message); the former secret is used")
            return (known.0, known.1)
        }
    }
}
