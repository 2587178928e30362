/// Where the library says what it noticed. The default drops everything; a program sets ``current`` for its tasks.
public struct Logger: Sendable {
    public enum Level: Int, Sendable, Comparable {
        case debug, warning

        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// The logger of the running task.
    @TaskLocal public static var current = Logger(level: .warning) { _, _, _ in }

    private let level: Level
    private let sink: @Sendable (Level, _ event: String, _ message: String) -> Void

    /// A logger that hands everything of at least `level` to `sink`.
    public init(level: Level, sink: @escaping @Sendable (Level, _ event: String, _ message: String) -> Void) {
        self.level = level
        self.sink = sink
    }

    /// Something a user should know although the work goes on.
    public func warning(_ event: StaticString, _ message: @autoclosure () -> String) {
        sink(.warning, "\(event)", message())
    }

    /// Something for who follows the program at work.
    public func debug(_ event: StaticString, _ message: @autoclosure () -> String) {
        if level == .debug { sink(.debug, "\(event)", message()) }
    }
}
