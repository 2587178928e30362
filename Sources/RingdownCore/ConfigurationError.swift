/// Settings that are missing or cannot be used. Nothing was sent.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, with which setting, from where.
    public var message: String
    /// What to do about it.
    public var hint: String

    public init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }

    public var description: String { message }
}
