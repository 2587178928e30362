public import RingdownCore

/// A request that the simulated platforms were sent, with the verdict.
public struct RequestRecord: Sendable {
    /// How a token request carried the client's id and secret.
    public enum CredentialsForm: String, Sendable {
        /// In a Basic header, form-encoded first (RFC 6749 section 2.3.1).
        case encoded
        /// In a Basic header, as they are; the two differ only where a secret has special characters.
        case raw
        case body
    }

    public let time: Timestamp
    /// The real host that was meant.
    public let host: String
    public let method: String
    public let path: String
    public var query: String?
    public let status: Int
    /// The client that the credentials or the token belong to, where they belong to one.
    public var client: String?
    /// Which token was granted, or came, counted from the start; nil where none did that was ever given out.
    public var token: Int?
    /// How the client's right credentials came, where they came.
    public var credentials: CredentialsForm?
    /// Why it was answered so: `token granted`, `valid token`, `expired token` …
    public let reason: String
    /// How many faults had a hand in it, and what they did: `cut=before`.
    public var faults = 0
    public var effects: [String] = []
    /// What the program most likely meant.
    public var hint: String?

    var json: JSON {
        [
            "time": .string(time.rfc3339), "host": .string(host), "method": .string(method), "path": .string(path),
            "query": .optional(query), "status": .int(status), "client": .optional(client),
            "token": token.map { .int($0) } ?? .null,
            "credentials": .optional(credentials?.rawValue), "reason": .string(reason), "faults": .int(faults),
            "effects": .array(effects.map { .string($0) }),
            "hint": .optional(hint),
        ]
    }
}

/// Every request; the newest ten thousand are kept.
struct Journal: Sendable {
    private static let limit = 10_000
    private(set) var entries: [RequestRecord] = []
    private var forgotten = 0

    /// How many requests there were, the forgotten ones included.
    var total: Int { forgotten + entries.count }

    mutating func add(_ entry: RequestRecord) {
        if entries.count >= Self.limit * 2 {
            entries.removeFirst(Self.limit)
            forgotten += Self.limit
        }
        entries.append(entry)
    }

    /// The requests behind the first `count`.
    func entries(since count: Int) -> ArraySlice<RequestRecord> {
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

    /// The requests behind the first `count`, as far as they are kept.
    public func requests(since count: Int) -> [RequestRecord] {
        world.withLock { Array($0.journal.entries(since: count)) }
    }

    /// The story of the requests behind the first `count`.
    public func story(since count: Int) -> Story {
        let entries = requests(since: count)
        let tokens = entries.filter { $0.reason == "token granted" }.count
        let calls = entries.filter { $0.host.hasPrefix("api") }
        return Story(tokenRequests: tokens, calls: calls.count, refused: calls.filter { $0.status == 401 }.count)
    }
}
