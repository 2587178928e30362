/// How calls are repeated and held back. Each number is a setting; the defaults are what the platforms' own tools do
/// (`genesys-cloud.md` section 3, `cxone.md` section 4).
public struct CallSettings: Sendable {
    /// How often a call is sent at the most. A new token after a 401 comes on top.
    public var attempts = 5
    /// A longer wait is not waited for: daily limits ask for hours.
    public var waitLimit: Duration = .seconds(180)
    /// Waits where the server names none, each lengthened by up to a half at random.
    public var backoff: [Duration] = [.seconds(3), .seconds(9), .seconds(27)]
    /// Whether calls wait before the platform's own limit is reached, as far as it tells how near that is.
    public var isGated = true
    /// A window of the platform's limit is held to last this much longer than it says: it counts in whole seconds.
    public var windowSlack: Duration = .seconds(1)
    /// So many failures in a row open the circuit; for so long no call is sent, then one.
    public var failuresToOpen = 5
    public var openFor: Duration = .seconds(30)

    public init() {}
}
