/// Something that the program can be told to do. Its parameters are properties with wrappers.
public protocol Command: SendableMetatype {
    static var name: String { get }
    /// One line, for lists.
    static var abstract: String { get }
    /// What more there is to know, for its own help.
    static var discussion: String { get }
    /// Command lines that work, each with what it does.
    static var examples: [(line: String, purpose: String)] { get }

    init()
    /// Returns the exit code.
    func run() async throws -> Int32
}

extension Command {
    public static var discussion: String { "" }
}

/// All commands of a program.
public struct CommandTree: Sendable {
    public let program: String
    public let abstract: String
    public let commands: [any Command.Type]

    public init(program: String, abstract: String, commands: [any Command.Type]) {
        self.program = program
        self.abstract = abstract
        self.commands = commands
    }
}

/// A command line that cannot be understood.
public struct UsageError: Error, Equatable, CustomStringConvertible {
    public var message: String
    public var hint: String

    public init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }

    public var description: String { message }
}
