package import RingdownCore

/// How far this machine's clock is from the servers', by the `Date` of their answers.
package struct ClockComparison {
    private var samples: [(offset: Double, bound: Double)] = []

    package init() {}

    /// Takes in an answer: when it was asked for, when it was there, and its `Date`, which is cut off to whole seconds.
    package mutating func add(asked: Timestamp, answered: Timestamp, date: Timestamp) {
        let trip = (answered - asked).inSeconds
        guard trip >= 0 else { return }
        let middle = asked.secondsSince1970 + trip / 2
        samples.append((middle - (date.secondsSince1970 + 0.5), trip / 2 + 0.5))
    }

    /// By how many seconds this machine's clock is ahead (the median), and how exact that is; nil without an answer.
    package var result: (ahead: Double, bound: Double)? {
        if samples.isEmpty { return nil }
        let sorted = samples.sorted { $0.offset < $1.offset }
        let median = sorted[sorted.count / 2]
        return (median.offset, median.bound)
    }

    /// Whether the clocks differ by more than can be explained, and by more than a minute.
    package var isSkewed: Bool { result.map { abs($0.ahead) - $0.bound > 60 } ?? false }

    package var text: String {
        guard let (ahead, bound) = result else { return "no server told the time" }
        if abs(ahead) <= bound { return "agrees with the servers' (± \(Self.spoken(bound)))" }
        return
            "\(Duration.seconds(abs(ahead)).spoken) \(ahead > 0 ? "ahead of" : "behind") the servers' (± \(Self.spoken(bound)))"
    }

    private static func spoken(_ seconds: Double) -> String { "\((seconds * 10).rounded(.up) / 10) s" }
}
