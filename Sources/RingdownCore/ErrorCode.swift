/// The kind of a failure. Later versions may add codes.
public struct ErrorCode: Sendable, Hashable, CustomStringConvertible {
    /// The name of the code, such as `rateLimited`.
    public let name: String

    private init(_ name: String) {
        self.name = name
    }

    /// Creates a code from its ``name``. Returns nil for a code that this version does not have.
    public init?(rawValue: String) {
        guard let code = Self.all[rawValue] else { return nil }
        self = code
    }

    /// The same as ``name``.
    public var description: String { name }

    // MARK: Token requests

    /// The client is unknown or its credentials are wrong: `invalid_client`, `invalid_grant`.
    public static let credentialsRefused = ErrorCode("credentialsRefused")
    /// The client is not allowed to use the grant: `unauthorized_client`, `unsupported_grant_type`.
    public static let grantRefused = ErrorCode("grantRefused")
    /// The requested scope or resource is not allowed: `invalid_scope`, `invalid_target`.
    public static let scopeRefused = ErrorCode("scopeRefused")
    /// The server rejected the token request for any other reason.
    public static let requestRefused = ErrorCode("requestRefused")
    /// The lifetime of granted tokens is shorter than the requested minimum validity.
    public static let tooShort = ErrorCode("tooShort")
    /// The token endpoint could not be discovered.
    public static let discoveryFailed = ErrorCode("discoveryFailed")
    /// The token belongs to an unexpected organisation.
    public static let wrongOrganization = ErrorCode("wrongOrganization")
    /// No user is signed in, or the sign-in has expired.
    public static let signInRequired = ErrorCode("signInRequired")
    /// The client secret could not be looked up: its file or provider failed, or returned an invalid secret.
    public static let secretUnavailable = ErrorCode("secretUnavailable")
    /// The caller's task was cancelled. Public functions throw `CancellationError` instead.
    package static let cancelled = ErrorCode("cancelled")

    // MARK: Calls

    /// The API returned 401, even with a new token.
    public static let unauthorized = ErrorCode("unauthorized")
    /// The API returned 403: the client lacks a permission.
    public static let forbidden = ErrorCode("forbidden")
    /// The API returned 404.
    public static let notFound = ErrorCode("notFound")
    /// The API returned another error status below 500.
    public static let refused = ErrorCode("refused")
    /// The call was not sent, because the platform failed several times in a row.
    public static let circuitOpen = ErrorCode("circuitOpen")
    /// The URL is on a host to which the token must not be sent.
    public static let untrustedHost = ErrorCode("untrustedHost")
    /// A page announces more items in a way that is not understood.
    public static let unknownPaging = ErrorCode("unknownPaging")
    /// A list ended before its exact total was reached.
    public static let incompleteList = ErrorCode("incompleteList")
    /// The path is invalid.
    public static let invalidPath = ErrorCode("invalidPath")
    /// The client was shut down before the call.
    public static let shutDown = ErrorCode("shutDown")

    // MARK: Both

    /// A rate limit was exceeded, or the wait for it is too long.
    public static let rateLimited = ErrorCode("rateLimited")
    /// The server returned a status of 500 or higher, or is unavailable.
    public static let serverFailed = ErrorCode("serverFailed")
    /// The server returned success with an unexpected body.
    public static let malformedResponse = ErrorCode("malformedResponse")
    /// A proxy, a firewall or a sign-in portal responded instead of the server.
    public static let intercepted = ErrorCode("intercepted")
    /// No response was received. The `transport` of the error contains the reason.
    public static let unreachable = ErrorCode("unreachable")
    /// A setting or a parameter is missing or invalid.
    public static let configuration = ErrorCode("configuration")

    private static let all = Dictionary(
        uniqueKeysWithValues: [
            credentialsRefused, grantRefused, scopeRefused, requestRefused, tooShort, discoveryFailed,
            wrongOrganization, signInRequired, secretUnavailable, cancelled, unauthorized, forbidden, notFound, refused,
            circuitOpen, untrustedHost, invalidPath, rateLimited, serverFailed, malformedResponse, intercepted,
            unreachable,
            configuration, unknownPaging, incompleteList, shutDown,
        ].map { ($0.name, $0) })
}
