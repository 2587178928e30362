internal import RingdownCore

/// The query of `/_sim/count`: which requests of the journal to count.
struct CountQuery {
    /// A member of a request that a query can filter by.
    enum Filter: String, CaseIterable {
        /// A path or host can start or end with `*`.
        case path, method, status, reason, host, client, token
    }

    struct Invalid: Error {
        var expected: String
    }

    private var filters: [(filter: Filter, value: String)] = []
    /// The number of requests that the caller expects, if any.
    private(set) var expected: Int?

    init(_ items: [(name: String, value: String)]) throws(Invalid) {
        for (name, value) in items {
            if name == "expect" {
                guard let number = Int(value), number >= 0 else { throw Invalid(expected: "expect to be a number") }
                if expected == nil { expected = number }
                continue
            }
            guard let filter = Filter(rawValue: name) else {
                let names = Filter.allCases.map(\.rawValue).joined(separator: ", ")
                throw Invalid(expected: "these parameters: \(names), expect")
            }
            guard ![.status, .token].contains(filter) || Int(value) != nil else {
                throw Invalid(expected: "status and token to be numbers")
            }
            filters.append((filter, value))
        }
    }

    /// Whether a request matches all filters.
    func matches(_ record: RequestRecord) -> Bool {
        filters.allSatisfy { filter, value in
            switch filter {
            case .path: Pattern(value).fits(record.path)
            case .method: record.method == value.uppercased()
            case .status: String(record.status) == value
            case .reason: record.reason == value
            case .host: Pattern(value.lowercased()).fits(record.host)
            case .client: record.client == value
            case .token: record.token.map(String.init) == value
            }
        }
    }
}
