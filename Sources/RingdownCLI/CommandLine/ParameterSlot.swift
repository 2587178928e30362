/// What the parser fills. The wrappers hold one each; a fresh command has fresh slots.
protocol ParameterSlot: AnyObject {
    var spec: ParameterSpec { get }
    /// The allowed texts, where there is a fixed choice; made when they are asked for.
    var choices: [String] { get }
    /// Takes a value; false where it is not of the right form.
    func take(_ text: String) -> Bool
    var expectation: String { get }
}

/// A slot for a content of any type, and how a text gets into it.
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
    /// Takes one text after the other.
    convenience init(listOf spec: ParameterSpec) {
        self.init(spec, [], of: String.self) { text, list in
            list.append(text)
            return true
        }
    }
}

/// The parameters of a command that is being made, in the order of their declaration; the slots enter themselves.
///
/// Nothing is looked up by reflection: that alone would take longer than the rest of a command with a cached token.
final class ParameterList: @unchecked Sendable {  // because only the task that makes the command sees it
    @TaskLocal private static var current: ParameterList?
    private(set) var slots: [any ParameterSlot] = []

    static func add(_ slot: any ParameterSlot) {
        current?.slots.append(slot)
    }

    /// A new command, and its parameters.
    static func of(_ type: any Command.Type) -> (command: any Command, slots: [any ParameterSlot]) {
        let list = ParameterList()
        let command = $current.withValue(list) { type.init() }
        return (command, list.slots)
    }
}
