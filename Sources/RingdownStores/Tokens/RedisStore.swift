package import RingdownCore
package import RingdownOAuth

/// A token store in Redis, shared by all machines that have the encryption key. Records are encrypted as in ``FileStore``.
///
/// Each token has one Redis key with a time to live. The lock is a lease that its holder renews and that expires if the holder
/// exits. Every failure is a cache miss.
package final class RedisStore: TokenStore {
    private let redis: RedisClient
    private let cipher: StoreCipher
    private let account: String
    private let reader: SealedRecordReader
    /// The owner of the tasks that renew leases.
    private let tasks = TaskOwner()
    /// Whether a failure was logged, and the system uptime until which no command is sent: callers wait only once for the timeout
    /// of an unresponsive server.
    private let state = Locked((hasWarned: false, silentUntil: Duration.zero))
    private static let silence: Duration = .seconds(30)
    private static let lease = 10_000
    /// The maximum wait for the lock, equal to the time limit of a token request. Afterwards the caller continues without it.
    private static let lockPatience: Duration = .seconds(30)
    private static let release =
        "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end"
    private static let renewal =
        "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('pexpire',KEYS[1],ARGV[2]) else return 0 end"

    /// Creates a store, or returns nil if `keys` contains no key.
    ///
    /// - Parameters:
    ///   - redis: The client for the Redis server.
    ///   - account: The name of the account that owns the tokens, for listings of the store.
    ///   - keys: The value of `RINGDOWN_CACHE_KEY`: keys of any length, separated by commas.
    package init?(_ redis: RedisClient, account: String = "", keys: Secret) {
        guard let cipher = try? StoreCipher(texts: keys) else { return nil }
        (self.redis, self.cipher, self.account) = (redis, cipher, account)
        reader = SealedRecordReader(place: "Redis")
    }

    private init(_ other: RedisStore, account: String) {
        (redis, cipher, reader, self.account) = (other.redis, other.cipher, other.reader, account)
    }

    package func named(_ kind: String) -> any TokenStore { RedisStore(self, account: "\(account) (\(kind))") }

    private func name(_ key: CacheKey, _ kind: String = "token") -> String {
        "ringdown:\(kind):\(cipher.names(of: key)[0])"
    }

    package func load(_ key: CacheKey, at now: Instant) async -> StoredState? {
        for name in cipher.names(of: key) {
            guard case .bytes(let sealed?)? = await ask("GET", "ringdown:token:\(name)") else { continue }
            return reader.state(in: sealed, for: key, cipher, at: now)
        }
        return nil
    }

    package func save(_ state: StoredState, for key: CacheKey) async {
        if state == StoredState() { return await remove(key) }
        var record = TokenRecord.encode(state, account: account)
        defer { wipe(&record) }
        // The record expires with the token or the backoff state, whichever is later.
        let now = Timestamp.now()
        let ends = [state.token?.expiry, state.backoff?.until, state.backoff?.retryAt].compactMap { $0 }
        let left = (ends.max() ?? now) - now
        let milliseconds = Int(min(max(left.inSeconds, 60), 1e9) * 1000)
        let words = ["SET", name(key)].map { Array($0.utf8) } + [cipher.seal(record, for: key)]
        _ = await ask(words + ["PX", "\(milliseconds)"].map { Array($0.utf8) })
    }

    package func remove(_ key: CacheKey) async {
        for name in cipher.names(of: key) { _ = await ask("DEL", "ringdown:token:\(name)") }
    }

    package func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome {
        let (name, owner) = (name(key, "lock"), hexadecimal(Sodium.randomBytes(20)))
        let end = time.now().uptime + Self.lockPatience
        var pause = 20.0
        while true {
            switch await ask("SET", name, owner, "NX", "PX", "\(Self.lease)") {
            case .text?: return .locked(held(name, owner, time))
            case .bytes(nil)?: break
            default: return .unavailable
            }
            if !isWaiting { return .taken }
            guard time.now().uptime < end,
                (try? await time.sleep(for: .milliseconds(.random(in: pause..<(2 * pause))))) != nil
            else { return .unavailable }
            pause = min(pause * 1.3, 100)
        }
    }

    /// Renews the lease after each third of its duration until it is released.
    private func held(_ name: String, _ owner: String, _ time: any TimeSource) -> StoreLock {
        let renewing = tasks.start { [self] in
            while (try? await time.sleep(for: .milliseconds(Self.lease / 3))) != nil {
                _ = await ask("EVAL", Self.renewal, "1", name, owner, "\(Self.lease)")
            }
        }
        return StoreLock {
            renewing.cancel()
            // Release it now: the process may exit next, and other processes would wait until the lease expires.
            _ = await self.ask("EVAL", Self.release, "1", name, owner)
        }
    }

    package func note(_ record: TokenRequestRecord) async {}

    package func pause(_ key: CacheKey) async -> Timestamp? {
        guard case .bytes(let sealed?)? = await ask("GET", name(key, "pause")) else { return nil }
        return reader.pause(in: sealed, for: key, cipher)
    }

    package func pause(_ key: CacheKey, until end: Timestamp) async {
        let left = (end - Timestamp.now()).inSeconds
        guard left > 0 else { return }
        let sealed = cipher.seal(PauseRecord.encode(end), for: PauseRecord.key(key))
        let words = ["SET", name(key, "pause")].map { Array($0.utf8) } + [sealed]
        _ = await ask(words + ["PX", "\(Int(min(left, 1e6) * 1000) + 1)"].map { Array($0.utf8) })
    }

    private func ask(_ words: String...) async -> RedisReply? { await ask(words.map { Array($0.utf8) }) }

    private func ask(_ words: [[UInt8]]) async -> RedisReply? {
        let now = SystemTime().now().uptime
        if state.withLock({ $0.silentUntil > now }) { return nil }
        do throws(RedisClient.Failure) { return try await redis.send(words) } catch {
            let isFirst = state.withLock { state in
                if !error.isRefusal { state.silentUntil = SystemTime().now().uptime + Self.silence }
                defer { state.hasWarned = true }
                return !state.hasWarned
            }
            if isFirst { Logger.current.warning("cache.unusable", "the token is not shared: \(error)") }
            return nil
        }
    }
}
