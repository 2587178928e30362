internal import Foundations

/// Every request that the simulated platforms were sent, with the verdict; the newest ten thousand are kept.
struct Journal: Sendable {
    struct Entry: Sendable {
        var time: Timestamp
        /// The real host that was meant.
        var host: String
        var method: String
        var path: String
        var query: String?
        var status: Int
        /// The client that the credentials or the token belong to, where they belong to one.
        var client: String?
        /// Why it was answered so: `token granted`, `valid token`, `expired token` …
        var reason: String
        /// How many faults had a hand in it.
        var faults = 0
        /// What the program most likely meant.
        var hint: String?

        var json: JSON {
            [
                "time": .string(time.rfc3339), "host": .string(host), "method": .string(method), "path": .string(path),
                "query": .optional(query), "status": .int(status), "client": .optional(client),
                "reason": .string(reason),
                "faults": .int(faults), "hint": .optional(hint),
            ]
        }
    }

    private static let limit = 10_000
    private(set) var entries: [Entry] = []
    private var forgotten = 0

    /// How many requests there were, the forgotten ones included.
    var total: Int { forgotten + entries.count }

    mutating func add(_ entry: Entry) {
        if entries.count >= Self.limit * 2 {
            entries.removeFirst(Self.limit)
            forgotten += Self.limit
        }
        entries.append(entry)
    }

    /// The requests behind the first `count`.
    func entries(since count: Int) -> ArraySlice<Entry> {
        entries.dropFirst(max(0, count - forgotten))
    }

    var json: JSON { .array(entries.suffix(Self.limit).map(\.json)) }
}

/// What happened, in numbers.
public struct Story: Sendable {
    /// Token requests that were granted.
    public let tokenRequests: Int
    /// API calls.
    public let calls: Int
    /// API calls that were refused with 401.
    public let refused: Int
}

extension Simulator {
    /// How many requests the journal holds.
    public var requestCount: Int { world.withLock { $0.journal.total } }

    /// The story of the requests behind the first `count`.
    public func story(since count: Int) -> Story {
        let entries = world.withLock { $0.journal.entries(since: count) }
        let tokens = entries.filter { $0.reason == "token granted" }.count
        let calls = entries.filter { $0.host.hasPrefix("api") }
        return Story(tokenRequests: tokens, calls: calls.count, refused: calls.filter { $0.status == 401 }.count)
    }
}
