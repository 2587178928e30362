import Testing

@testable import RingdownSimulator

@Suite struct BodyCacheTests {
    @Test func `does not store a response that started before the client changed`() {
        var world = SimulatorState()
        let before = world.bodies.generation
        world.client.state = .disabled
        world.bodies.keep(.init(body: [1]), for: "/a", of: before)
        #expect(world.bodies["/a"] == nil)
        world.bodies.keep(.init(body: [2]), for: "/a", of: nil)
        #expect(world.bodies["/a"] == nil)
        world.bodies.keep(.init(body: [3]), for: "/a", of: world.bodies.generation)
        #expect(world.bodies["/a"]?.body == [3])
        world.forgetAllButTokens()
        #expect(world.bodies["/a"] == nil)
    }

    @Test func `a full cache is emptied and keeps its generation`() {
        var cache = BodyCache()
        let generation = cache.generation
        for number in 0..<5 {
            cache.keep(.init(body: [UInt8](repeating: 0, count: 1 << 20)), for: "\(number)", of: generation)
        }
        // Three bodies fit together with their keys. The fourth empties the cache.
        #expect((0..<5).map { cache["\($0)"] != nil } == [false, false, false, true, true])
        #expect(cache.generation === generation)
    }
}
