/// The `Retry-After` field (RFC 9110 section 10.2.3): seconds, or a date in any of HTTP's three forms.
public enum RetryAfter {
    /// How long the server asks to wait; nil where it does not say so legibly. A date counts from the response's own
    /// `Date`, since the clocks of the two machines may differ. Never negative.
    public static func read(from headers: Headers, now: Timestamp) -> Duration? {
        guard let text = headers["Retry-After"]?.trimmed else { return nil }
        if let seconds = Double(text), seconds.isFinite { return .seconds(min(max(0, seconds), 1e9)) }
        guard let date = Timestamp(httpDate: text) else { return nil }
        let reference = headers["Date"].flatMap { Timestamp(httpDate: $0) } ?? now
        return max(.zero, date - reference)
    }
}
