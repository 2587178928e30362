internal import Ringdown
internal import RingdownCore
internal import RingdownCurl

extension Account {
    /// The settings of calls, from options and `RINGDOWN_MAX_WAIT`.
    ///
    /// - Throws: `ConfigurationError` if `RINGDOWN_MAX_WAIT` is invalid.
    func callSettings(_ settings: Settings) throws(ConfigurationError) -> CallSettings {
        var calls = CallSettings()
        calls.isGated = !noThrottle
        if let maxWait {
            calls.waitLimit = maxWait.duration
        } else if let text = try settings.text("RINGDOWN_MAX_WAIT") {
            guard let limit = DurationParameter(parameter: text) else {
                throw ConfigurationError(
                    "RINGDOWN_MAX_WAIT cannot be '\(sanitized(text, limit: 40))'",
                    hint: "use \(DurationParameter.expectation)"
                )
            }
            calls.waitLimit = limit.duration
        }
        return calls
    }

    /// Creates the transport that sends requests.
    ///
    /// - Throws: `ConfigurationError` if a setting is invalid or the trace cannot be written.
    func transport(_ settings: Settings) throws(ConfigurationError) -> any Transport {
        let transport = try plainTransport(settings)
        guard let trace else { return transport }
        do throws(FileError) {
            let known = traceLog.withLock { $0 }
            let log = known == nil ? try HARLog(path: trace) : known
            traceLog.withLock { $0 = log }
            return log.map { HARTrace(transport: transport, log: $0) } ?? transport
        } catch {
            throw ConfigurationError("cannot write the trace \(error)", hint: "check the directory and its permissions")
        }
    }

    private func plainTransport(_ settings: Settings) throws(ConfigurationError) -> any Transport {
        if insecure != .absent {
            guard insecure == .confirmed || Context.current.variables["CI"]?.isEmpty ?? true else {
                throw ConfigurationError(
                    "--insecure is refused in CI: the secret and the token could be intercepted",
                    hint: "set RINGDOWN_CA_FILE to the CA file, or confirm with --insecure=yes"
                )
            }
            notice(
                "ringdown: WARNING: certificates are not verified: the secret and the token can be intercepted"
            )
        }
        if let transport = Context.current.transport { return transport }
        return try CurlTransport(settings, isVerifying: insecure == .absent)
    }

    /// Whether TLS certificates are verified.
    var isVerifying: Bool { insecure == .absent }
}
