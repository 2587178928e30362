public import RingdownCore

/// What a store keeps for a key: the token, and what the last token requests came to where they failed.
public struct StoredState: Sendable, Equatable {
    public var token: Token?
    public var backoff: BackoffState?

    public init(token: Token? = nil, backoff: BackoffState? = nil) {
        self.token = token
        self.backoff = backoff
    }
}

/// Failed token requests in a row, and until when they are a reason not to ask again. Times are of the wall clock, since
/// others read them.
public struct BackoffState: Sendable, Equatable {
    public var error: TokenError
    public var failures: Int
    /// When the last of them was.
    public var time: Timestamp
    /// Until then no refresh of a token that still serves is tried.
    public var retryAt: Timestamp
    /// Until then who has no token is told the error.
    public var until: Timestamp

    public init(error: TokenError, failures: Int, time: Timestamp, retryAt: Timestamp, until: Timestamp) {
        (self.error, self.failures, self.time, self.retryAt, self.until) = (error, failures, time, retryAt, until)
    }
}

/// Where tokens are kept beyond one token source.
///
/// A store makes things faster and spares token requests; it is never needed. Whatever fails in it is reported once to
/// ``Logger/current`` and treated as a miss.
public protocol TokenStore: Sendable {
    /// What is stored under a key; nil where there is nothing that can be read.
    func load(_ key: CacheKey, at now: Instant) async -> StoredState?
    func save(_ state: StoredState, for key: CacheKey) async
    func remove(_ key: CacheKey) async
    /// The right to request the token of a key; waits for it, or does not.
    func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome
    /// Keeps the story of a token request.
    func note(_ record: TokenRequestRecord) async
    /// The same store for records of another kind, for who looks into it: `sign-in`.
    func named(_ kind: String) -> any TokenStore
    /// Until when nobody who uses the token of a key should call the API: another process was told to wait.
    func pause(_ key: CacheKey) async -> Timestamp?
    func pause(_ key: CacheKey, until end: Timestamp) async
}

extension TokenStore {
    public func named(_ kind: String) -> any TokenStore { self }
    public func pause(_ key: CacheKey) async -> Timestamp? { nil }
    public func pause(_ key: CacheKey, until end: Timestamp) async {}
}

/// What came of asking for a lock.
public enum LockOutcome: Sendable {
    case locked(StoreLock)
    /// Someone else has it.
    case taken
    /// The store cannot tell: go on without.
    case unavailable
}

/// The right to request the token of a key, until it is released.
public struct StoreLock: Sendable {
    private let onRelease: @Sendable () -> Void

    public init(onRelease: @escaping @Sendable () -> Void) {
        self.onRelease = onRelease
    }

    public func release() { onRelease() }
}

/// Keeps nothing: a token source's own memory is all there is.
public struct MemoryOnly: TokenStore {
    public init() {}
    public func load(_ key: CacheKey, at now: Instant) async -> StoredState? { nil }
    public func save(_ state: StoredState, for key: CacheKey) async {}
    public func remove(_ key: CacheKey) async {}
    public func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome { .unavailable }
    public func note(_ record: TokenRequestRecord) async {}
}

extension TokenStore where Self == MemoryOnly {
    public static var memory: MemoryOnly { MemoryOnly() }
}
