public import Foundations

/// Keeps what is logged.
public final class MemoryLog: Sendable {
    private let entries = Locked<[(event: String, message: String)]>([])

    public init() {}

    /// The messages of warnings so far.
    public var warnings: [String] { entries.withLock { $0.map(\.message) } }
    /// The events of warnings so far.
    public var events: [String] { entries.withLock { $0.map(\.event) } }

    public var logger: Logger {
        Logger(level: .warning) { level, event, message in
            if level == .warning { self.entries.withLock { $0.append((event, message)) } }
        }
    }
}
