public import RingdownCore

/// Why an API call failed.
public struct APIError: Error, Sendable, CustomStringConvertible {
    /// An open set: more may be told apart later.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case unauthorized, forbidden, rateLimited, notFound, refused, serverFailed, malformedResponse, unreachable
            case untrustedHost, configuration, invalidPath
        }
        private let value: Value

        /// 401, also after a new token.
        public static let unauthorized = Code(value: .unauthorized)
        /// 403: the client lacks a permission.
        public static let forbidden = Code(value: .forbidden)
        /// 429.
        public static let rateLimited = Code(value: .rateLimited)
        /// 404.
        public static let notFound = Code(value: .notFound)
        /// Any other status below 500 that is no success.
        public static let refused = Code(value: .refused)
        /// A status of 500 or more.
        public static let serverFailed = Code(value: .serverFailed)
        /// A success whose body is not what the call promises.
        public static let malformedResponse = Code(value: .malformedResponse)
        /// No response came: ``APIError/transport`` says why.
        public static let unreachable = Code(value: .unreachable)
        /// A link or redirect leads to a host that must not be given the token.
        public static let untrustedHost = Code(value: .untrustedHost)
        /// The path is none, or no URL.
        public static let invalidPath = Code(value: .invalidPath)
        /// The call cannot be made with these settings.
        public static let configuration = Code(value: .configuration)

        public var description: String { value.rawValue }
    }

    public var code: Code
    /// What happened, for people: no secrets, no line breaks.
    public var message: String
    /// What to do about it.
    public var hint: String
    public var status: Int?
    /// The platform's own code, such as `not.a.user`.
    public var platformCode: String?
    /// The platform's number for the exchange, for its support.
    public var correlationID: String?
    /// How long the server asks to wait.
    public var retryAfter: Duration?
    public var transport: TransportError?

    public init(_ code: Code, _ message: String, hint: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status
    }

    public var description: String { message }

    /// The same error without any of the secrets, should a server have echoed one.
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

    /// What a status means, and what to do about it. `age` is how old the token was.
    static func meaning(_ response: Response, _ fault: Platform.Fault, age: Duration) -> (Code, hint: String) {
        switch response.status {
        case 401:
            return (
                .unauthorized,
                "the token was refused \(Int(age.inSeconds)) s after it was granted: was it revoked, or the client disabled?"
            )
        case 403:
            let permission = fault.missingPermissions.map { "the permission \(sanitized($0, limit: 120))" }
            return (
                .forbidden,
                "give a role of the client \(permission ?? "the permission that this call needs"), "
                    + "and the division where there are several; a new token would not help"
            )
        case 429:
            let wait = RetryAfter.read(from: response.headers, now: .now()).map {
                " in \(Int($0.inSeconds.rounded(.up))) s"
            }
            return (.rateLimited, "call again\(wait ?? " in a minute"), and more slowly")
        case 404: return (.notFound, "check the path, its version and the identifiers in it")
        case 300..<400: return (.refused, "redirects are not followed: call the final address")
        case 500...: return (.serverFailed, "the platform fails at the moment: try again later")
        case 400 where fault.message?.contains("Pagination may not exceed") == true:
            return (
                .refused,
                "the list is longer than can be paged through: ask for shorter intervals, or with 'ringdown conversations --job'"
            )
        case 400 where fault.code == "not.a.user":
            return (.refused, "this call is for people who signed in; a client asks '/api/v2/tokens/me' instead")
        default: return (.refused, "the request is not what the API expects: compare it with the API's description")
        }
    }
}
