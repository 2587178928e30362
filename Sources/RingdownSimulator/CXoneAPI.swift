internal import RingdownCore

/// The API hosts of CXone: the token of each call and the version of the API.
struct CXoneAPI: CXoneFamily {
    let simulator: Simulator

    static let families: [any CXoneFamily.Type] = [
        CXoneLists.self, CXoneContacts.self, CXoneReports.self, CXoneExtraction.self,
    ]
    static let routes = families.flatMap { $0.routes }
    private static let router = Router(routes)

    /// The API host and the cluster host: `/incontactapi/services/vN.0/…`, in any case (`cxone.md` section 3).
    func answer(_ call: Call) -> Answer {
        let verdict = world.withLock { $0.judge(call.authorization("bearer"), on: .cxone, now: call.now) }
        if let reason = verdict.refusal {
            // Section 4: the message is in a header field and the body is empty. The wording is not documented.
            return Answer(status: 401, reason: reason).of(verdict)
                .with("icStatusDescription", "Token is invalid or has expired")
        }
        return routed(call).of(verdict)
    }

    private func routed(_ call: Call) -> Answer {
        let parts = call.segments.map { $0.lowercased() }
        if parts.starts(with: ["data-extraction", "v1"]) {
            return Self.match(call, parts).flatMap { $0.route.handle(simulator, call, $0.values) }
                ?? Answer(status: 404, reason: Simulator.noSuchResource)
        }
        guard parts.count >= 4, parts[0] == "incontactapi", parts[1] == "services", isVersion(parts[2]) else {
            return failure(404, "Resource not found", Simulator.noSuchResource)
        }
        // `*/*` is the default of many programs. The API requires application/json by name.
        guard call.header("Accept")?.contains("application/json") == true else {
            var answer = Answer(
                status: assumptions.number(.cxoneMissingAcceptStatus), reason: "no Accept: application/json")
            answer.response.body = Array("No known way to render data".utf8)
            return answer.with("Content-Type", "text/plain")
        }
        return Self.match(call, parts).flatMap { $0.route.handle(simulator, call, $0.values) }
            ?? failure(404, "Resource not found", Simulator.noSuchResource)
    }

    /// Paths are matched in lower case: the platform's own links spell them in several ways. Values keep their case.
    private static func match(_ call: Call, _ parts: [String]) -> (route: Route, values: [String])? {
        guard let (route, _) = router.match(call.request.method, parts) else { return nil }
        let names = Router.segments(of: route.path)
        return (route, zip(names, call.segments).filter { $0.0.hasPrefix("{") }.map(\.1))
    }

    private func isVersion(_ text: String) -> Bool {
        text.hasPrefix("v") && text.hasSuffix(".0") && Int(text.dropFirst().dropLast(2)) != nil
    }
}
