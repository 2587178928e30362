public import RingdownCore

/// The failure of an API call.
public struct APIError: RingdownError {
    /// The kind of failure.
    public typealias Code = ErrorCode

    /// The kind of failure.
    public var code: Code
    /// A human-readable message without secrets or line breaks.
    public var message: String
    /// The most likely cause, or what to change.
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
    ///   - hint: The most likely cause, or what to change.
    ///   - status: The HTTP status; nil if no response was received.
    ///   - recovery: What a program or its operator can do (default: what the code implies).
    public init(_ code: Code, _ message: String, hint: String, status: Int? = nil, recovery: Recovery? = nil) {
        special = recovery
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status
    }

    /// What a program or its operator can do.
    public var recovery: Recovery {
        if let special { return special }
        switch code {
        case .unauthorized: return .checkCredentials
        case .forbidden: return .assignPermission(missingPermissions)
        case .rateLimited, .serverFailed, .unreachable, .circuitOpen: return .retry(after: retryAfter)
        case .configuration: return .checkSettings
        case .notFound, .refused, .invalidPath, .untrustedHost: return .checkRequest
        default: return .none
        }
    }

    /// The permissions that the platform reports as missing.
    var missingPermissions: String?
    /// The recovery, if the code does not determine it.
    var special: Recovery?

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

    /// Returns the error for a request without a response; `CancellationError` if the task was cancelled.
    static func unanswered(_ error: TransportError) -> any Error {
        error.code == .cancelled ? CancellationError() : unreachable(error)
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
        case 304:
            return (
                .refused,
                "the resource has not changed since the request's condition: use the stored copy, or remove If-None-Match "
                    + "and If-Modified-Since"
            )
        case 300..<400: return (.refused, "redirects are not followed: use the final URL")
        case 500...: return (.serverFailed, "the platform is unavailable: retry later")
        case 400 where fault.message?.contains("Pagination may not exceed") == true:
            return (
                .refused,
                "the list exceeds the paging limit: use shorter intervals, or a job"
            )
        case 400 where fault.code == "not.a.user":
            return (.refused, "this call requires a signed-in user; for a client, use '/api/v2/tokens/me'")
        default: return (.refused, "check the request against the API documentation")
        }
    }
}
