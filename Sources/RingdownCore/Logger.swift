/// The logger of the library. The default logger discards all messages; a program sets ``current`` for its tasks.
public struct Logger: Sendable {
    /// The severity of a message.
    public enum Level: Int, Sendable, Comparable {
        case debug, warning

        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// The logger of the running task.
    @TaskLocal public static var current = Logger(level: .warning) { _, _, _ in }

    private let level: Level
    private let sink: @Sendable (Level, _ event: String, _ message: String) -> Void

    /// Creates a logger that passes all messages of at least `level` to `sink`.
    public init(level: Level, sink: @escaping @Sendable (Level, _ event: String, _ message: String) -> Void) {
        self.level = level
        self.sink = sink
    }

    /// Logs a problem that does not stop the operation.
    public func warning(_ event: StaticString, _ message: @autoclosure () -> String) {
        sink(.warning, "\(event)", message())
    }

    /// Logs one step of an operation.
    public func debug(_ event: StaticString, _ message: @autoclosure () -> String) {
        if level == .debug { sink(.debug, "\(event)", message()) }
    }
}
