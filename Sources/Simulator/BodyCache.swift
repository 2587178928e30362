internal import Foundations
internal import HTTPModel

/// Bodies that depend on nothing but the seed and what was asked for, ready to be sent again.
struct BodyCache: Sendable {
    private static let limitInBytes = 4 << 20
    private var bodies: [String: [UInt8]] = [:]
    private var size = 0

    subscript(key: String) -> [UInt8]? { bodies[key] }

    mutating func keep(_ body: [UInt8], for key: String) {
        if size + body.count > Self.limitInBytes { self = BodyCache() }
        bodies[key] = body
        size += body.count + key.utf8.count
    }
}

extension Simulator {
    /// A 200 whose body is made once for each key.
    func lasting(_ key: String, reason: String, _ json: () -> JSON) -> Answer {
        var answer = Answer(reason: reason)
        answer.response.headers.addParsed("Content-Type", "application/json")
        if let body = bodies.withLock({ $0[key] }) {
            answer.response.body = body
            return answer
        }
        let body = json().bytes()
        bodies.withLock { $0.keep(body, for: key) }
        answer.response.body = body
        return answer
    }
}
