package import RingdownCore

/// A log that stores warnings in memory.
package final class MemoryLog: Sendable {
    private let entries = Locked<[(event: String, message: String)]>([])

    package init() {}

    /// The messages of all warnings.
    package var warnings: [String] { entries.withLock { $0.map(\.message) } }
    /// The event names of all warnings.
    package var events: [String] { entries.withLock { $0.map(\.event) } }

    /// A logger that writes to this log.
    package var logger: Logger {
        Logger(level: .warning) { level, event, message in
            if level == .warning { self.entries.withLock { $0.append((event, message)) } }
        }
    }
}
