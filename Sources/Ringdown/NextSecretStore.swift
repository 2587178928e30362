internal import RingdownCore
internal import RingdownOAuth

/// A store for an account with a next secret. Tokens have the same records as without it. Failures have their own, because a
/// refusal of the current secret does not apply to the next one.
struct NextSecretStore: TokenStore {
    let store: any TokenStore
    let secret: Secret

    /// The key of failures.
    private func failures(_ key: CacheKey) -> CacheKey {
        CacheKey(fields: [key.bytes, Array("next".utf8), secret.withBytes { Sodium.sha256(Array($0)) }])
    }

    func load(_ key: CacheKey, at now: Instant) async -> StoredState? {
        let token = await store.load(key, at: now)?.token
        let backoff = await store.load(failures(key), at: now)?.backoff
        return token == nil && backoff == nil ? nil : StoredState(token: token, backoff: backoff)
    }
    func save(_ state: StoredState, for key: CacheKey) async {
        await store.save(StoredState(token: state.token), for: key)
        await store.save(StoredState(backoff: state.backoff), for: failures(key))
    }
    func remove(_ key: CacheKey) async {
        await store.remove(key)
        await store.remove(failures(key))
    }
    func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome {
        await store.lock(key, time: time, isWaiting: isWaiting)
    }
    func note(_ record: TokenRequestRecord) async { await store.note(record) }
    func named(_ kind: String) -> any TokenStore { NextSecretStore(store: store.named(kind), secret: secret) }
    func pause(_ key: CacheKey) async -> Timestamp? { await store.pause(key) }
    func pause(_ key: CacheKey, until end: Timestamp) async { await store.pause(key, until: end) }
}
