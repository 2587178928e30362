package import RingdownCore

/// Compares this machine's clock with the servers' clocks, as the `Date` field of their responses reports them.
package struct ClockComparison {
    private var samples: [(offset: Double, bound: Double)] = []

    package init() {}

    /// Adds a response.
    ///
    /// - Parameters:
    ///   - asked: The time at which the request was sent.
    ///   - answered: The time at which the response arrived.
    ///   - date: The `Date` field of the response, which is truncated to whole seconds.
    package mutating func add(asked: Timestamp, answered: Timestamp, date: Timestamp) {
        let trip = (answered - asked).inSeconds
        guard trip >= 0 else { return }
        let middle = asked.secondsSince1970 + trip / 2
        samples.append((middle - (date.secondsSince1970 + 0.5), trip / 2 + 0.5))
    }

    /// The median number of seconds by which this machine's clock is ahead, and its error bound; nil without a response.
    package var result: (ahead: Double, bound: Double)? {
        if samples.isEmpty { return nil }
        let sorted = samples.sorted { $0.offset < $1.offset }
        let median = sorted[sorted.count / 2]
        return (median.offset, median.bound)
    }

    /// Whether the clocks differ by more than a minute, in excess of the error bound.
    package var isSkewed: Bool { result.map { abs($0.ahead) - $0.bound > 60 } ?? false }

    package var text: String {
        guard let (ahead, bound) = result else { return "no response had a Date field" }
        if abs(ahead) <= bound { return "agrees with the servers' clocks (± \(Self.spoken(bound)))" }
        let difference = Duration.seconds(abs(ahead)).spoken
        return "\(difference) \(ahead > 0 ? "ahead of" : "behind") the servers' clocks (± \(Self.spoken(bound)))"
    }

    private static func spoken(_ seconds: Double) -> String { "\((seconds * 10).rounded(.up) / 10) s" }
}
