internal import RingdownCore

/// Bodies of 200s that depend on nothing but the seed, the client's settings and what was asked for, by the target that asks.
struct BodyCache: Sendable {
    private static let limitInBytes = 4 << 20
    struct Kept: Sendable {
        var body: [UInt8]
        var hint: String?
    }
    /// Which cache it is: what was begun with one does not belong into the next.
    final class Generation: Sendable {}
    private(set) var generation = Generation()
    private var bodies: [String: Kept] = [:]
    private var size = 0

    subscript(key: String) -> Kept? { bodies[key] }

    mutating func keep(_ kept: Kept, for key: String, of generation: Generation?) {
        guard generation === self.generation else { return }
        if size + kept.body.count > Self.limitInBytes { (bodies, size) = ([:], 0) }
        bodies[key] = kept
        size += kept.body.count + key.utf8.count
    }
}

extension Simulator {
    /// A 200 that is kept, and sent again to whoever asks for the same with a valid token.
    func lasting(_ call: Call, _ json: () -> JSON) -> Answer {
        let kept = BodyCache.Kept(body: json().bytes(), hint: notLookedAt(call.ignoredParameters))
        world.withLock { $0.bodies.keep(kept, for: call.url.target, of: call.generation) }
        return lasting(call, kept)
    }

    /// The same with a body that was kept.
    func lasting(_ call: Call, _ kept: BodyCache.Kept) -> Answer {
        var answer = Answer(reason: "valid token")
        answer.response.headers.addParsed("Content-Type", "application/json")
        (answer.response.body, answer.hint) = (kept.body, kept.hint)
        call.lookAtAll()
        return correlated(answer, call)
    }
}
