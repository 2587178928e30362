internal import Foundations
internal import HTTPModel

/// Bodies of 200s that depend on nothing but the seed, the client's settings and what was asked for, by the target that asks.
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
    /// A 200 that is kept, and sent again to whoever asks for the same with a valid token.
    func lasting(_ call: Call, _ json: () -> JSON) -> Answer {
        let body = json().bytes()
        world.withLock { $0.bodies.keep(body, for: call.url.target) }
        return lasting(call, body)
    }

    /// The same with a body that was kept.
    func lasting(_ call: Call, _ body: [UInt8]) -> Answer {
        var answer = Answer(reason: "valid token")
        answer.response.headers.addParsed("Content-Type", "application/json")
        answer.response.body = body
        return correlated(answer, call)
    }
}
