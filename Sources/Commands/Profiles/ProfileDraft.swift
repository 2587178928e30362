internal import ContactCenter
internal import Foundations

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

    /// Takes over what the settings hold; the name of a secret's file rather than the secret.
    mutating func take(_ question: Platform.Question, from settings: Settings) throws(ConfigurationError) {
        if let path = settings.text(question.variable + "_FILE") {
            let full = path.hasPrefix("/") ? path : currentDirectory() + "/" + path
            values.append((question.variable + "_FILE", Secret(full)))
        } else if question.kind == .secret {
            if let secret = try settings.secret(question.variable) { values.append((question.variable, secret)) }
        } else if let text = settings.text(question.variable) {
            values.append((question.variable, Secret(text)))
        }
    }

    /// The settings as they will be read, with the network as the environment has it.
    func settings(_ variables: [String: String]) throws(ConfigurationError) -> Settings {
        var bytes = try file().withBytes { Array($0) }
        defer { wipe(&bytes) }
        var settings = Settings(environment: variables.filter { name, _ in !Self.isOfPlatform(name, variables) })
        try settings.add(bytes, named: "the new profile")
        return settings
    }

    /// Credentials of the environment's would win over the profile's; hosts count, as they will when it is used.
    private static func isOfPlatform(_ name: String, _ variables: [String: String]) -> Bool {
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
