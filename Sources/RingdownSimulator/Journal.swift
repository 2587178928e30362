public import RingdownCore

/// A request to the simulated platforms and its result.
public struct RequestRecord: Sendable {
    /// The location and encoding of the client credentials in a token request.
    public enum CredentialsForm: String, Sendable {
        /// A Basic header with form-encoded credentials (RFC 6749 section 2.3.1).
        case encoded
        /// A Basic header with unencoded credentials. It differs from `encoded` only if a secret contains special characters.
        case raw
        /// The request body.
        case body
    }

    public let time: Timestamp
    /// The real host name.
    public let host: String
    public let method: String
    public let path: String
    public var query: String?
    public let status: Int
    /// The ID of the client to which the credentials or the token belong, if known.
    public var client: String?
    /// The number of the issued or received token, starting at 1; nil without a known token.
    public var token: Int?
    /// The form of valid client credentials, if the request has any.
    public var credentials: CredentialsForm?
    /// The reason for the response: `token granted`, `valid token`, `expired token` …
    public let reason: String
    /// The number of applied faults.
    public var faults = 0
    /// The effects of the applied faults in command-line syntax: `cut=before`.
    public var effects: [String] = []
    /// The hint for the program's author.
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

/// The request log of a simulator. It stores at least the newest 10,000 requests.
struct Journal: Sendable {
    private static let limit = 10_000
    private(set) var entries: [RequestRecord] = []
    private var forgotten = 0

    /// The number of requests, including deleted ones.
    var total: Int { forgotten + entries.count }

    mutating func add(_ entry: RequestRecord) {
        if entries.count >= Self.limit * 2 {
            entries.removeFirst(Self.limit)
            forgotten += Self.limit
        }
        entries.append(entry)
    }

    /// The stored requests after the first `count`.
    func entries(since count: Int) -> ArraySlice<RequestRecord> {
        entries.dropFirst(max(0, count - forgotten))
    }

    var json: JSON { .array(entries.suffix(Self.limit).map(\.json)) }
}

/// The numbers of token requests and API calls.
public struct Story: Sendable {
    /// The number of successful token requests.
    public let tokenRequests: Int
    /// The number of API calls.
    public let calls: Int
    /// The number of API calls that were refused with 401.
    public let refused: Int
}

extension Simulator {
    /// The number of requests since the last reset.
    public var requestCount: Int { world.withLock { $0.journal.total } }

    /// The stored requests after the first `count`.
    public func requests(since count: Int) -> [RequestRecord] {
        world.withLock { Array($0.journal.entries(since: count)) }
    }

    /// The numbers of token requests and API calls after the first `count` requests.
    public func story(since count: Int) -> Story {
        let entries = requests(since: count)
        let tokens = entries.filter { $0.reason == "token granted" }.count
        let calls = entries.filter { $0.host.hasPrefix("api") }
        return Story(tokenRequests: tokens, calls: calls.count, refused: calls.filter { $0.status == 401 }.count)
    }
}
