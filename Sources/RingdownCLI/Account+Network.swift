internal import Ringdown
internal import RingdownCore
internal import RingdownCurl

extension Account {
    /// The settings of retries and rate limits.
    ///
    /// - Parameter standard: The maximum wait if the user sets none (default: 180 s).
    func callSettings(
        _ settings: Settings, standard: Duration = CallSettings().waitLimit
    ) throws(ConfigurationError) -> CallSettings {
        var calls = CallSettings()
        calls.isGated = !noThrottle
        calls.waitLimit = standard
        if let maxWait {
            (calls.waitLimit, calls.connectionWaitLimit) = (maxWait.duration, maxWait.duration)
        } else if let text = try settings.text("RINGDOWN_MAX_WAIT") {
            guard let limit = DurationParameter(parameter: text) else {
                throw ConfigurationError(
                    "RINGDOWN_MAX_WAIT cannot be '\(sanitized(text, limit: 40))'",
                    hint: "use \(DurationParameter.expectation)"
                )
            }
            (calls.waitLimit, calls.connectionWaitLimit) = (limit.duration, limit.duration)
        }
        if let text = try settings.text("RINGDOWN_JOB_LIMIT") {
            guard let limit = DurationParameter(parameter: text) else {
                throw ConfigurationError(
                    "RINGDOWN_JOB_LIMIT cannot be '\(sanitized(text, limit: 40))'",
                    hint: "use \(DurationParameter.expectation)"
                )
            }
            calls.jobLimit = limit.duration
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
