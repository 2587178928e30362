public import RingdownCore

/// Why there is no token.
public struct TokenError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An open set: more may be told apart later.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case credentialsRefused, grantRefused, scopeRefused, rateLimited, requestRefused, serverFailed,
                malformedResponse
            case unreachable, tooShort, discoveryFailed, cancelled, wrongOrganization, signInRequired
        }
        private let value: Value

        private init(value: Value) {
            self.value = value
        }

        /// The code of a name, as ``description`` gives it; nil for a name that this version does not know.
        public init?(rawValue: String) {
            guard let value = Value(rawValue: rawValue) else { return nil }
            self.value = value
        }

        /// The server knows no such client, or the secret is wrong: `invalid_client`, `invalid_grant`.
        public static let credentialsRefused = Code(value: .credentialsRefused)
        /// The client may not use this grant: `unauthorized_client`, `unsupported_grant_type`.
        public static let grantRefused = Code(value: .grantRefused)
        /// `invalid_scope`, `invalid_target`.
        public static let scopeRefused = Code(value: .scopeRefused)
        /// Too many token requests, whatever the status that says so.
        public static let rateLimited = Code(value: .rateLimited)
        /// The server did not understand the request: any other refusal.
        public static let requestRefused = Code(value: .requestRefused)
        /// A status of 500 or more.
        public static let serverFailed = Code(value: .serverFailed)
        /// A success that holds no usable token.
        public static let malformedResponse = Code(value: .malformedResponse)
        /// No response came: ``TokenError/transport`` says why.
        public static let unreachable = Code(value: .unreachable)
        /// The platform grants tokens that end sooner than the caller needs.
        public static let tooShort = Code(value: .tooShort)
        /// The token endpoint could not be found out.
        public static let discoveryFailed = Code(value: .discoveryFailed)
        /// A token was granted, but by another organisation than the one that is expected.
        public static let wrongOrganization = Code(value: .wrongOrganization)
        /// Nobody is signed in, or not any more.
        public static let signInRequired = Code(value: .signInRequired)
        /// The caller's task was cancelled.
        public static let cancelled = Code(value: .cancelled)

        public var description: String { value.rawValue }
    }

    public var code: Code
    /// What happened, for people: no secrets, no line breaks.
    public var message: String
    /// The token endpoint.
    public var endpoint: HTTPURL?
    /// The HTTP status, where there was a response.
    public var status: Int?
    /// The response's `error`, such as `invalid_client`.
    public var oauthError: String?
    /// The response's `error_description`, as an sanitized.
    public var oauthDescription: String?
    /// Whether a page was answered, as proxies and sign-in portals do and no token endpoint does.
    public var isPage = false
    /// How long the server asks to wait.
    public var retryAfter: Duration?
    /// The platform's number for the exchange.
    public var correlationID: String?
    /// Why no response came.
    public var transport: TransportError?

    public init(_ code: Code, _ message: String, endpoint: HTTPURL? = nil, status: Int? = nil) {
        self.code = code
        self.message = message
        self.endpoint = endpoint
        self.status = status
    }

    /// Whether the same request with the same secret would be refused again.
    public var isRefusal: Bool {
        [.credentialsRefused, .grantRefused, .scopeRefused, .wrongOrganization, .signInRequired].contains(code)
    }

    /// Whether who insists on a new token is told this too: the platform refuses, or has asked to wait.
    var isFirm: Bool { isRefusal || code == .rateLimited || retryAfter != nil }

    public var description: String { message }

    static func tooShort(granted: Duration, wanted: Duration) -> TokenError {
        TokenError(
            .tooShort,
            "the platform grants tokens for \(granted.spoken), not for more than the \(wanted.spoken) that are asked for"
        )
    }

    static let cancelled = TokenError(.cancelled, "cancelled")

    package static func unreachable(_ error: TransportError, endpoint: HTTPURL) -> TokenError {
        var result = TokenError(error.code == .cancelled ? .cancelled : .unreachable, "\(error)", endpoint: endpoint)
        result.transport = error
        return result
    }
}
