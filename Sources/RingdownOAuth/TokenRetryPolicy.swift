package import RingdownCore

/// Decides whether and when a failed token request is sent again while callers wait. It has no side effects.
package struct TokenRetryPolicy: Sendable {
    /// The maximum number of attempts while the same callers wait (default: 1, without retries).
    package var attempts = 1
    /// The maximum time for which a caller waits for a token, from its first request (default: 180 s).
    package var waitLimit: Duration = .seconds(180)
    /// The maximum time for which a caller waits while no connection to the server can be established (default: 15 s).
    package var connectionWaitLimit: Duration = .seconds(15)
    /// The waits between attempts if the server requests none (default: 3 s, 9 s, 27 s). Each is extended by up to half at random.
    package var backoff: [Duration] = [.seconds(3), .seconds(9), .seconds(27)]

    /// Creates a policy without retries.
    package init() {}

    /// Whether callers wait for another attempt after a failure, and no longer than ``waitLimit``.
    package var isEnabled: Bool { attempts > 1 && waitLimit > .zero }

    /// Returns the wait before the next attempt; nil if the request is not retried.
    ///
    /// - Parameters:
    ///   - error: The failure.
    ///   - attempt: The number of attempts so far.
    ///   - draw: A random number, uniform in 0..<1.
    package func delay(after error: TokenError, attempt: Int, draw: Double) -> Duration? {
        guard isEnabled, attempt < attempts, error.isTemporary else { return nil }
        if let asked = error.retryAfter { return asked + .seconds(draw) }
        guard !backoff.isEmpty else { return .zero }
        return backoff[min(attempt, backoff.count) - 1] * (1 + draw / 2)
    }

    /// Returns the maximum time for which a caller waits after a failure.
    package func limit(after error: TokenError) -> Duration {
        error.isUnsent ? min(waitLimit, connectionWaitLimit) : waitLimit
    }

    /// Sends a request, and sends it again after temporary failures. For requests that no other caller shares.
    ///
    /// - Parameters:
    ///   - time: The clock.
    ///   - isFinal: Whether a failure is not retried although it is temporary (default: never).
    ///   - observe: Receives each wait and its reason (default: no observer).
    ///   - send: The function that sends the request.
    /// - Throws: The last error of `send`.
    package func retrying<Value>(
        _ time: any TimeSource, unless isFinal: (TokenError) -> Bool = { _ in false },
        observe: (Duration, TokenError) -> Void = { _, _ in },
        _ send: () async throws(TokenError) -> Value
    ) async throws(TokenError) -> Value {
        let start = time.now().uptime
        var attempt = 1
        while true {
            do throws(TokenError) { return try await send() } catch {
                guard !isFinal(error), let wait = delay(after: error, attempt: attempt, draw: .random(in: 0..<1)),
                    time.now().uptime - start + wait <= limit(after: error)
                else { throw error }
                observe(wait, error)
                attempt += 1
                do { try await time.sleep(for: wait) } catch { throw .cancelled }
            }
        }
    }
}

extension TokenError {
    /// Whether the same request may succeed soon: a rate limit, an unavailable server, or a lost connection.
    package var isTemporary: Bool {
        if let transport {
            return [.nameResolution, .connection, .proxy, .timeout, .brokenResponse].contains(transport.code)
        }
        switch code {
        // A stored failure does not contain the reason why no response was received.
        case .rateLimited, .unreachable: return true
        case .serverFailed:
            // A 500 does not indicate a temporary failure.
            return oauthError == "temporarily_unavailable" || status.map { [502, 503, 504].contains($0) } ?? false
        default: return false
        }
    }

    /// Whether no connection was established, so that the server did not receive the request.
    var isUnsent: Bool {
        transport.map { [.nameResolution, .connection, .proxy].contains($0.code) } ?? false
    }

    /// The error for callers whose time is over before the server responded.
    static func noResponse(within limit: Duration) -> TokenError {
        TokenError(.unreachable, "no response from the token endpoint within \(limit.spoken)")
    }
}
