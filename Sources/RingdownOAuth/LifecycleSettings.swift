/// The settings of the token lifecycle. `L` is the granted lifetime of a token.
///
/// The windows follow the credential refresh behaviour of the AWS SDKs. The backoff follows OpenTelemetry Arrow.
public struct LifecycleSettings: Sendable {
    /// The time before expiry at which a refresh starts while callers receive the cached token (default: 5 min for L ≤ 20 min,
    /// 15 min for L < 90 min, otherwise 60 min; at most L/2).
    public var advisoryWindow: @Sendable (_ lifetime: Duration) -> Duration = { lifetime in
        if lifetime <= .seconds(20 * 60) { return .seconds(5 * 60) }
        return lifetime < .seconds(90 * 60) ? .seconds(15 * 60) : .seconds(60 * 60)
    }
    /// The time for which a caller waits for a refresh in the advisory window before it receives the cached token.
    ///
    /// Nil (the default) refreshes in the background. A process that exits immediately has no background, so its caller waits.
    public var advisoryPatience: Duration?
    /// The time before expiry from which callers wait for the refresh (default: 60 s; at most L/4).
    public var mandatoryWindow: Duration = .seconds(60)
    /// The minimum remaining lifetime of a token that is returned (default: 10 s; at most L/4).
    public var usableMargin: Duration = .seconds(10)
    /// The maximum random advance of a refresh (default: 600 s; at most half of the advisory window).
    public var refreshJitterLimit: Duration = .seconds(600)
    /// The first wait after a failed refresh (default: 10 s). Each further failure doubles it, up to ``refreshBackoffLimit``. Half
    /// of the wait is random.
    public var refreshBackoff: Duration = .seconds(10)
    /// The maximum wait after a failed refresh (default: 300 s).
    public var refreshBackoffLimit: Duration = .seconds(300)
    /// The time for which rejected credentials are not tried again (default: 30 s).
    public var refusalMemory: Duration = .seconds(30)
    /// The time for which a temporary failure is returned while no token is cached: uniform in this range (default: 1 s to 5 s).
    public var failureMemory: ClosedRange<Duration> = .seconds(1) ... .seconds(5)
    /// The maximum wait that a server can request (default: 3600 s).
    public var retryAfterLimit: Duration = .seconds(3600)
    /// The minimum time between two replacements of rejected tokens (default: 5 s; at most L/4).
    public var rejectionInterval: Duration = .seconds(5)
    /// The age below which a rejected token is not replaced, because it is not stale (default: 2 s; at most L/4).
    public var freshAge: Duration = .seconds(2)
    /// The time by which the validity of the cached token may be shorter than a requested minimum just below the lifetime, because
    /// a new token would hardly be valid for longer (default: 120 s; at most L/4).
    public var minimumValidityTolerance: Duration = .seconds(120)
    /// When failed token requests are sent again while callers wait (default: never). An `APIClient` uses its call settings.
    package var retries = TokenRetryPolicy()
    /// The accepted range of token lifetimes (default: 1 s to 30 days). Other lifetimes are clamped.
    public var lifetimeRange: ClosedRange<Duration> = .seconds(1) ... .seconds(30 * 86400)

    /// Creates the default settings.
    public init() {}

    func advisory(_ token: Token) -> Duration {
        min(advisoryWindow(token.lifetime), token.lifetime / 2) + token.refreshJitter
    }
    /// The mandatory window of a token.
    package func mandatory(_ token: Token) -> Duration { min(mandatoryWindow, token.lifetime / 4) }
    /// The usable margin of a token.
    package func margin(_ token: Token) -> Duration { min(usableMargin, token.lifetime / 4) }
    /// The remaining lifetime that a token must have for a requested minimum validity.
    func required(_ minimumValidity: Duration, of token: Token) -> Duration {
        guard minimumValidity < token.lifetime else { return minimumValidity }
        return min(minimumValidity, token.lifetime - min(minimumValidityTolerance, token.lifetime / 4))
    }
    func rejectionInterval(_ token: Token) -> Duration { min(rejectionInterval, token.lifetime / 4) }
    func freshAge(_ token: Token) -> Duration { min(freshAge, token.lifetime / 4) }

    /// Returns the refresh jitter of a new token.
    ///
    /// - Parameters:
    ///   - lifetime: The lifetime of the token.
    ///   - draw: A random number, uniform in 0..<1.
    package func refreshJitter(lifetime: Duration, draw: Double) -> Duration {
        min(min(advisoryWindow(lifetime), lifetime / 2) / 2, refreshJitterLimit) * draw
    }

    /// Returns the wait after a number of consecutive failures: at most half of the remaining lifetime of the cached token.
    func backoff(failures: Int, remaining: Duration, draw: Double) -> Duration {
        let full = min(refreshBackoff * (1 << min(failures - 1, 16)), refreshBackoffLimit)
        return min(full / 2 + full / 2 * draw, max(.zero, remaining / 2))
    }
}
