public import RingdownCore

/// The failure of a token request.
public struct TokenError: RingdownError, Equatable {
    /// The kind of failure.
    public typealias Code = ErrorCode

    /// The kind of failure.
    public var code: Code
    /// A human-readable message without secrets or line breaks.
    public var message: String
    /// The most likely cause, or what to change.
    public var hint = ""
    /// The token endpoint, if known.
    public var endpoint: HTTPURL?
    /// The HTTP status; nil if no response was received.
    public var status: Int?
    /// The `error` member of the response, such as `invalid_client`.
    public var oauthError: String?
    /// The `error_description` member of the response, sanitized.
    public var oauthDescription: String?
    /// Whether the response is a markup page, as proxies and sign-in portals return it.
    public var isPage = false
    /// The wait that the server requested.
    public var retryAfter: Duration?
    /// The platform's correlation ID of the request.
    public var correlationID: String?
    /// The reason why no response was received.
    public var transport: TransportError?

    /// The age of the failure if it was not caused by a request now, but by an earlier one; nil for a new failure.
    public var remembered: Remembered?

    /// The times of a failure that is returned without a token request.
    public struct Remembered: Sendable, Equatable {
        /// The time since the failed request.
        public var age: Duration
        /// The time until the next request.
        public var remaining: Duration

        /// Creates times.
        public init(age: Duration, remaining: Duration) {
            (self.age, self.remaining) = (age, remaining)
        }
    }

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: A human-readable message without secrets or line breaks.
    ///   - endpoint: The token endpoint, if known.
    ///   - status: The HTTP status; nil if no response was received.
    public init(_ code: Code, _ message: String, endpoint: HTTPURL? = nil, status: Int? = nil) {
        self.code = code
        self.message = message
        self.endpoint = endpoint
        self.status = status
    }

    /// Whether the same request with the same secret would be rejected again.
    public var isRefusal: Bool {
        [.credentialsRefused, .grantRefused, .scopeRefused, .wrongOrganization, .signInRequired].contains(code)
    }

    /// Whether the error also applies after a rejected token: the platform rejected the client, or requested a wait.
    var isFirm: Bool { isRefusal || isWaitRequested }

    /// Whether the platform requested a wait, which also applies to forced requests.
    package var isWaitRequested: Bool { code == .rateLimited || retryAfter != nil }

    /// What a program or its operator can do.
    public var recovery: Recovery {
        if let special { return special }
        switch code {
        case .credentialsRefused, .grantRefused, .scopeRefused, .wrongOrganization, .secretUnavailable:
            return .checkCredentials
        case .signInRequired: return .signIn
        case .tooShort: return .shortenValidity
        case .rateLimited, .serverFailed, .unreachable: return .retry(after: retryAfter)
        default: return .checkSettings
        }
    }

    /// The recovery, if the code does not determine it.
    package var special: Recovery?

    static func tooShort(granted: Duration, wanted: Duration) -> TokenError {
        TokenError(
            .tooShort,
            "the platform grants tokens for \(granted.spoken), which does not cover the requested validity of \(wanted.spoken)"
        )
    }

    static let cancelled = TokenError(.cancelled, "cancelled")

    /// Returns the error for a request without a response.
    package static func unreachable(_ error: TransportError, endpoint: HTTPURL) -> TokenError {
        var result = TokenError(error.code == .cancelled ? .cancelled : .unreachable, "\(error)", endpoint: endpoint)
        result.transport = error
        return result
    }
}
