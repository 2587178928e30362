internal import Ringdown
internal import RingdownCore

/// Selects the platform of a command if the settings describe accounts of several platforms.
struct PlatformChoice {
    private let condition = Locked<@Sendable (Platform) -> Bool>({ _ in true })
    /// The user's answers, by profile name, so that each is asked for once.
    private let answers = Locked<[String: String]>([:])

    /// Restricts the choice to the platforms that support the command.
    func require(_ condition: @escaping @Sendable (Platform) -> Bool) {
        self.condition.withLock { $0 = condition }
    }

    /// Sets `RINGDOWN_PLATFORM` if it is not set and the settings describe several platforms: to the only one that supports the
    /// command, else to the user's answer at the terminal.
    ///
    /// - Throws: `ConfigurationError` with the commands to run if the user cannot be prompted.
    func select(in settings: inout Settings, profile: String?) throws(ConfigurationError) {
        guard settings.origin(of: "RINGDOWN_PLATFORM") == nil else { return }
        let configured = Platform.configured(in: settings)
        guard configured.count > 1 else { return }
        let supporting = configured.filter(condition.withLock { $0 })
        let candidates = supporting.isEmpty ? configured : supporting
        let name = candidates.count == 1 ? candidates[0].name : try answer(candidates.map(\.name), profile ?? "")
        settings.set("RINGDOWN_PLATFORM", to: name)
    }

    private func answer(_ names: [String], _ profile: String) throws(ConfigurationError) -> String {
        if let known = answers.withLock({ $0[profile] }) { return known }
        while Terminal.isThere {
            let choices = names.joined(separator: " or ")
            guard let text = Terminal.ask("Platform, \(choices): ")?.lowercased() else { break }
            guard let name = names.first(where: { !text.isEmpty && $0.hasPrefix(text) }) else { continue }
            answers.withLock { $0[profile] = name }
            return name
        }
        let commands = names.map { "'\(SuggestedCommand.current(adding: "--platform \($0)"))'" }
        throw ConfigurationError(
            "the platform is ambiguous: there are settings for \(names.joined(separator: " and "))",
            hint: "add --platform: \(commands.joined(separator: " or "))")
    }
}
