internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Shows the progress of a long list: as one line that is overwritten on a terminal, or as plain lines.
struct Progress {
    enum Style: String, ChoiceParameter { case auto, plain, off }

    private let style: Style
    private let noun: String
    private let start: Duration
    private let before: Int
    private var lastTold: Duration
    private var isShown = false

    /// - Parameter written: The number of items that were written before this run.
    init(_ style: Style, _ noun: String, written: Int) {
        let context = Context.current
        let isHidden =
            context.variables["TERM"] == "dumb" || context.standardOutput.isTerminal || !TextStyle.isInForeground
        self.style = style == .auto && (!context.standardError.isTerminal || isHidden) ? .off : style
        (self.noun, before) = (noun, written)
        start = context.time.now().uptime
        lastTold = start
    }

    mutating func tell(_ count: Int, of total: Int?) {
        let now = Context.current.time.now().uptime
        guard style != .off, now - lastTold >= (style == .plain ? .seconds(10) : .milliseconds(200)) else { return }
        lastTold = now
        let rate = Double(count - before) / max(0.001, (now - start).inSeconds)
        var text =
            "\(grouped(count))\(total.map { " of \(grouped(max($0, count)))" } ?? "") \(noun), \(grouped(Int(rate))) a second"
        if let total, rate > 0, total > count {
            text += ", \(Duration.seconds((Double(total - count) / rate).rounded(.up)).spoken) left"
        }
        if style == .plain { return notice("ringdown: \(text)") }
        isShown = true
        // A line that wraps cannot be overwritten.
        let line = text.prefix(max(10, TextStyle.columns(of: STDERR_FILENO) - 1))
        try? Context.current.standardError.writeUnfiltered("\r\(line)\u{1B}[K")
    }

    /// Removes the line.
    func end() {
        if isShown { try? Context.current.standardError.writeUnfiltered("\r\u{1B}[K") }
    }

    private func grouped(_ number: Int) -> String {
        let digits = String(number)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }
}
