internal import RingdownCore
internal import RingdownOAuth

/// The grant of a client whose secrets are looked up when they are first needed.
final class DeferredGrant: Sendable {
    /// A secret of the grant, and its place in the token request.
    struct Slot: Sendable {
        enum Place: Sendable { case clientSecret, parameter(String) }

        /// The name of the parameter of the configuration, for messages.
        let name: String
        let source: SecretSource
        let place: Place
        /// Whether the secret is a private key.
        var isKey = false
    }

    private static let limit: Duration = .seconds(30)
    private static let failureMemory: Duration = .seconds(1)

    private let template: Grant
    private let slots: [Slot]
    private let lookup: SharedLookup<Grant>
    private let last = Locked<Grant?>(nil)
    /// The last failure and its uptime.
    ///
    /// A store and a requester that ask in turn wait for a hanging provider only once.
    private let failure = Locked<(error: TokenError, at: Duration)?>(nil)
    private let time: any TimeSource

    /// Creates the grant.
    ///
    /// - Parameters:
    ///   - template: The grant with empty secrets.
    ///   - slots: The secrets to look up.
    ///   - time: The clock of the time limit.
    init(_ template: Grant, _ slots: [Slot], time: any TimeSource) {
        (self.template, self.slots, self.time) = (template, slots, time)
        lookup = SharedLookup(limit: Self.limit, time: time)
    }

    /// The grant with the last secrets; nil before the first lookup.
    var known: Grant? { last.withLock { $0 } }

    /// Returns the grant with its secrets.
    ///
    /// They are looked up once.
    func grant() async throws(TokenError) -> Grant {
        if let known { return known }
        let now = time.now().uptime
        if let failure = failure.withLock({ $0 }), now - failure.at < Self.failureMemory { throw failure.error }
        do throws(TokenError) { return try await lookUp() } catch {
            let failed = time.now().uptime
            if error.code != .cancelled { failure.withLock { $0 = (error, failed) } }
            throw error
        }
    }

    /// Looks the secrets up again after the server rejected them.
    ///
    /// Returns nil if they have not changed.
    func renewed(replacing used: Grant) async throws(TokenError) -> Grant? {
        if let known, known.cacheKey != used.cacheKey { return known }
        let grant = try await lookUp()
        return grant.cacheKey == used.cacheKey ? nil : grant
    }

    /// Ends the lookup in progress.
    func shutDown() { lookup.cancel() }

    private func lookUp() async throws(TokenError) -> Grant {
        let names = slots.map(\.name).joined(separator: " and ")
        do {
            let grant = try await lookup.value { [template, slots] in try await Self.filled(template, slots) }
            last.withLock { $0 = grant }
            return grant
        } catch let error as Unavailable {
            throw TokenError(.secretUnavailable, "\(error.name): \(error.reason)")
        } catch let error as SharedLookup<Grant>.TimedOut {
            throw TokenError(.secretUnavailable, "\(names): no secret within \(error.limit.spoken)")
        } catch { throw TokenError(.cancelled, "cancelled") }
    }

    private struct Unavailable: Error {
        let name: String
        let reason: String
    }

    private static func filled(_ template: Grant, _ slots: [Slot]) async throws(Unavailable) -> Grant {
        var grant = template
        for slot in slots {
            let secret: Secret
            do throws(SecretUnavailable) { secret = try await slot.source.lookUp(isKey: slot.isKey) } catch {
                throw Unavailable(name: slot.name, reason: error.reason)
            }
            fill(&grant, slot.place, secret)
        }
        return grant
    }

    /// Sets a secret of a grant.
    static func fill(_ grant: inout Grant, _ place: Slot.Place, _ secret: Secret) {
        switch place {
        case .clientSecret: grant.client?.secret = secret
        case .parameter(let name):
            for index in grant.parameters.indices where grant.parameters[index].name == name {
                grant.parameters[index].value = .secret(secret)
            }
        }
    }
}

/// Requests tokens with secrets that are looked up.
///
/// After `invalid_client` or `invalid_grant` it looks them up again, and retries once if they have changed.
struct DeferredRequester: TokenRequester {
    let grant: DeferredGrant
    let transport: any Transport
    let time: any TimeSource
    let settings: LifecycleSettings
    let discovery: Discovery

    func requestToken(draw: Double) async throws(TokenError) -> Token {
        let first = try await grant.grant()
        do throws(TokenError) { return try await request(first, draw) } catch {
            // For an unknown client, another secret does not help.
            let isAboutSecret = ["invalid_client", "unauthorized_client", "invalid_grant"].contains(error.oauthError)
            guard isAboutSecret, error.oauthDescription != "client not found",
                let second = try await grant.renewed(replacing: first)
            else { throw error }
            return try await request(second, draw)
        }
    }

    private func request(_ grant: Grant, _ draw: Double) async throws(TokenError) -> Token {
        try await OAuthClient(grant, transport: transport, time: time, settings: settings, discovery: discovery)
            .requestToken(draw: draw)
    }
}

/// A store whose key depends on a secret that is looked up: only a process that has the secret can use the stored token.
///
/// If the secret is not available, every operation is a cache miss, and the token request reports the reason.
struct DeferredKeyStore: TokenStore {
    let store: any TokenStore
    let grant: DeferredGrant
    /// Returns the key of a grant.
    let key: @Sendable (Grant) -> CacheKey

    private func resolved() async -> CacheKey? {
        guard let grant = try? await grant.grant() else { return nil }
        return key(grant)
    }

    func load(_ key: CacheKey, at now: Instant) async -> StoredState? {
        guard let key = await resolved() else { return nil }
        return await store.load(key, at: now)
    }
    func save(_ state: StoredState, for key: CacheKey) async {
        guard let key = await resolved() else { return }
        await store.save(state, for: key)
    }
    func remove(_ key: CacheKey) async {
        guard let key = await resolved() else { return }
        await store.remove(key)
    }
    func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome {
        guard let key = await resolved() else { return .unavailable }
        return await store.lock(key, time: time, isWaiting: isWaiting)
    }
    func note(_ record: TokenRequestRecord) async { await store.note(record) }
    func named(_ kind: String) -> any TokenStore {
        DeferredKeyStore(store: store.named(kind), grant: grant, key: key)
    }
    func pause(_ key: CacheKey) async -> Timestamp? {
        guard let key = await resolved() else { return nil }
        return await store.pause(key)
    }
    func pause(_ key: CacheKey, until end: Timestamp) async {
        guard let key = await resolved() else { return }
        await store.pause(key, until: end)
    }
}
