/// The storage of one parameter, which the parser fills. Each wrapper of a command instance has its own.
protocol ParameterSlot: AnyObject {
    var spec: ParameterSpec { get }
    /// The allowed texts; empty if there is no fixed set. Computed on demand.
    var choices: [String] { get }
    /// Parses and stores a value.
    ///
    /// - Returns: False if the text is not valid.
    func take(_ text: String) -> Bool
    var expectation: String { get }
}

/// A slot with content of any type, and the function that parses a text into it.
final class Slot<Content>: ParameterSlot {
    private(set) var content: Content
    let spec: ParameterSpec
    private let type: (any ParameterValue.Type)?
    private let standardExpectation: String
    private let read: (String, inout Content) -> Bool

    init(
        _ spec: ParameterSpec, _ content: Content, of type: (any ParameterValue.Type)? = nil, expectation: String = "",
        read: @escaping (String, inout Content) -> Bool
    ) {
        (self.spec, self.content, self.type, self.read) = (spec, content, type, read)
        standardExpectation = expectation
        ParameterList.add(self)
    }

    var choices: [String] { type?.choices ?? [] }
    var expectation: String { type?.expectation ?? standardExpectation }
    func take(_ text: String) -> Bool { read(text, &content) }
}

extension Slot<[String]> {
    /// Creates a slot that appends each text to a list.
    convenience init(listOf spec: ParameterSpec) {
        self.init(spec, [], of: String.self) { text, list in
            list.append(text)
            return true
        }
    }
}

/// The parameters of a command that is being created, in the order of their declaration. Slots add themselves.
///
/// Reflection is not used: it alone takes longer than the rest of a command with a cached token.
final class ParameterList: @unchecked Sendable {  // only the task that creates the command accesses it
    @TaskLocal private static var current: ParameterList?
    private(set) var slots: [any ParameterSlot] = []

    static func add(_ slot: any ParameterSlot) {
        current?.slots.append(slot)
    }

    /// Creates a command.
    ///
    /// - Returns: The command and its parameters.
    static func of(_ type: any Command.Type) -> (command: any Command, slots: [any ParameterSlot]) {
        let list = ParameterList()
        let command = $current.withValue(list) { type.init() }
        return (command, list.slots)
    }
}
