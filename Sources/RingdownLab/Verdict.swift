extension Scenario {
    /// What became of a step that asks for tokens.
    package struct Outcome: Sendable {
        /// For each caller `cached`, `fresh` or `error`.
        package var results: [String]
        package var requests: Int
        /// Why the first of the requests was made.
        package var reason: String?

        package init(results: [String], requests: Int, reason: String?) {
            (self.results, self.requests, self.reason) = (results, requests, reason)
        }
    }
}

extension Scenario.Expectation {
    /// What did not come as it must. A runner that `mayBeAhead` gives the new token where others give it with the next call.
    package func complaints(about outcome: Scenario.Outcome, mayBeAhead: Bool = false) -> [String] {
        var complaints: [String] = []
        if let result, let other = outcome.results.first(where: { $0 != result }),
            !mayBeAhead || other == "error" || result == "error"
        {
            complaints.append("the result is \(other), not \(result)")
        }
        if let sourceContacted, sourceContacted != (outcome.requests > 0) {
            complaints.append(
                sourceContacted ? "the source is not contacted" : "the source is contacted \(outcome.requests) times")
        }
        if let requests, requests != outcome.requests {
            complaints.append("there are \(outcome.requests) token requests, not \(requests)")
        }
        if let reason, let other = outcome.reason, other != reason {
            complaints.append("the reason is \(other), not \(reason)")
        }
        return complaints
    }
}
