internal import RingdownCore

/// A cache of 200 responses by request target. The bodies depend only on the seed, the client's settings and the target.
struct BodyCache: Sendable {
    private static let limitInBytes = 4 << 20
    struct Kept: Sendable {
        var body: [UInt8]
        var hint: String?
    }
    /// The identity of a cache. A response that was started with one cache must not be stored in a later one.
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
