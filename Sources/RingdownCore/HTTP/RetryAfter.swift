/// A parser for the `Retry-After` field (RFC 9110 section 10.2.3): seconds, or a date in any of the three HTTP formats.
package enum RetryAfter {
    /// Returns the delay that the server requests, or nil if the field is missing or malformed. The delay is never negative.
    ///
    /// A date is relative to the `Date` field of the response, since the clocks of the two machines can differ. Some servers send
    /// a date as a number of seconds or milliseconds since 1970. No server requests a delay of 30 years.
    package static func read(from headers: Headers, now: Timestamp) -> Duration? {
        guard let text = headers["Retry-After"]?.trimmed else { return nil }
        let number = Double(text).flatMap { $0.isFinite ? $0 : nil }
        if let number, number < Self.firstEpochTime { return .seconds(max(0, number)) }
        guard let date = number.flatMap(epochTime) ?? Timestamp(httpDate: text) else { return nil }
        let reference = headers["Date"].flatMap { Timestamp(httpDate: $0) } ?? now
        return min(max(.zero, date - reference), .seconds(Self.firstEpochTime))
    }

    /// The smallest number that is a time since 1970 (in 2001), and not a delay.
    private static let firstEpochTime = 1e9

    private static func epochTime(_ number: Double) -> Timestamp {
        Timestamp(secondsSince1970: number < firstEpochTime * 100 ? number : number / 1000)
    }
}
