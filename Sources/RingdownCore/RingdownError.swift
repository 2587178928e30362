/// An error of the library.
///
/// Token requests throw `TokenError`, calls throw `APIError`, and initialisers throw ``ConfigurationError``. A cancelled task
/// receives `CancellationError` instead.
///
/// ```swift
/// do { try await client.post("/api/v2/groups", body) } catch let error as any RingdownError {
///     if case .retry(let wait) = error.recovery { schedule(after: wait) }
///     logger.error("\(error.code): \(error.message)")
/// }
/// ```
public protocol RingdownError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    var code: ErrorCode { get }
    /// A human-readable message without secrets or line breaks.
    var message: String { get }
    /// The most likely cause, or what to change.
    var hint: String { get }
    /// The HTTP status; nil if no response was received.
    var status: Int? { get }
    /// The wait after which the request may succeed; nil if it is not known.
    var retryAfter: Duration? { get }
    /// What a program or its operator can do.
    var recovery: Recovery { get }
}

extension RingdownError {
    /// The same as ``message``.
    public var description: String { message }
}

/// What a program or its operator can do after an error.
public enum Recovery: Sendable, Hashable {
    /// Send the same request again, after the wait if there is one.
    case retry(after: Duration?)
    /// Correct the client ID, the secret or the access key.
    case checkCredentials
    /// Set or correct a setting or a parameter.
    case checkSettings
    /// Configure an account: no credentials were found.
    case configureAccount
    /// Select one of the configured platforms.
    case choosePlatform
    /// Choose a region or area from the list.
    case chooseRegion
    /// Find the region to which the client belongs.
    case findRegion
    /// Sign in again as a user.
    case signIn
    /// Assign a role with the permission to the client. The name of the permission is nil if the platform does not report it.
    case assignPermission(String?)
    /// Request a shorter minimum validity, or increase the lifetime of tokens.
    case shortenValidity
    /// Request the list as a job, or in shorter intervals.
    case useJob
    /// Send single calls: the library has no such list for this platform.
    case sendCalls
    /// Name the member of the page that contains the list.
    case nameItems
    /// Name the place of the next link or token in the page.
    case nameNextPage
    /// Trust the file of the working directory like a profile.
    case trustDirectory
    /// Correct the path or the body of the call.
    case checkRequest
    /// Nothing in particular.
    case none
}
