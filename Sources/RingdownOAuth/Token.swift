public import RingdownCore

/// An access token as a server granted it. It is a reference to what never changes, so that handing it out costs little.
public struct Token: Sendable, Equatable {
    private final class Content: Sendable {
        let value: Secret
        let authorization: Secret
        let scope: String?
        let lifetime: Duration
        let requested: Instant
        let refreshJitter: Duration
        let isLifetimeKnown: Bool
        let isCacheable: Bool

        init(
            _ value: Secret, _ authorization: Secret, _ scope: String?, _ lifetime: Duration, _ requested: Instant,
            _ refreshJitter: Duration, _ isLifetimeKnown: Bool, _ isCacheable: Bool
        ) {
            (self.value, self.authorization, self.scope) = (value, authorization, scope)
            (self.lifetime, self.requested, self.refreshJitter) = (lifetime, requested, refreshJitter)
            (self.isLifetimeKnown, self.isCacheable) = (isLifetimeKnown, isCacheable)
        }
    }

    private let content: Content
    private static let scheme = Secret("Bearer ")

    /// The token itself.
    public var value: Secret { content.value }
    /// What goes into the `Authorization` field: `Bearer`, a space, the token.
    public var authorization: Secret { content.authorization }
    /// The scopes that the server says it granted; nil where it says nothing, which means: as requested.
    public var scope: String? { content.scope }
    /// How long the token lives, counted from ``requested``.
    public var lifetime: Duration { content.lifetime }
    /// When the token request was *sent*: the server's own count cannot have begun earlier.
    public var requested: Instant { content.requested }
    /// By how much this token is refreshed earlier than it must be; drawn once, so that a fleet spreads out.
    public var refreshJitter: Duration { content.refreshJitter }
    /// False where the server did not say, and ``lifetime`` is an assumption.
    public var isLifetimeKnown: Bool { content.isLifetimeKnown }
    /// False for a token that the server says is over already: good for one attempt, never kept.
    public var isCacheable: Bool { content.isCacheable }

    public init(
        value: Secret, scope: String? = nil, lifetime: Duration, requested: Instant, refreshJitter: Duration = .zero,
        isLifetimeKnown: Bool = true, isCacheable: Bool = true
    ) {
        let authorization = Secret(joining: [Self.scheme, value])
        content = Content(
            value, authorization, scope, lifetime, requested, refreshJitter, isLifetimeKnown, isCacheable)
    }

    /// The same token as a reader of a store sees it, who has clocks of its own.
    package func requested(at instant: Instant) -> Token {
        Token(
            content: Content(
                value, authorization, scope, lifetime, instant, refreshJitter, isLifetimeKnown, isCacheable))
    }

    private init(content: Content) {
        self.content = content
    }

    public static func == (left: Token, right: Token) -> Bool {
        left.value == right.value && left.scope == right.scope && left.lifetime == right.lifetime
            && left.requested == right.requested && left.refreshJitter == right.refreshJitter
            && left.isLifetimeKnown == right.isLifetimeKnown && left.isCacheable == right.isCacheable
    }

    /// Whether a header can carry these bytes as a token: visible ASCII and nothing else.
    public static func isSendable(_ value: Secret) -> Bool {
        !value.isEmpty && !value.contains { $0 <= 0x20 || $0 >= 0x7F }
    }

    /// What is left of the token's life, by the clock that says less. Negative once it is over.
    public func remaining(at now: Instant) -> Duration {
        min(requested.uptime + lifetime - now.uptime, requested.wall + lifetime - now.wall)
    }

    /// How long ago the token was requested, by the clock that never jumps.
    public func age(at now: Instant) -> Duration {
        now.uptime - requested.uptime
    }

    /// When the token ends by the wall clock.
    public var expiry: Timestamp { requested.wall + lifetime }
}
