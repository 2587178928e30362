/// An error for a missing or invalid setting. No request was sent.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The setting, its origin and the problem.
    public var message: String
    /// The suggested fix.
    public var hint: String

    public init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }

    public var description: String { message }
}
