package import RingdownCore

/// The settings of an account. Options take precedence over the environment, and the environment over a `.env` file. Each value has
/// an origin.
package struct Settings: Sendable {
    private struct Layer: Sendable {
        let origin: SettingOrigin
        var values: [String: Value]
        /// The line numbers of the values in a file.
        var lines: [String: Int] = [:]
        /// The reasons why other programs parse a value of a file differently.
        var ambiguities: [String: String] = [:]

        var isTrusted: Bool { origin.isTrusted }

        /// The location of a setting in messages, such as `./.env, line 3: NAME`.
        func place(of variable: String) -> String {
            origin.title + (lines[variable].map { ", line \($0)" } ?? "") + ": " + sanitized(variable, limit: 80)
        }

        func warnOfAmbiguity(_ variable: String) {
            guard let reason = ambiguities[variable], let line = lines[variable] else { return }
            Logger.current.warning(
                "settings.ambiguity",
                "\(origin.title), line \(line): \(variable) is parsed differently by other programs: \(reason)")
        }
    }
    /// A value. Values of the process environment are in clear memory already, and values of files are stored as secrets.
    private enum Value: Sendable {
        case clear(String)
        case secret(Secret)

        var isEmpty: Bool {
            switch self {
            case .clear(let text): text.isEmpty
            case .secret(let secret): secret.isEmpty
            }
        }
        var text: String {
            switch self {
            case .clear(let text): text
            case .secret(let secret): secret.reveal()
            }
        }
        var asSecret: Secret {
            switch self {
            case .clear(let text): Secret(text)
            case .secret(let secret): secret
            }
        }
    }

    private var layers: [Layer]
    private let secrets: SecretReader
    private let originGuard: OriginGuard

    /// Creates settings.
    ///
    /// - Parameters:
    ///   - environment: The variables of the environment.
    ///   - flags: The values of options, by the names of their variables.
    ///   - secrets: The reader for references to secrets.
    ///   - originGuard: The guard to share with settings that are used together (default: a new one).
    package init(
        environment: [String: String], flags: [String: String] = [:], secrets: SecretReader = SecretReader(),
        originGuard: OriginGuard = OriginGuard()
    ) {
        layers = [
            Layer(origin: .option, values: flags.mapValues { .clear($0) }),
            Layer(origin: .environment, values: environment.mapValues { .clear($0) }),
        ]
        self.secrets = secrets
        self.originGuard = originGuard
    }

    /// Adds the values of a `.env` file. Existing values take precedence.
    ///
    /// A file of the working directory is not trusted: ``OriginGuard`` separates its settings from secrets of other origins, and it
    /// cannot refer to commands, files, stores, or standard input.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - isTrusted: Whether the file is trusted (default: true).
    /// - Throws: ``ConfigurationError`` with the file and the line if the file cannot be parsed, or if other users can write to it.
    package mutating func add(file path: String, isTrusted: Bool = true) throws(ConfigurationError) {
        var bytes: [UInt8]
        do { bytes = try File.read(path, limit: 1 << 20, access: .ownersToWrite) } catch {
            throw ConfigurationError(
                "cannot read \(error)",
                hint: "check the path and the permissions: only the owner may write to the file (chmod 600)")
        }
        defer { wipe(&bytes) }
        try add(bytes, named: path, isTrusted: isTrusted)
    }

    /// Adds the values of the content of a `.env` file. Throws as ``add(file:isTrusted:)``.
    package mutating func add(
        _ bytes: [UInt8], named path: String, isTrusted: Bool = true
    ) throws(ConfigurationError) {
        do throws(Dotenv.Malformed) {
            let assignments = try Dotenv.parse(bytes)
            var layer = Layer(
                origin: isTrusted ? .profile(path: path) : .workingDirectory(path: path),
                values: Dictionary(assignments.map { ($0.name, Value.secret($0.value)) }) { _, last in last })
            for assignment in assignments {
                layer.lines[assignment.name] = assignment.line
                layer.ambiguities[assignment.name] = assignment.ambiguity
            }
            layers.append(layer)
        } catch {
            throw ConfigurationError(
                "\(path), line \(error.line): \(error.reason)",
                hint: "use one NAME=value, NAME='value' or NAME=\"value\" per line; # starts a comment"
            )
        }
    }

    /// Removes the variables of the environment that would change the account, region or hosts of a profile.
    ///
    /// A variable is removed if the profile sets it too, if it belongs to another platform than the profile's, or if it selects a
    /// region, a host or a grant. A secret that the profile does not contain, such as the next one, is still read from the
    /// environment.
    ///
    /// - Returns: The removed variables with another value than in the profile, sorted, without those of other platforms.
    package mutating func preferProfile() -> [String] {
        guard let environment = layers.firstIndex(where: { $0.origin == .environment }),
            let profile = layers.first(where: { if case .profile = $0.origin { true } else { false } })
        else { return [] }
        let own = profile.values.filter { !$0.value.isEmpty }
        let names = ProfileNames(Array(own.keys))
        var ignored: [String] = []
        for (name, value) in layers[environment].values where !value.isEmpty && names.decides(name) {
            layers[environment].values[name] = nil
            if names.isOfOtherPlatform(name) || own[name]?.asSecret == value.asSecret { continue }
            if name == "RINGDOWN_PLATFORM", names.isOnly(platform: value.text) { continue }
            ignored.append(name)
        }
        return ignored.sorted()
    }

    /// Sets a value that takes precedence like a command-line option.
    package mutating func set(_ name: String, to value: String) { layers[0].values[name] = .clear(value) }

    /// Returns the settings with the current content of their files. Throws as ``add(file:isTrusted:)``.
    func reread() throws(ConfigurationError) -> Settings {
        var fresh = self
        fresh.layers = layers.filter { $0.origin.path == nil }
        for layer in layers {
            if let path = layer.origin.path, File.resolved(path) != nil {
                try fresh.add(file: path, isTrusted: layer.isTrusted)
            }
        }
        return fresh
    }

    /// The account of a sign-in, which distinguishes users of the same client: the resolved path of the first file; empty if no file
    /// was read.
    var signInAccount: String {
        guard let path = layers.lazy.compactMap(\.origin.path).first else { return "" }
        return File.resolved(path) ?? path
    }

    /// The settings without those of the working directory.
    package var trusted: Settings {
        var settings = self
        settings.layers = layers.filter(\.isTrusted)
        return settings
    }

    /// Returns the origin of the effective value of a setting; nil if the setting is not set.
    package func origin(of name: String) -> SettingOrigin? { find([name])?.layer.origin }

    /// The variables that contain or refer to secrets of clients and stores. They are removed from the environment of other
    /// programs.
    package static let secretVariables: [String] =
        [
            "GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET", "CXONE_CLIENT_SECRET",
            "CXONE_ACCESS_KEY_SECRET",
            "OAUTH_CLIENT_SECRET", "OAUTH_PRIVATE_KEY",
        ].flatMap { [$0, $0 + "_FILE", $0 + "_NEXT", $0 + "_NEXT_FILE"] } + [
            "RINGDOWN_CACHE_KEY", "RINGDOWN_CACHE_KEY_FILE", "RINGDOWN_REDIS_URL",
        ]

    /// The searched locations, for messages.
    package var places: String {
        layers.dropFirst().map(\.origin.title).joined(separator: ", ")
    }

    /// Returns the value of the first of these settings that is set; nil if none is set. An empty value counts as not set.
    ///
    /// - Throws: ``ConfigurationError`` if a setting of the working directory would control the use of a secret of another origin.
    package func text(_ names: String...) throws(ConfigurationError) -> String? {
        guard let (name, value, layer) = try first(names) else { return nil }
        layer.warnOfAmbiguity(name)
        if name.hasSuffix("_ID") { Self.warnOfWhiteSpace(in: value.text, name) }
        return value.text
    }

    /// Returns the values of all these settings that are set. Throws as ``text(_:)``.
    package func values(of names: [String]) throws(ConfigurationError) -> [String: String] {
        var values: [String: String] = [:]
        for name in names { values[name] = try text(name) }
        return values
    }

    /// Returns the path of a file with a client certificate or private key; nil if the setting is not set.
    ///
    /// - Throws: ``ConfigurationError`` as ``text(_:)``, or if the working directory refers to a file outside of it.
    package func identityFile(_ name: String) throws(ConfigurationError) -> String? {
        guard let (_, value, layer) = try first([name]) else { return nil }
        let path = expanded(value.text)
        if case .workingDirectory(let file) = layer.origin {
            let directory = File.resolved(String(file.dropLast(".env".count)) + ".")
            guard let directory, let target = File.resolved(path), target.hasPrefix(directory + "/") else {
                throw ConfigurationError(
                    "\(layer.place(of: name)) refers to a file outside of the working directory",
                    hint: OriginGuard.waysToTrust, recovery: .trustDirectory)
            }
        }
        try originGuard.willUse(secret: name, of: layer.origin)
        return path
    }

    /// Returns the value of a setting of a trusted origin, for the credentials of secret stores.
    func trustedText(_ name: String) -> String? {
        layers.lazy.filter(\.isTrusted).compactMap { $0.values[name] }.first { !$0.isEmpty }?.text
    }

    /// Returns whether any of these settings, or a file for one of them (`NAME_FILE`), is set.
    package func has(_ names: String...) -> Bool {
        find(names + names.map { $0 + "_FILE" }) != nil
    }

    /// Returns the URL in the first of these settings that is set; nil if none is set.
    func url(_ names: String...) throws(ConfigurationError) -> HTTPURL? {
        guard let (name, value, _) = try first(names) else { return nil }
        Self.warnOfIgnoredWhiteSpace(around: value.text, name)
        do { return try HTTPURL(value.text.trimmed) } catch {
            throw ConfigurationError("\(name): \(error)", hint: "use a full URL, such as https://login.example.com")
        }
    }

    /// Returns the secret of the first of these settings that is set; nil if none is set.
    ///
    /// The value is the secret itself or a reference (`-` for standard input, `cmd:…` for the output of a command). `NAME_FILE` is
    /// the path of a file with the secret.
    ///
    /// - Throws: ``ConfigurationError`` if the secret cannot be read or must not be used.
    package func secret(_ names: String...) throws(ConfigurationError) -> Secret? {
        // The origin takes precedence over the name: an option overrides the environment, regardless of the name.
        for layer in layers {
            for name in names {
                if let value = layer.values[name], !value.isEmpty { return try secret(name, value, layer) }
                if let path = layer.values[name + "_FILE"], !path.isEmpty {
                    let name = name + "_FILE"
                    guard layer.isTrusted else {
                        throw ConfigurationError(
                            "\(layer.place(of: name)) refers to a file, which is not allowed in a file of the working directory",
                            hint: OriginGuard.waysToTrust, recovery: .trustDirectory)
                    }
                    try use(name, layer)
                    return try secrets.read(file: expanded(path.text), name: name)
                }
            }
        }
        return nil
    }

    private func secret(_ name: String, _ value: Value, _ layer: Layer) throws(ConfigurationError) -> Secret {
        layer.warnOfAmbiguity(name)
        if layer.values[name + "_FILE"]?.isEmpty == false {
            Logger.current.warning("settings.twice", "\(name) and \(name)_FILE are both set; \(name) is used")
        }
        let secret = value.asSecret
        if !layer.isTrusted, SecretReader.isReference(secret.reveal()) {
            throw ConfigurationError(
                "\(layer.place(of: name)) refers to another source (-, cmd:…, aws:…, azure:…, keyring:…, redis:…), which is "
                    + "not allowed in a file of the working directory",
                hint: OriginGuard.waysToTrust, recovery: .trustDirectory)
        }
        try use(name, layer)
        let resolved = try secrets.resolve(secret, name: name) { [self] in trustedText($0) }
        Self.warnOfEdges(resolved, name)
        return resolved
    }

    /// Records that a user's sign-in is used with these settings. Throws as ``OriginGuard/willUseSignIn()``.
    func useSignIn() throws(ConfigurationError) { try originGuard.willUseSignIn() }

    /// Records the use of a secret. Keys of the token store are not sent to any server, so they do not count as secrets here. A key
    /// of the working directory must not encrypt the token of a trusted secret, so it counts as a setting.
    private func use(_ name: String, _ layer: Layer) throws(ConfigurationError) {
        try originGuard.willRead(name, of: layer.origin, line: layer.lines[name])
        if !name.hasPrefix("RINGDOWN_CACHE_KEY") { try originGuard.willUse(secret: name, of: layer.origin) }
    }

    /// Returns a setting, or throws an error with the searched locations if it is not set.
    func required<Value>(_ value: Value?, _ names: String...) throws(ConfigurationError) -> Value {
        if let value { return value }
        let candidates = Set(layers.flatMap(\.values.keys)).filter { !names.contains($0) }
        let meant = nearest(to: names[0], among: Array(candidates), limit: 1).first {
            abs($0.count - names[0].count) < 3
        }
        throw ConfigurationError(
            "\(names.joined(separator: " or ")) is not set" + (meant.map { "; did you mean \($0)?" } ?? ""),
            hint: "searched in \(places)", recovery: .configureAccount
        )
    }

    /// Returns a setting with a fixed set of values, or the default if it is not set.
    func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, default standard: Value
    ) throws(ConfigurationError) -> Value where Value.RawValue == String {
        guard let text = try text(name) else { return standard }
        if let value = Value(rawValue: text) { return value }
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw ConfigurationError("invalid \(name) '\(sanitized(text, limit: 40))'", hint: "use one of: \(words)")
    }

    /// Returns the effective value of the first of these settings that is set. Throws as ``text(_:)``.
    private func first(_ names: [String]) throws(ConfigurationError) -> (name: String, value: Value, layer: Layer)? {
        guard let found = find(names) else { return nil }
        try originGuard.willRead(found.name, of: found.layer.origin, line: found.layer.lines[found.name])
        return found
    }

    private func find(_ names: [String]) -> (name: String, value: Value, layer: Layer)? {
        for layer in layers {
            for name in names {
                if let value = layer.values[name], !value.isEmpty { return (name, value, layer) }
            }
        }
        return nil
    }
}
