internal import RingdownCore

/// An operation of a simulated API, as `ringdown simulate --routes` lists it.
public struct Route: Sendable {
    /// Answers a call; nil for a resource that does not exist. The last parameter has the values of the path's placeholders.
    typealias Handler = @Sendable (Simulator, Call, [String]) -> Answer?

    /// The platform, as `--platform` names it.
    public let platform: String
    /// An HTTP method; `*` for any.
    public let method: String
    /// `/api/v2/users/{id}`: a segment in braces matches any value.
    public let path: String
    /// The permissions of which the client needs at least one; empty if every client can call it.
    public let permissions: [String]
    /// Whether the operation requires the token of a user.
    public let requiresUser: Bool
    let handle: Handler
    /// The segments of the path; nil for a placeholder.
    fileprivate let segments: [String?]

    init(
        _ platform: String, _ method: String, _ path: String, permissions: [String] = [], requiresUser: Bool = false,
        handle: @escaping Handler
    ) {
        (self.platform, self.method, self.path) = (platform, method, path)
        (self.permissions, self.requiresUser, self.handle) = (permissions, requiresUser, handle)
        segments = Router.segments(of: path).map { $0.hasPrefix("{") ? nil : $0 }
    }
}

/// Finds the route of a call. Routes that are listed first win.
struct Router: Sendable {
    let routes: [Route]
    private let bySize: [Int: [Route]]

    init(_ routes: [Route]) {
        self.routes = routes
        bySize = Dictionary(grouping: routes) { $0.segments.count }
    }

    /// The segments of a path, empty ones included: `/a//b` and `/a/b/` are other paths than `/a/b`.
    static func segments(of path: String) -> [String] {
        path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            String(Substring($0))
        }
    }

    /// - Parameter segments: The segments of the call's path, percent-encoded as they were sent.
    func match(_ method: String, _ segments: [String]) -> (route: Route, values: [String])? {
        for route in bySize[segments.count] ?? [] where route.method == method || route.method == "*" {
            let isMatch = zip(route.segments, segments).allSatisfy { $0 == nil ? !$1.isEmpty : $0 == $1 }
            guard isMatch else { continue }
            let values = zip(route.segments, segments).compactMap { $0 == nil ? percentDecoded(Substring($1)) : nil }
            return (route, values)
        }
        return nil
    }
}

extension Simulator {
    /// Every operation of the simulated APIs.
    public static var routes: [Route] {
        GenesysLogin.routes + GenesysAPI.routes + CXoneAuthentication.routes + CXoneAPI.routes
    }
}
