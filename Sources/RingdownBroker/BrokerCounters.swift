internal import RingdownCore
internal import RingdownOAuth

/// What a broker did so far, and as Prometheus reads it.
struct BrokerCounters {
    /// Tokens that were handed out, by profile.
    var tokens: [String: Int] = [:]
    /// Calls that were passed on, by profile and class of the answer's status: `prod 2xx`.
    var calls: [String: Int] = [:]
    var refused = 0

    func text(
        version: String, expiries: [(profile: String, end: Double)],
        records: [(profile: String, records: TokenRequestCounts)]
    ) -> String {
        var lines: [String] = []
        func metric(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            lines += ["# HELP ringdown_\(name) \(help)", "# TYPE ringdown_\(name) \(kind)"]
            lines += samples.map { "ringdown_\(name)\($0.labels.isEmpty ? "" : "{\($0.labels)}") \($0.value)" }
        }
        metric("build_info", "gauge", "The version that runs.", [("version=\"\(version)\"", "1")])
        metric(
            "tokens_served_total", "counter", "Tokens that were handed out.",
            tokens.sorted { $0.key < $1.key }.map { ("profile=\"\($0.key)\"", "\($0.value)") })
        metric(
            "token_requests_total", "counter", "Token requests to the platform.",
            records.flatMap { profile, counts in
                [
                    ("profile=\"\(profile)\",outcome=\"granted\"", "\(counts.granted)"),
                    ("profile=\"\(profile)\",outcome=\"failed\"", "\(counts.failed)"),
                ]
            })
        metric(
            "token_expiry_timestamp_seconds", "gauge", "When the token that is handed out ends.",
            expiries.map { ("profile=\"\($0.profile)\"", "\(Int($0.end))") })
        metric(
            "proxied_requests_total", "counter", "Calls that were passed on, by the answer.",
            calls.sorted { $0.key < $1.key }.map { key, count in
                let parts = key.split(separator: " ")
                return ("profile=\"\(parts[0])\",status=\"\(parts.last ?? "")\"", "\(count)")
            })
        metric("refused_requests_total", "counter", "Requests of callers that may not ask.", [("", "\(refused)")])
        return lines.joined(separator: "\n") + "\n"
    }
}
