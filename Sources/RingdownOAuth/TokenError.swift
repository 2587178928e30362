public import RingdownCore

/// The failure of a token request.
public struct TokenError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. Later versions may add codes.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case credentialsRefused, grantRefused, scopeRefused, rateLimited, requestRefused, serverFailed,
                malformedResponse
            case unreachable, tooShort, discoveryFailed, cancelled, wrongOrganization, signInRequired, secretUnavailable
        }
        private let value: Value

        private init(value: Value) {
            self.value = value
        }

        /// Creates a code from its ``description``. Returns nil for a code that this version does not support.
        public init?(rawValue: String) {
            guard let value = Value(rawValue: rawValue) else { return nil }
            self.value = value
        }

        /// The client is unknown or its credentials are wrong: `invalid_client`, `invalid_grant`.
        public static let credentialsRefused = Code(value: .credentialsRefused)
        /// The client is not allowed to use the grant: `unauthorized_client`, `unsupported_grant_type`.
        public static let grantRefused = Code(value: .grantRefused)
        /// The requested scope or resource is not allowed: `invalid_scope`, `invalid_target`.
        public static let scopeRefused = Code(value: .scopeRefused)
        /// The rate limit for token requests was exceeded, regardless of the status.
        public static let rateLimited = Code(value: .rateLimited)
        /// The server rejected the request for any other reason.
        public static let requestRefused = Code(value: .requestRefused)
        /// The server returned a status of 500 or higher.
        public static let serverFailed = Code(value: .serverFailed)
        /// The server returned success without a usable token.
        public static let malformedResponse = Code(value: .malformedResponse)
        /// No response was received. ``TokenError/transport`` contains the reason.
        public static let unreachable = Code(value: .unreachable)
        /// The lifetime of granted tokens is shorter than the requested minimum validity.
        public static let tooShort = Code(value: .tooShort)
        /// The token endpoint could not be discovered.
        public static let discoveryFailed = Code(value: .discoveryFailed)
        /// The token belongs to an unexpected organisation.
        public static let wrongOrganization = Code(value: .wrongOrganization)
        /// No user is signed in, or the sign-in has expired.
        public static let signInRequired = Code(value: .signInRequired)
        /// The client secret could not be looked up: its file or provider failed, or returned an invalid secret.
        public static let secretUnavailable = Code(value: .secretUnavailable)
        /// The caller's task was cancelled.
        public static let cancelled = Code(value: .cancelled)

        /// The name of the code.
        public var description: String { value.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// A human-readable message without secrets or line breaks.
    public var message: String
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

    /// Whether the error also applies to forced requests: the platform rejected the client, or requested a wait.
    var isFirm: Bool { isRefusal || code == .rateLimited || retryAfter != nil }

    /// The same as ``message``.
    public var description: String { message }

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
