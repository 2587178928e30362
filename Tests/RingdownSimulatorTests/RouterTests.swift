import RingdownCore
import Testing

@testable import RingdownSimulator

@Suite struct RouterTests {
    private static let router = Router([
        Route("genesys", "GET", "/a/me") { _, _, _ in nil }, Route("genesys", "*", "/a/me") { _, _, _ in nil },
        Route("genesys", "GET", "/a/{id}") { _, _, _ in nil }, Route("genesys", "GET", "/a/{id}/b") { _, _, _ in nil },
    ])

    private func match(_ method: String, _ path: String) -> (path: String, values: [String])? {
        Self.router.match(method, Router.segments(of: path)).map { ($0.route.path, $0.values) }
    }

    @Test func `the first route that matches wins, and placeholders match any value`() {
        #expect(match("GET", "/a/me")?.path == "/a/me")
        #expect(match("PUT", "/a/me")?.path == "/a/me")
        #expect(match("GET", "/a/x%20y")?.values == ["x y"])
        #expect(match("GET", "/a/1/b")?.values == ["1"])
    }

    @Test(arguments: ["/a", "/a/", "/a//b", "/a/1/", "/A/1", "/a/1/b/c", "", "/"])
    func `other paths do not match`(path: String) {
        #expect(match("GET", path) == nil)
    }

    @Test func `no route hides another one`() {
        for (platform, routes) in Dictionary(grouping: Simulator.routes, by: \.platform) {
            let names = routes.map { "\($0.method) \($0.path)" }
            #expect(Set(names).count == names.count, "\(platform)")
        }
        #expect(Simulator.routes.count > 40)
    }
}
