public import Foundations

/// Keeps what is logged.
public final class MemoryLog: Sendable {
    private let entries = Locked<[String]>([])

    public init() {}

    /// The messages of warnings so far.
    public var warnings: [String] { entries.withLock { $0 } }

    public var logger: Logger {
        Logger(level: .warning) { level, _, message in
            if level == .warning { self.entries.withLock { $0.append(message) } }
        }
    }
}
