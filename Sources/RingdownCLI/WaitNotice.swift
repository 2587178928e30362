internal import Ringdown
internal import RingdownCore

/// Reports waits for rate limits, outages and jobs on standard error, so that no command is silent for long.
///
/// On a terminal, each wait of more than 2 s is reported. Otherwise one line is printed for the waits that follow each other, when
/// they exceed 10 s.
final class WaitNotice: Sendable {
    private struct State {
        /// The uptimes at which the current series of waits started, and at which its last wait ends.
        var (start, end): (Duration, Duration) = (.zero, .zero)
        var isReported = false
        var lastReason = ""
    }

    /// The time between two waits of one series: a request that is not answered takes up to a minute.
    private static let gap: Duration = .seconds(60)

    private let isQuiet: Bool
    private let state = Locked<State?>(nil)

    /// Creates a notice. A quiet one reports nothing.
    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
    }

    /// Reports the wait of an event.
    func tell(_ event: CallEvent) {
        switch event {
        case .retrying(let method, let path, let wait, let reason):
            tell(wait, "\(method) \(sanitized(path.prefix { $0 != "?" }.description, limit: 80)): \(reason)")
        case .waiting(let wait, "limit"): tell(wait, "the rate limit is used up")
        case .waiting(let wait, let reason): tell(wait, reason)
        case .answered, .unanswered, .tokenRefused: break
        }
    }

    /// Reports a wait that starts now.
    func tell(_ wait: Duration, _ reason: String) {
        let context = Context.current
        let (now, isTerminal) = (context.time.now(), context.standardError.isTerminal)
        guard !isQuiet, isDue(wait, reason, now.uptime, isTerminal) else { return }
        let end = (now.wall + wait).rfc3339.dropFirst(11).prefix(8)
        notice("ringdown: waiting \(wait.spoken), until \(end) UTC: \(reason)")
    }

    private func isDue(_ wait: Duration, _ reason: String, _ now: Duration, _ isTerminal: Bool) -> Bool {
        state.withLock { state in
            var series = state ?? State(start: now, end: now)
            if now > series.end + Self.gap { series = State(start: now, end: now) }
            // The polls of a job have the same reason until its state changes.
            let isPoll = reason.hasPrefix("job ") && reason == series.lastReason
            (series.end, series.lastReason) = (now + wait, reason)
            let isDue =
                isTerminal
                ? wait > .seconds(2) && !isPoll : !series.isReported && series.end - series.start >= .seconds(10)
            if isDue { series.isReported = true }
            state = series
            return isDue
        }
    }
}
