public import RingdownCore

/// The failure of an API call.
public struct APIError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. Later versions may add codes.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case unauthorized, forbidden, rateLimited, notFound, refused, serverFailed, malformedResponse, unreachable
            case untrustedHost, configuration, invalidPath
        }
        private let value: Value

        /// The API returned 401, even with a new token.
        public static let unauthorized = Code(value: .unauthorized)
        /// The API returned 403: the client lacks a permission.
        public static let forbidden = Code(value: .forbidden)
        /// The API returned 429, or the wait for a rate limit is too long.
        public static let rateLimited = Code(value: .rateLimited)
        /// The API returned 404.
        public static let notFound = Code(value: .notFound)
        /// The API returned another error status below 500.
        public static let refused = Code(value: .refused)
        /// The API returned a status of 500 or higher, or the platform is unavailable.
        public static let serverFailed = Code(value: .serverFailed)
        /// The API returned success with an unexpected body.
        public static let malformedResponse = Code(value: .malformedResponse)
        /// No response was received. ``APIError/transport`` contains the reason.
        public static let unreachable = Code(value: .unreachable)
        /// The URL is on a host to which the token must not be sent.
        public static let untrustedHost = Code(value: .untrustedHost)
        /// The path is invalid.
        public static let invalidPath = Code(value: .invalidPath)
        /// The settings do not support the call.
        public static let configuration = Code(value: .configuration)

        /// The name of the code.
        public var description: String { value.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// A human-readable message without secrets or line breaks.
    public var message: String
    /// The most likely cause or the next command.
    public var hint: String
    /// The HTTP status; nil if no response was received.
    public var status: Int?
    /// The platform's error code, such as `not.a.user`.
    public var platformCode: String?
    /// The platform's correlation ID of the call, for its support.
    public var correlationID: String?
    /// The wait that the server requested.
    public var retryAfter: Duration?
    /// The reason why no response was received.
    public var transport: TransportError?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: A human-readable message without secrets or line breaks.
    ///   - hint: The most likely cause or the next command.
    ///   - status: The HTTP status; nil if no response was received.
    public init(_ code: Code, _ message: String, hint: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status
    }

    /// The same as ``message``.
    public var description: String { message }

    /// Returns the error with the secrets redacted, in case the server echoed one.
    func without(_ secrets: [Secret]) -> APIError {
        func clean(_ text: String) -> String {
            String(decoding: redacting(secrets, in: Array(text.utf8)), as: UTF8.self)
        }
        var error = self
        (error.message, error.hint) = (clean(message), clean(hint))
        (error.platformCode, error.correlationID) = (platformCode.map(clean), correlationID.map(clean))
        return error
    }

    static func unreachable(_ error: TransportError) -> APIError {
        var result = APIError(.unreachable, "\(error)", hint: ErrorHints.hint(for: error))
        result.transport = error
        return result
    }

    /// Returns the code and the hint for an error response. `age` is the age of the token.
    static func meaning(
        _ response: Response, _ fault: Platform.Fault, age: Duration, without secrets: [Secret]
    ) -> (Code, hint: String) {
        switch response.status {
        case 401:
            return (
                .unauthorized,
                "the token was rejected \(Int(age.inSeconds)) s after it was granted: check whether the client is disabled"
            )
        case 403:
            let permission = fault.missingPermissions.map {
                "the permission \(sanitized($0, without: secrets, limit: 120))"
            }
            return (
                .forbidden,
                "assign a role with \(permission ?? "the required permission") to the client, "
                    + "and the division if there are several; a new token does not help"
            )
        case 429:
            let wait = RetryAfter.read(from: response.headers, now: .now()).map {
                " in \(Int($0.inSeconds.rounded(.up))) s"
            }
            return (.rateLimited, "retry\(wait ?? " in a minute"), and reduce the rate of calls")
        case 404: return (.notFound, "check the path, its version and its identifiers")
        case 300..<400: return (.refused, "redirects are not followed: use the final URL")
        case 500...: return (.serverFailed, "the platform is unavailable: retry later")
        case 400 where fault.message?.contains("Pagination may not exceed") == true:
            return (
                .refused,
                "the list exceeds the paging limit: use shorter intervals or 'ringdown conversations --job'"
            )
        case 400 where fault.code == "not.a.user":
            return (.refused, "this call requires a signed-in user; for a client, use '/api/v2/tokens/me'")
        default: return (.refused, "check the request against the API documentation")
        }
    }
}
