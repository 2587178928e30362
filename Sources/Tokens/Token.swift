public import Foundations

/// An access token as a server granted it.
public struct Token: Sendable, Equatable {
    /// The token itself.
    public let value: Secret
    /// What goes into the `Authorization` field: `Bearer`, a space, the token.
    public let authorization: Secret
    /// The scopes that the server says it granted; nil where it says nothing, which means: as requested.
    public let scope: String?
    /// How long the token lives, counted from ``requested``.
    public let lifetime: Duration
    /// When the token request was *sent*: the server's own count cannot have begun earlier.
    public let requested: Moment
    /// By how much this token is refreshed earlier than it must be; drawn once, so that a fleet spreads out.
    public let refreshJitter: Duration
    /// False where the server did not say, and ``lifetime`` is an assumption.
    public let isLifetimeKnown: Bool
    /// False for a token that the server says is over already: good for one attempt, never kept.
    public let isCacheable: Bool

    private static let scheme = Secret("Bearer ")

    public init(
        value: Secret, scope: String? = nil, lifetime: Duration, requested: Moment, refreshJitter: Duration = .zero,
        isLifetimeKnown: Bool = true, isCacheable: Bool = true
    ) {
        self.value = value
        authorization = Secret(joining: [Self.scheme, value])
        self.scope = scope
        self.lifetime = lifetime
        self.requested = requested
        self.refreshJitter = refreshJitter
        self.isLifetimeKnown = isLifetimeKnown
        self.isCacheable = isCacheable
    }

    /// The same token as a reader of a store sees it, who has clocks of its own.
    package func requested(at moment: Moment) -> Token {
        Token(copying: self, requested: moment)
    }

    private init(copying token: Token, requested: Moment) {
        (value, authorization, scope) = (token.value, token.authorization, token.scope)
        (lifetime, refreshJitter, self.requested) = (token.lifetime, token.refreshJitter, requested)
        (isLifetimeKnown, isCacheable) = (token.isLifetimeKnown, token.isCacheable)
    }

    /// Whether a header can carry these bytes as a token: visible ASCII and nothing else.
    public static func isSendable(_ value: Secret) -> Bool {
        !value.isEmpty && !value.contains { $0 <= 0x20 || $0 >= 0x7F }
    }

    /// What is left of the token's life, by the clock that says less. Negative once it is over.
    public func remaining(at now: Moment) -> Duration {
        min(requested.uptime + lifetime - now.uptime, requested.wall + lifetime - now.wall)
    }

    /// How long ago the token was requested, by the clock that never jumps.
    public func age(at now: Moment) -> Duration {
        now.uptime - requested.uptime
    }

    /// When the token ends by the wall clock.
    public var expiry: Timestamp { requested.wall + lifetime }
}
