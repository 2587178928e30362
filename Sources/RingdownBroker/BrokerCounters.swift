internal import RingdownCore
internal import RingdownOAuth

/// The counters of a broker and their Prometheus text format.
struct BrokerCounters {
    /// The number of issued tokens by profile.
    var tokens: [String: Int] = [:]
    /// The number of forwarded calls by profile and status class of the response: `prod 2xx`.
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
        metric("build_info", "gauge", "The version of the broker.", [("version=\"\(version)\"", "1")])
        metric(
            "tokens_served_total", "counter", "Tokens issued to callers.",
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
            "token_expiry_timestamp_seconds", "gauge", "Expiry time of the current token.",
            expiries.map { ("profile=\"\($0.profile)\"", "\(Int($0.end))") })
        metric(
            "proxied_requests_total", "counter", "Calls forwarded to the API, by response status class.",
            calls.sorted { $0.key < $1.key }.map { key, count in
                let parts = key.split(separator: " ")
                return ("profile=\"\(parts[0])\",status=\"\(parts.last ?? "")\"", "\(count)")
            })
        metric("refused_requests_total", "counter", "Requests refused by the broker.", [("", "\(refused)")])
        return lines.joined(separator: "\n") + "\n"
    }
}
