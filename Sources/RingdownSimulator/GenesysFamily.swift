internal import RingdownCore

/// A resource family of Genesys Cloud, with the platform's format of errors and lists.
protocol GenesysFamily: ResourceFamily {}

extension GenesysFamily {
    static var platform: String { "genesys" }

    /// The index of the user who signed in for a token; nil for client credentials.
    func person(_ token: String) -> Int? { world.withLock { $0.tokens[token]?.person } }

    func valid(_ call: Call, _ json: JSON) -> Answer {
        correlated(Answer(json: json, reason: "valid token"), call)
    }

    /// A 200 response that is cached for later requests to the same target with a valid token.
    func lasting(_ call: Call, _ json: () -> JSON) -> Answer {
        let kept = BodyCache.Kept(body: json().bytes(), hint: notLookedAt(call.ignoredParameters))
        world.withLock { $0.bodies.keep(kept, for: call.url.target, of: call.generation) }
        return lasting(call, kept)
    }

    /// A 200 response with a cached body.
    func lasting(_ call: Call, _ kept: BodyCache.Kept) -> Answer {
        var answer = Answer(reason: "valid token")
        answer.response.headers.addParsed("Content-Type", "application/json")
        (answer.response.body, answer.hint) = (kept.body, kept.hint)
        call.lookAtAll()
        return correlated(answer, call)
    }

    /// The answer with the correlation ID that every Genesys Cloud response carries.
    func correlated(_ answer: consuming Answer, _ call: Call) -> Answer {
        answer.add("ININ-Correlation-Id", simulator.correlationID())
        return answer
    }

    func genesysError(_ call: Call, _ status: Int, _ code: String, _ message: String, reason: String) -> Answer {
        let context = simulator.correlationID()
        let json: JSON = [
            "message": .string(message), "code": .string(code), "status": .int(status), "messageParams": [:],
            "contextId": .string(context), "details": [], "errors": [],
        ]
        return Answer(status: status, json: json, reason: reason).with("ININ-Correlation-Id", context)
    }

    /// The usual error code for a configured status.
    func genesysCode(_ status: Int) -> String {
        let codes = [
            400: "bad.request", 401: "bad.credentials", 403: "missing.permissions", 404: "not.found",
            429: "too.many.requests.retry.after", 500: "internal.server.error", 503: "service.unavailable",
            504: "request.timeout",
        ]
        return codes[status] ?? "simulated"
    }

    func genesysNotFound(_ call: Call, reason: String = Simulator.noSuchResource) -> Answer {
        genesysError(call, 404, "not.found", "The requested resource was not found.", reason: reason)
    }

    /// An error with all three keys. The status is also 400 for a refused client; the status for a wrong secret is UNVERIFIED.
    func loginRefusal(
        _ call: Call, _ error: String, _ description: String, status: Int = 400, client: String? = nil,
        reason: String? = nil
    ) -> Answer {
        let json: JSON = [
            "error": .string(error), "description": .string(description), "error_description": .string(description),
        ]
        return correlated(Answer(status: status, json: json, client: client, reason: reason ?? description), call)
    }
}
