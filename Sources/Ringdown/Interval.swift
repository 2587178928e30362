public import RingdownCore

/// A half-open interval of time for queries. It includes its start and excludes its end.
public struct Interval: Sendable, Equatable, CustomStringConvertible {
    /// The start of the interval.
    public let start: Timestamp
    /// The end of the interval.
    public let end: Timestamp

    /// The error for an invalid interval.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        /// The reason why the interval is invalid.
        public var description: String
    }

    /// Creates an interval.
    ///
    /// - Throws: ``Invalid`` if the end is not after the start.
    public init(from start: Timestamp, to end: Timestamp) throws(Invalid) {
        guard start < end else { throw Invalid(description: "the end is not after the start") }
        (self.start, self.end) = (start, end)
    }

    /// Parses an interval such as `2026-11-01/2026-11-08` or `2026-11-01T08:00:00Z/2026-11-01T12:00:00Z`. A date without a time
    /// means midnight UTC.
    ///
    /// - Throws: ``Invalid`` if the text is not an interval.
    public init(_ text: String) throws(Invalid) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw Invalid(description: "expected START/END, such as 2026-11-01/2026-11-08")
        }
        try self.init(from: Self.time(parts[0]), to: Self.time(parts[1]))
    }

    private static func time(_ text: String) throws(Invalid) -> Timestamp {
        if let time = Timestamp(rfc3339: text) { return time }
        throw Invalid(
            description: "'\(sanitized(text, limit: 40))' is not a time; use 2026-11-01 or 2026-11-01T08:00:00Z")
    }

    /// The interval in the format of the platforms: times in UTC with a `Z`, without offsets.
    public var description: String { "\(start.rfc3339)/\(end.rfc3339)" }

    /// The duration of the interval.
    public var duration: Duration { end - start }

    /// Returns consecutive parts of the interval, each at most `limit` long. Except for the first, they start at midnight UTC.
    func parts(noLongerThan limit: Duration) -> [Interval] {
        var (parts, from): ([Interval], Timestamp) = ([], start)
        while from < end {
            let day = Timestamp(secondsSince1970: (from.secondsSince1970 / 86400).rounded(.down) * 86400)
            let to = min(end, day + limit)
            if let part = try? Interval(from: from, to: to) { parts.append(part) }
            from = to
        }
        return parts
    }
}
