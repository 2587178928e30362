public import RingdownCore

/// A stretch of time, as both platforms' queries want one: from its start up to, but without, its end.
public struct Interval: Sendable, Equatable, CustomStringConvertible {
    public let start: Timestamp
    public let end: Timestamp

    /// A text that is no interval, and what is wrong with it.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public var description: String
    }

    /// Throws ``Invalid`` where the end does not come after the start.
    public init(from start: Timestamp, to end: Timestamp) throws(Invalid) {
        guard start < end else { throw Invalid(description: "its end does not come after its start") }
        (self.start, self.end) = (start, end)
    }

    /// Reads `2026-11-01/2026-11-08` or `2026-11-01T08:00:00Z/2026-11-01T12:00:00Z`; dates alone mean midnight, UTC.
    public init(_ text: String) throws(Invalid) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw Invalid(description: "START/END was expected, such as 2026-11-01/2026-11-08")
        }
        try self.init(from: Self.time(parts[0]), to: Self.time(parts[1]))
    }

    private static func time(_ text: String) throws(Invalid) -> Timestamp {
        if let time = Timestamp(rfc3339: text) { return time }
        throw Invalid(
            description: "'\(sanitized(text, limit: 40))' is no time; write 2026-11-01 or 2026-11-01T08:00:00Z")
    }

    /// As the platforms want it: with a `Z`, never with an offset.
    public var description: String { "\(start.rfc3339)/\(end.rfc3339)" }

    public var duration: Duration { end - start }

    /// Parts that are no longer than `limit` each and, but for the first and the last, begin at midnight, UTC.
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
