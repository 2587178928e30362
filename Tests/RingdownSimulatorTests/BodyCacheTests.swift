import Testing

@testable import RingdownSimulator

@Suite struct BodyCacheTests {
    @Test func `what was begun before the client changed is not kept`() {
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

    @Test func `a full cache begins anew and stays what it is`() {
        var cache = BodyCache()
        let generation = cache.generation
        for number in 0..<5 {
            cache.keep(.init(body: [UInt8](repeating: 0, count: 1 << 20)), for: "\(number)", of: generation)
        }
        // Three fit beside their keys, so that the fourth begins anew.
        #expect((0..<5).map { cache["\($0)"] != nil } == [false, false, false, true, true])
        #expect(cache.generation === generation)
    }
}
