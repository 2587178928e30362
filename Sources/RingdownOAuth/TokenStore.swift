public import RingdownCore

/// The stored state of a key: the token, and the backoff state after failed token requests.
public struct StoredState: Sendable, Equatable {
    /// The token, if any.
    public var token: Token?
    /// The backoff state; nil if the last token request succeeded.
    public var backoff: BackoffState?

    /// Creates a state.
    public init(token: Token? = nil, backoff: BackoffState? = nil) {
        self.token = token
        self.backoff = backoff
    }
}

/// Consecutive failures of token requests, and the times before which requests are not sent again.
///
/// Times are wall-clock times because other processes read them.
public struct BackoffState: Sendable, Equatable {
    /// The last error.
    public var error: TokenError
    /// The number of consecutive failures.
    public var failures: Int
    /// The time of the last failure.
    public var time: Timestamp
    /// Until this time, a usable cached token is not refreshed.
    public var retryAt: Timestamp
    /// Until this time, callers without a token receive ``error``.
    public var until: Timestamp

    /// Creates a backoff state.
    public init(error: TokenError, failures: Int, time: Timestamp, retryAt: Timestamp, until: Timestamp) {
        (self.error, self.failures, self.time, self.retryAt, self.until) = (error, failures, time, retryAt, until)
    }
}

/// A persistent store for tokens that several token sources share.
///
/// A store reduces the number of token requests, but is never required. Failures of a store are logged once to ``Logger/current``
/// and treated as a miss.
public protocol TokenStore: Sendable {
    /// Returns the stored state of a key, or nil if the store has no readable record of it.
    func load(_ key: CacheKey, at now: Instant) async -> StoredState?
    /// Stores the state of a key.
    func save(_ state: StoredState, for key: CacheKey) async
    /// Deletes the state of a key.
    func remove(_ key: CacheKey) async
    /// Acquires the lock for token requests of a key.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - time: The clock.
    ///   - isWaiting: Whether to wait for the lock if another process holds it.
    func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome
    /// Adds a record to the request log.
    func note(_ record: TokenRequestRecord) async
    /// Returns the same store for records of another kind, such as `sign-in`.
    func named(_ kind: String) -> any TokenStore
    /// Returns the time until which processes with the token of a key pause their API calls, because the platform requested a wait;
    /// nil if there is no pause.
    func pause(_ key: CacheKey) async -> Timestamp?
    /// Pauses the API calls of all processes with the token of a key.
    func pause(_ key: CacheKey, until end: Timestamp) async
}

extension TokenStore {
    /// Returns this store.
    public func named(_ kind: String) -> any TokenStore { self }
    /// Returns nil.
    public func pause(_ key: CacheKey) async -> Timestamp? { nil }
    /// Does nothing.
    public func pause(_ key: CacheKey, until end: Timestamp) async {}
}

/// The result of acquiring a lock.
public enum LockOutcome: Sendable {
    /// The lock was acquired.
    case locked(StoreLock)
    /// Another process holds the lock.
    case taken
    /// The store cannot lock. The caller continues without a lock.
    case unavailable
}

/// An acquired lock for token requests of a key.
public struct StoreLock: Sendable {
    private let onRelease: @Sendable () async -> Void

    /// Creates a lock.
    ///
    /// - Parameter onRelease: The function that releases the lock. It returns when other processes can acquire the lock.
    public init(onRelease: @escaping @Sendable () async -> Void) {
        self.onRelease = onRelease
    }

    /// Releases the lock and waits until other processes can acquire it.
    public func release() async { await onRelease() }
}

/// A store that stores nothing. Tokens are cached in the memory of the token source only.
public struct MemoryOnly: TokenStore {
    /// Creates a store.
    public init() {}
    /// Returns nil.
    public func load(_ key: CacheKey, at now: Instant) async -> StoredState? { nil }
    /// Does nothing.
    public func save(_ state: StoredState, for key: CacheKey) async {}
    /// Does nothing.
    public func remove(_ key: CacheKey) async {}
    /// Returns ``LockOutcome/unavailable``.
    public func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome { .unavailable }
    /// Does nothing.
    public func note(_ record: TokenRequestRecord) async {}
}

extension TokenStore where Self == MemoryOnly {
    /// A store that stores nothing.
    public static var memory: MemoryOnly { MemoryOnly() }
}
