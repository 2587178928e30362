package import RingdownCore

/// Keeps what is logged.
package final class MemoryLog: Sendable {
    private let entries = Locked<[(event: String, message: String)]>([])

    package init() {}

    /// The messages of warnings so far.
    package var warnings: [String] { entries.withLock { $0.map(\.message) } }
    /// The events of warnings so far.
    package var events: [String] { entries.withLock { $0.map(\.event) } }

    package var logger: Logger {
        Logger(level: .warning) { level, event, message in
            if level == .warning { self.entries.withLock { $0.append((event, message)) } }
        }
    }
}
