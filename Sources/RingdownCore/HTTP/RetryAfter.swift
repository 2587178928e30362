/// A parser for the `Retry-After` field (RFC 9110 section 10.2.3): seconds, or a date in any of the three HTTP formats.
package enum RetryAfter {
    /// Returns the delay that the server requests, or nil if the field is missing or malformed. The delay is never negative.
    ///
    /// A date is relative to the `Date` field of the response, since the clocks of the two machines can differ.
    package static func read(from headers: Headers, now: Timestamp) -> Duration? {
        guard let text = headers["Retry-After"]?.trimmed else { return nil }
        if let seconds = Double(text), seconds.isFinite { return .seconds(min(max(0, seconds), 1e9)) }
        guard let date = Timestamp(httpDate: text) else { return nil }
        let reference = headers["Date"].flatMap { Timestamp(httpDate: $0) } ?? now
        return max(.zero, date - reference)
    }
}
