internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A profile that is being made: its variables, and the file that they come to.
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

    /// Takes over what the environment holds: a secret's file or command by reference. Throws where an answer is missing.
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
                hint: "--from-environment takes everything from there; without it you are asked")
        } else if let standard = question.standard, !standard.isEmpty {
            values.append((question.variable, Secret(standard)))
        }
    }

    /// Takes over what else the environment says of the account.
    mutating func takeOptions(from variables: [String: String]) {
        for name in platform.options {
            if let text = variables[name], !text.isEmpty { values.append((name, Secret(text))) }
        }
    }

    /// The settings as they will be read, with the network as the environment has it.
    func settings(_ variables: [String: String]) throws(ConfigurationError) -> Settings {
        var bytes = try file().withBytes { Array($0) }
        defer { wipe(&bytes) }
        var settings = Settings(variables: variables.filter { !Self.isCredential($0.key) })
        try settings.add(bytes, named: "the new profile")
        return settings
    }

    /// Credentials of the environment's would win over the profile's; hosts count, as they will when it is used.
    private static func isCredential(_ name: String) -> Bool {
        ["GENESYS", "CXONE_", "OAUTH_"].contains { name.hasPrefix($0) } && !name.hasSuffix("_URL")
            && !name.hasSuffix("_ISSUER")
    }

    func file() throws(ConfigurationError) -> Secret {
        var parts = [
            Secret("# \(platform.title), made by 'ringdown init'. Every variable: Documentation/Settings.md\n"),
            Secret("RINGDOWN_PLATFORM=\(platform.name)\n"),
        ]
        for (variable, value) in values {
            guard let line = Dotenv.line(variable, value) else {
                throw ConfigurationError(
                    "\(variable) holds a quote, a backslash or a line break: programs read such lines differently",
                    hint: "put it into a file of its own, set \(variable)_FILE to it, and use --from-environment")
            }
            parts.append(line)
        }
        return Secret(joining: parts)
    }
}

/// Where the process stands; `.` where that is gone.
private func currentDirectory() -> String {
    guard let text = getcwd(nil, 0) else { return "." }
    defer { free(text) }
    return String(cString: text)
}
