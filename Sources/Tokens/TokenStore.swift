public import Foundations

/// Where tokens are kept beyond one token source.
///
/// A store makes things faster and spares token requests; it is never needed. Whatever fails in it is reported once to
/// ``Logger/current`` and treated as a miss.
public protocol TokenStore: Sendable {
    /// The token stored under a key; nil where there is none that can be read.
    func load(_ key: CacheKey, at now: Moment) async -> Token?
    func save(_ token: Token, for key: CacheKey) async
    func remove(_ key: CacheKey) async
    /// Waits until no one else requests a token for the key. Nil where the store cannot tell: then go on without.
    func lock(_ key: CacheKey, time: any TimeSource) async -> StoreLock?
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
    public func load(_ key: CacheKey, at now: Moment) async -> Token? { nil }
    public func save(_ token: Token, for key: CacheKey) async {}
    public func remove(_ key: CacheKey) async {}
    public func lock(_ key: CacheKey, time: any TimeSource) async -> StoreLock? { nil }
}

extension TokenStore where Self == MemoryOnly {
    public static var memory: MemoryOnly { MemoryOnly() }
}
