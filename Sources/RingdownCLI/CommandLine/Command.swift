/// A subcommand of the program. Its parameters are properties with the wrappers ``Option``, ``Flag``, ``Argument`` and so on.
package protocol Command: SendableMetatype {
    static var name: String { get }
    /// A one-line summary, for lists of commands.
    static var abstract: String { get }
    /// Details for the command's own help.
    static var discussion: String { get }
    /// Complete command lines, each with its purpose.
    static var examples: [(line: String, purpose: String)] { get }

    init()
    /// Runs the command.
    ///
    /// - Returns: The exit code.
    func run() async throws -> Int32
}

extension Command {
    package static var discussion: String { "" }
}

/// A program with its commands.
package struct CommandTree: Sendable {
    package let program: String
    package let abstract: String
    /// The commands under the titles by which the program's help groups them.
    package let groups: [(title: String, commands: [any Command.Type])]
    package let commands: [any Command.Type]

    package init(program: String, abstract: String, groups: [(title: String, commands: [any Command.Type])]) {
        self.program = program
        self.abstract = abstract
        self.groups = groups
        commands = groups.flatMap(\.commands)
    }
}

/// An error in the command line.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package var message: String
    package var hint: String

    package init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
