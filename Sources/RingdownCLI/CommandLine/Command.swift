/// Something that the program can be told to do. Its parameters are properties with wrappers.
package protocol Command: SendableMetatype {
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
    package static var discussion: String { "" }
}

/// All commands of a program.
package struct CommandTree: Sendable {
    package let program: String
    package let abstract: String
    package let commands: [any Command.Type]

    package init(program: String, abstract: String, commands: [any Command.Type]) {
        self.program = program
        self.abstract = abstract
        self.commands = commands
    }
}

/// A command line that cannot be understood.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package var message: String
    package var hint: String

    package init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
