internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A profile that is being created: its variables and the content of its file.
struct ProfileDraft {
    let platform: Platform
    var values: [(variable: String, value: Secret)] = []

    init(_ platform: Platform) {
        self.platform = platform
    }

    mutating func replace(_ variable: String, with value: Secret) {
        values.removeAll { $0.variable == variable }
        values.insert((variable, value), at: 0)
    }

    /// Adds the answer to a question from the environment. References to files and commands are stored unchanged.
    ///
    /// - Throws: `ConfigurationError` if a required variable is not set.
    mutating func take(_ question: Platform.Question, from variables: [String: String]) throws(ConfigurationError) {
        func value(_ suffix: String) -> String? {
            [question.variable, question.alias].compactMap { $0 }.compactMap { variables[$0 + suffix] }.first {
                !$0.isEmpty
            }
        }
        if question.kind == .secret, let path = value("_FILE") {
            let full = path.hasPrefix("/") ? path : currentDirectory() + "/" + path
            values.append((question.variable + "_FILE", Secret(full)))
        } else if let text = value("") {
            if question.kind == .secret, text == "-" {
                throw ConfigurationError(
                    "\(question.variable) is '-': a profile cannot read standard input",
                    hint: "set \(question.variable)_FILE")
            }
            values.append((question.variable, Secret(text)))
        } else if question.standard == nil {
            throw ConfigurationError(
                "\(question.variable) is not set",
                hint: "set it, or omit --from-environment to be prompted")
        } else if let standard = question.standard, !standard.isEmpty {
            values.append((question.variable, Secret(standard)))
        }
    }

    /// Adds the optional variables of the account that the environment sets.
    mutating func takeOptions(from variables: [String: String]) {
        for name in platform.options {
            if let text = variables[name], !text.isEmpty { values.append((name, Secret(text))) }
        }
    }

    /// The settings of the new profile, with the network settings of the environment.
    func settings(_ variables: [String: String]) throws(ConfigurationError) -> Settings {
        var bytes = try file().withBytes { Array($0) }
        defer { wipe(&bytes) }
        var settings = Settings(variables: variables.filter { !Self.isCredential($0.key) })
        try settings.add(bytes, named: "the new profile")
        return settings
    }

    /// Whether a variable is a credential. Credentials in the environment would override the profile's. Hosts in the environment
    /// stay in effect, because they also apply when the profile is used.
    private static func isCredential(_ name: String) -> Bool {
        ["GENESYS", "CXONE_", "OAUTH_"].contains { name.hasPrefix($0) } && !name.hasSuffix("_URL")
            && !name.hasSuffix("_ISSUER")
    }

    func file() throws(ConfigurationError) -> Secret {
        var parts = [
            Secret(
                "# \(platform.title), created by 'ringdown init'. See Documentation/Settings.md for all variables.\n"),
            Secret("RINGDOWN_PLATFORM=\(platform.name)\n"),
        ]
        for (variable, value) in values {
            guard let line = Dotenv.line(variable, value) else {
                throw ConfigurationError(
                    "\(variable) contains a quote, a backslash or a line break, which programs parse differently in .env files",
                    hint: "store the value in a file, set \(variable)_FILE to its path, and use --from-environment")
            }
            parts.append(line)
        }
        return Secret(joining: parts)
    }
}

/// The working directory of the process, or `.` if it no longer exists.
private func currentDirectory() -> String {
    guard let text = getcwd(nil, 0) else { return "." }
    defer { free(text) }
    return String(cString: text)
}
