package import RingdownCore

/// The refresh schedule of a token with a given lifetime, and the resulting number of token requests per day.
package struct RefreshPlan: Sendable {
    /// The earliest token age at which a background refresh starts, with the maximum jitter.
    package let firstRefresh: Duration
    /// The latest token age at which a background refresh starts, without jitter.
    package let lastRefresh: Duration
    /// The token age from which callers wait for the refresh.
    package let mandatory: Duration
    /// The token age from which the token is not returned.
    package let unusable: Duration
    /// The lifetime of the token.
    package let lifetime: Duration
    /// The number of replicas that do not share a token store.
    package let replicas: Int
    /// The maximum number of token requests per day while the platform is available.
    package let requestsADay: Int
    /// The maximum number of token requests per day during an outage while cached tokens are valid.
    package let probesADay: Int

    /// Calculates the schedule for tokens of a given lifetime, in a number of replicas.
    package init(_ settings: LifecycleSettings, lifetime: Duration, replicas: Int) {
        let advisory = min(settings.advisoryWindow(lifetime), lifetime / 2)
        lastRefresh = lifetime - advisory
        firstRefresh = lastRefresh - settings.refreshJitter(lifetime: lifetime, draw: 1)
        mandatory = lifetime - min(settings.mandatoryWindow, lifetime / 4)
        unusable = lifetime - min(settings.usableMargin, lifetime / 4)
        (self.lifetime, self.replicas) = (lifetime, replicas)
        requestsADay = replicas * Int((86400 / max(firstRefresh.inSeconds, 0.5)).rounded(.up))
        // The backoff doubles up to its limit. With the smallest random part, half of it remains.
        var (probes, waited, failures) = (1, 0.0, 1)
        while waited < 86400 {
            waited += settings.backoff(failures: failures, remaining: .seconds(86400 * 30), draw: 0).inSeconds
            (probes, failures) = (probes + 1, failures + 1)
        }
        probesADay = replicas * probes
    }

    /// The schedule as text: a name and a description for each line.
    package var lines: [(name: String, text: String)] {
        [
            ("lifetime", lifetime.spoken),
            (
                "background refresh starts",
                "at an age of \(firstRefresh.spoken) to \(lastRefresh.spoken), chosen at random for each token"
            ),
            ("callers wait for the refresh", "in the last \((lifetime - mandatory).spoken)"),
            ("token is not returned", "in the last \((lifetime - unusable).spoken)"),
            (
                "maximum token requests per day",
                "\(requestsADay) for \(replicas) without a shared store, \(requestsADay / replicas) with a shared store"
            ),
            (
                "maximum per day in an outage",
                "\(probesADay) for \(replicas) while cached tokens are valid, \(probesADay / replicas) with a shared store"
            ),
        ]
    }

    /// The schedule as JSON, with times in seconds.
    package var json: JSON {
        func seconds(_ duration: Duration) -> JSON { .number(String(duration.inSeconds)) }
        return [
            "lifetime": seconds(lifetime), "replicas": .int(replicas), "refresh_from": seconds(firstRefresh),
            "refresh_until": seconds(lastRefresh), "mandatory_from": seconds(mandatory),
            "unusable_from": seconds(unusable), "requests_a_day": .int(requestsADay), "probes_a_day": .int(probesADay),
        ]
    }
}
