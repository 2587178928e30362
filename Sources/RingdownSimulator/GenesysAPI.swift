internal import RingdownCore

/// `api.<domain>`: the token and the limits of each call (`genesys-cloud.md` sections 3 to 5).
struct GenesysAPI: GenesysFamily {
    let simulator: Simulator

    static let families: [any GenesysFamily.Type] = [
        GenesysAccounts.self, GenesysRouting.self, GenesysCursors.self, GenesysSCIM.self, GenesysAnalytics.self,
    ]
    static let routes = families.flatMap { $0.routes }
    private static let router = Router(routes)

    func answer(_ call: Call, domain: String) -> Answer {
        // The API host has no token endpoint. The 404 does not require a token.
        guard call.url.path.hasPrefix("/api/v2/"), call.url.path != "/api/v2/oauth/token" else {
            return genesysNotFound(call)
        }
        guard let token = call.authorization("bearer") else {
            return genesysError(
                call, 401, "authentication.required",
                "No authentication bearer token specified in authorization header.",
                reason: "no token"
            )
        }
        let (idleTimeout, target) = (options.idleTimeout, call.request.method == "GET" ? call.url.target : "")
        func refusal(_ reason: String, _ verdict: SimulatorState.Verdict? = nil) -> Answer {
            genesysError(call, 401, "bad.credentials", "Invalid login credentials.", reason: reason).of(verdict)
        }
        guard domain == options.genesysDomain else { return refusal("another region's token") }
        // A request for token information can preserve the idle time of the token.
        let isUse =
            idleTimeout == nil || call.url.path != "/api/v2/tokens/me" || call.queryValue("preserveIdleTTL") != "true"
        let (use, body, generation) = world.withLock { world in
            (
                world.use(token, on: .genesys, now: call.now, idleTimeout: idleTimeout, isUse: isUse),
                world.bodies[target], world.bodies.generation
            )
        }
        let (verdict, calls, reset) = use
        if let reason = verdict.refusal { return refusal(reason, verdict) }
        var answer = limited(call, calls, reset) ?? body.map { lasting(call, $0) } ?? routed(call.of(generation), token)
        (answer.client, answer.token) = (verdict.client, verdict.token)
        if options.callsPerMinute > 0 {
            answer.add("inin-ratelimit-count", String(min(calls, options.callsPerMinute)))
            answer.add("inin-ratelimit-allowed", String(options.callsPerMinute))
            answer.add("inin-ratelimit-reset", String(reset))
        }
        return answer
    }

    private func routed(_ call: Call, _ token: String) -> Answer {
        guard let (route, values) = Self.router.match(call.request.method, Router.segments(of: call.url.path))
        else {
            return genesysNotFound(call)
        }
        if route.requiresUser, person(token) == nil {
            return genesysError(
                call, 400, "not.a.user",
                "This request requires a user context. Client credentials cannot be used for requests to this resource.",
                reason: "a client is not a user"
            )
        }
        if let refusal = refusal(call, requiring: route.permissions) { return refusal }
        return route.handle(simulator, call, values) ?? genesysNotFound(call)
    }

    /// The refusal of a call whose permissions the client's roles do not include. A missing permission is reported on the call, not
    /// at the token endpoint (section 2).
    ///
    /// - Parameter sufficient: The permissions of which the client requires at least one.
    private func refusal(_ call: Call, requiring sufficient: [String]) -> Answer? {
        let permissions = world.withLock { $0.client.permissions }
        guard let permissions, !sufficient.isEmpty, permissions.isDisjoint(with: sufficient) else { return nil }
        let isOne = sufficient.count == 1
        return genesysError(
            call, 403, isOne ? "missing.permissions" : "missing.any.permissions",
            "Unable to perform the requested action. You "
                + (isOne
                    ? "are missing the following permission(s): "
                    : "must have at least one of the following permissions assigned: ")
                + sufficient.joined(separator: ", "),
            reason: "missing permission"
        )
    }

    /// The refusal of a call that exceeds the limit per minute or per day.
    private func limited(_ call: Call, _ calls: Int, _ reset: Int) -> Answer? {
        if options.callsPerMinute > 0, calls > options.callsPerMinute { return rateLimited(call, reset) }
        guard options.callsPerDay > 0 else { return nil }
        let day = world.withLock { $0.countDay(now: call.now) }
        return day.calls > options.callsPerDay ? rateLimited(call, day.reset) : nil
    }

    private func rateLimited(_ call: Call, _ reset: Int) -> Answer {
        genesysError(
            call, 429, "too.many.requests.retry.after",
            "Rate limit exceeded the maximum. Retry the request in [\(reset)] seconds", reason: "rate limit exceeded"
        ).with("Retry-After", String(reset))
    }
}
