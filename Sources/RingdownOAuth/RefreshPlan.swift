public import RingdownCore

/// When a token of some lifetime is refreshed, and how often its platform is asked in a day.
public struct RefreshPlan: Sendable {
    /// The token's age at which the advisory window opens, for the luckiest draw of the jitter and the last.
    public let firstRefresh: Duration
    public let lastRefresh: Duration
    /// The age from which callers wait for the refresh.
    public let mandatory: Duration
    /// The age from which the token is not handed out.
    public let unusable: Duration
    public let lifetime: Duration
    public let replicas: Int
    /// Token requests in a day while the platform works, at most.
    public let requestsADay: Int
    /// Token requests in a day while it fails and cached tokens still serve, at most.
    public let probesADay: Int

    public init(_ settings: LifecycleSettings, lifetime: Duration, replicas: Int) {
        let advisory = min(settings.advisoryWindow(lifetime), lifetime / 2)
        lastRefresh = lifetime - advisory
        firstRefresh = lastRefresh - settings.refreshJitter(lifetime: lifetime, draw: 1)
        mandatory = lifetime - min(settings.mandatoryWindow, lifetime / 4)
        unusable = lifetime - min(settings.usableMargin, lifetime / 4)
        (self.lifetime, self.replicas) = (lifetime, replicas)
        requestsADay = replicas * Int((86400 / max(firstRefresh.inSeconds, 0.5)).rounded(.up))
        // The backoff doubles up to its limit; half of it is the least that the jitter leaves.
        var (probes, waited, failures) = (1, 0.0, 1)
        while waited < 86400 {
            waited += settings.backoff(failures: failures, remaining: .seconds(86400 * 30), draw: 0).inSeconds
            (probes, failures) = (probes + 1, failures + 1)
        }
        probesADay = replicas * probes
    }

    /// The plan as lines, a name and a text each.
    public var lines: [(name: String, text: String)] {
        [
            ("lifetime", lifetime.spoken),
            (
                "refresh begins, nobody waits",
                "at an age of \(firstRefresh.spoken) to \(lastRefresh.spoken), drawn once for each token"
            ),
            ("callers wait for the refresh", "in the last \((lifetime - mandatory).spoken)"),
            ("not handed out any more", "in the last \((lifetime - unusable).spoken)"),
            (
                "token requests a day, at most",
                "\(requestsADay) by \(replicas) without a shared store; \(requestsADay / replicas) with one"
            ),
            (
                "while the platform fails",
                "at most \(probesADay) by \(replicas) while tokens still serve; \(probesADay / replicas) with a shared store"
            ),
        ]
    }

    public var json: JSON {
        func seconds(_ duration: Duration) -> JSON { .number(String(duration.inSeconds)) }
        return [
            "lifetime": seconds(lifetime), "replicas": .int(replicas), "refresh_from": seconds(firstRefresh),
            "refresh_until": seconds(lastRefresh), "mandatory_from": seconds(mandatory),
            "unusable_from": seconds(unusable), "requests_a_day": .int(requestsADay), "probes_a_day": .int(probesADay),
        ]
    }
}
