extension Scenario {
    /// The outcome of a step that requests tokens.
    package struct Outcome: Sendable {
        /// `cached`, `fresh` or `error` for each caller.
        package var results: [String]
        package var requests: Int
        /// The reason for the first request.
        package var reason: String?

        package init(results: [String], requests: Int, reason: String?) {
            (self.results, self.requests, self.reason) = (results, requests, reason)
        }
    }
}

extension Scenario.Expectation {
    /// Returns the failed expectations. A runner that `mayBeAhead` can return a new token one call earlier than others.
    package func complaints(about outcome: Scenario.Outcome, mayBeAhead: Bool = false) -> [String] {
        var complaints: [String] = []
        if let result, let other = outcome.results.first(where: { $0 != result }),
            !mayBeAhead || other == "error" || result == "error"
        {
            complaints.append("expected the result \(result), not \(other)")
        }
        if let sourceContacted, sourceContacted != (outcome.requests > 0) {
            complaints.append(
                sourceContacted ? "expected a token request" : "expected no token request, not \(outcome.requests)")
        }
        if let requests, requests != outcome.requests {
            complaints.append("expected \(requests) token requests, not \(outcome.requests)")
        }
        if let reason, let other = outcome.reason, other != reason {
            complaints.append("expected the reason \(reason), not \(other)")
        }
        return complaints
    }
}
