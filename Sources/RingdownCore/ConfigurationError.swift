/// An error for a missing or invalid setting. No request was sent.
public struct ConfigurationError: RingdownError, Equatable {
    /// The setting, its origin and the problem.
    public var message: String
    /// The suggested fix.
    public var hint: String

    /// What to do about the setting.
    public var recovery: Recovery

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - message: The setting, its origin and the problem.
    ///   - hint: The suggested fix.
    ///   - recovery: What to do about the setting (default: correct it).
    public init(_ message: String, hint: String, recovery: Recovery = .checkSettings) {
        self.message = message
        self.hint = hint
        self.recovery = recovery
    }

    /// Always ``ErrorCode/configuration``.
    public var code: ErrorCode { .configuration }
    /// Always nil: no request was sent.
    public var status: Int? { nil }
    /// Always nil.
    public var retryAfter: Duration? { nil }
}
