/// The numbers of the token lifecycle. `L` is a token's lifetime as granted.
///
/// The windows follow the credential refresh behaviour that the AWS SDKs share; the backoff is OpenTelemetry Arrow's.
public struct LifecycleSettings: Sendable {
    /// Before expiry, how early a refresh starts while everybody is still served from the cache:
    /// 5 min for L ≤ 20 min, 15 min for L < 90 min, else 60 min; never more than L/2.
    public var advisoryWindow: @Sendable (_ lifetime: Duration) -> Duration = { lifetime in
        if lifetime <= .seconds(20 * 60) { return .seconds(5 * 60) }
        return lifetime < .seconds(90 * 60) ? .seconds(15 * 60) : .seconds(60 * 60)
    }
    /// How long a caller waits for a refresh in the advisory window; nil for not at all, while it goes on in the background.
    /// A process that ends at once has no background, so its caller waits a little, and gets the cached token then.
    public var advisoryPatience: Duration?
    /// Before expiry, when callers begin to wait for the refresh; never more than L/4.
    public var mandatoryWindow: Duration = .seconds(60)
    /// A token with less than this left is not handed out; never more than L/4.
    public var usableMargin: Duration = .seconds(10)
    /// The refresh starts earlier than it must by up to this, or by half the advisory window.
    public var refreshJitterLimit: Duration = .seconds(600)
    /// After a failed refresh: the first wait, doubled each time, up to the limit, half of it random.
    public var refreshBackoff: Duration = .seconds(10)
    public var refreshBackoffLimit: Duration = .seconds(300)
    /// How long a refusal of the credentials is remembered.
    public var refusalMemory: Duration = .seconds(30)
    /// How long a passing failure is remembered where there is no token to serve: uniform in this range.
    public var failureMemory: ClosedRange<Duration> = .seconds(1) ... .seconds(5)
    /// A wait that the server asks for is obeyed up to this.
    public var retryAfterLimit: Duration = .seconds(3600)
    /// A rejected token leads to at most one new one in this time; never more than L/4.
    public var rejectionInterval: Duration = .seconds(5)
    /// A token that is rejected at this age was not stale; never more than L/4.
    public var freshAge: Duration = .seconds(2)
    /// The bounds of what a server may grant.
    public var lifetimeRange: ClosedRange<Duration> = .seconds(1) ... .seconds(30 * 86400)

    public init() {}

    func advisory(_ token: Token) -> Duration {
        min(advisoryWindow(token.lifetime), token.lifetime / 2) + token.refreshJitter
    }
    package func mandatory(_ token: Token) -> Duration { min(mandatoryWindow, token.lifetime / 4) }
    package func margin(_ token: Token) -> Duration { min(usableMargin, token.lifetime / 4) }
    func rejectionInterval(_ token: Token) -> Duration { min(rejectionInterval, token.lifetime / 4) }
    func freshAge(_ token: Token) -> Duration { min(freshAge, token.lifetime / 4) }

    /// The jitter of a new token: `draw` is uniform in 0..<1.
    package func refreshJitter(lifetime: Duration, draw: Double) -> Duration {
        min(min(advisoryWindow(lifetime), lifetime / 2) / 2, refreshJitterLimit) * draw
    }

    /// The wait after the `failures`-th failure in a row, at most half of what the cached token has left.
    func backoff(failures: Int, remaining: Duration, draw: Double) -> Duration {
        let full = min(refreshBackoff * (1 << min(failures - 1, 16)), refreshBackoffLimit)
        return min(full / 2 + full / 2 * draw, max(.zero, remaining / 2))
    }
}
