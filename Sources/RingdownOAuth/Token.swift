public import RingdownCore

/// An access token. Copies share immutable storage.
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

    /// The access token.
    public var value: Secret { content.value }
    /// The value of the `Authorization` header: `Bearer`, a space, and the token.
    public var authorization: Secret { content.authorization }
    /// The granted scopes, separated by spaces; nil if the response contains none, which means the requested scopes.
    public var scope: String? { content.scope }
    /// The lifetime of the token, from ``requested``.
    public var lifetime: Duration { content.lifetime }
    /// The time at which the token request was *sent*. The lifetime cannot have started earlier.
    public var requested: Instant { content.requested }
    /// The random advance of the refresh of this token, which spreads the requests of many processes.
    public var refreshJitter: Duration { content.refreshJitter }
    /// Whether the response contained the lifetime. If false, ``lifetime`` is an assumption.
    public var isLifetimeKnown: Bool { content.isLifetimeKnown }
    /// Whether the token may be cached. False for a token that is already expired when it is granted: it is used for one attempt.
    public var isCacheable: Bool { content.isCacheable }

    /// Creates a token from the values of a token response.
    public init(
        value: Secret, scope: String? = nil, lifetime: Duration, requested: Instant, refreshJitter: Duration = .zero,
        isLifetimeKnown: Bool = true, isCacheable: Bool = true
    ) {
        let authorization = Secret(joining: [Self.scheme, value])
        content = Content(
            value, authorization, scope, lifetime, requested, refreshJitter, isLifetimeKnown, isCacheable)
    }

    /// Returns a copy of the token with a request time of this process's clocks, for tokens from a store.
    package func requested(at instant: Instant) -> Token {
        Token(
            content: Content(
                value, authorization, scope, lifetime, instant, refreshJitter, isLifetimeKnown, isCacheable))
    }

    private init(content: Content) {
        self.content = content
    }

    /// Returns whether two tokens have the same value and properties.
    public static func == (left: Token, right: Token) -> Bool {
        left.value == right.value && left.scope == right.scope && left.lifetime == right.lifetime
            && left.requested == right.requested && left.refreshJitter == right.refreshJitter
            && left.isLifetimeKnown == right.isLifetimeKnown && left.isCacheable == right.isCacheable
    }

    /// Returns whether a value can be sent in a header: it is not empty and consists of visible ASCII characters.
    public static func isSendable(_ value: Secret) -> Bool {
        !value.isEmpty && !value.contains { $0 <= 0x20 || $0 >= 0x7F }
    }

    /// Returns the remaining lifetime of the token by the wall clock or the uptime, whichever is shorter. Negative after expiry.
    public func remaining(at now: Instant) -> Duration {
        min(requested.uptime + lifetime - now.uptime, requested.wall + lifetime - now.wall)
    }

    /// Returns the time since the token was requested, by the uptime.
    public func age(at now: Instant) -> Duration {
        now.uptime - requested.uptime
    }

    /// The wall-clock time at which the token expires.
    public var expiry: Timestamp { requested.wall + lifetime }
}

extension Token: CustomStringConvertible, CustomReflectable {
    /// The expiry and the scope, without the token: `token until 2026-11-21T09:00:00.000Z`.
    public var description: String {
        let end = isLifetimeKnown ? "until \(expiry.rfc3339)" : "with an unknown lifetime"
        return "token \(end)" + (scope.map { ", scope \(sanitized($0, limit: 200))" } ?? "")
    }

    /// A mirror without children, so that a dump contains no token.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
