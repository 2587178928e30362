public import RingdownCore

/// The settings of an account: options win over the environment, the environment over a `.env` file. Every value carries its
/// origin.
public struct Settings: Sendable {
    private struct Layer: Sendable {
        let origin: SettingOrigin
        var values: [String: Value]
        /// The lines of a file on which its values stand.
        var lines: [String: Int] = [:]
        /// Why other programs read a value of a file differently.
        var ambiguities: [String: String] = [:]

        var isTrusted: Bool { origin.isTrusted }

        /// As it is named in messages: `./.env, line 3: NAME`.
        func place(of variable: String) -> String {
            origin.title + (lines[variable].map { ", line \($0)" } ?? "") + ": " + sanitized(variable, limit: 80)
        }

        func warnOfAmbiguity(_ variable: String) {
            guard let reason = ambiguities[variable], let line = lines[variable] else { return }
            Logger.current.warning(
                "settings.ambiguity",
                "\(origin.title), line \(line): \(variable) is read differently by other programs: \(reason)")
        }
    }
    /// What is in the process's environment is in clear memory already; the rest is kept as secrets.
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

    /// Settings of options (`flags`) and the environment. Settings that are used together share `originGuard`.
    public init(
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

    /// Adds the values of a `.env` file below those that are there.
    ///
    /// A file that was found in the working directory is not trusted (`isTrusted` false): ``OriginGuard`` keeps its settings away
    /// from secrets of other origins, and it cannot name commands, files, stores or standard input.
    ///
    /// - Throws: ``ConfigurationError`` with the file and the line if the file cannot be read, or if others can write it.
    public mutating func add(file path: String, isTrusted: Bool = true) throws(ConfigurationError) {
        var bytes: [UInt8]
        do { bytes = try File.read(path, limit: 1 << 20, access: .ownersToWrite) } catch {
            throw ConfigurationError(
                "cannot read \(error)", hint: "check the path; a file that others can write is not used (chmod 600)")
        }
        defer { wipe(&bytes) }
        try add(bytes, named: path, isTrusted: isTrusted)
    }

    /// The same for the content of a file.
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
                hint: "write NAME=value, NAME='value' or NAME=\"value\", one in a line; # begins a comment"
            )
        }
    }

    /// The same settings with their files as they are now. Throws as ``add(file:isTrusted:)``.
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

    /// Tells people apart who sign in with one client: the file that describes the account, without symbolic links; empty if
    /// everything comes from the environment. A file of the working directory counts with its content: a change to it must not
    /// direct a sign-in that was made before.
    var signInAccount: String {
        guard let layer = layers.first(where: { $0.origin.path != nil }), let path = layer.origin.path else {
            return ""
        }
        let file = File.resolved(path) ?? path
        if layer.isTrusted { return file }
        let content = layer.values.keys.sorted().flatMap { [Secret($0), layer.values[$0]?.asSecret ?? Secret("")] }
        let text = Secret(joining: content.flatMap { [Secret("\($0.count) "), $0] })
        return file + " " + hexadecimal(Sodium.fingerprint(text, key: Array("ringdown working directory".utf8)))
    }

    /// The same settings without those of the working directory.
    package var trusted: Settings {
        var settings = self
        settings.layers = layers.filter(\.isTrusted)
        return settings
    }

    /// The origin of the value that is used for a setting; nil if it is not set.
    package func origin(of name: String) -> SettingOrigin? { find([name])?.layer.origin }

    /// The variables that hold secrets of clients and stores, or say where they are: nothing for other programs.
    public static let secretVariables: [String] =
        [
            "GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET", "CXONE_CLIENT_SECRET",
            "CXONE_ACCESS_KEY_SECRET",
            "OAUTH_CLIENT_SECRET", "OAUTH_PRIVATE_KEY",
        ].flatMap { [$0, $0 + "_FILE", $0 + "_NEXT", $0 + "_NEXT_FILE"] } + [
            "RINGDOWN_CACHE_KEY", "RINGDOWN_CACHE_KEY_FILE", "RINGDOWN_REDIS_URL",
        ]

    /// Where values are looked for, for messages.
    public var places: String {
        layers.dropFirst().map(\.origin.title).joined(separator: ", ")
    }

    /// A setting that is not a secret, under the first of these names that is set. An empty value counts as not set.
    ///
    /// - Throws: ``ConfigurationError`` if it is a setting of the working directory that would decide how a secret of another origin
    ///   is used.
    public func text(_ names: String...) throws(ConfigurationError) -> String? {
        guard let (name, value, layer) = try first(names) else { return nil }
        layer.warnOfAmbiguity(name)
        return value.text
    }

    /// The values of all these settings that are set. Throws as ``text(_:)``.
    package func values(of names: [String]) throws(ConfigurationError) -> [String: String] {
        var values: [String: String] = [:]
        for name in names { values[name] = try text(name) }
        return values
    }

    /// The path of a file that holds a certificate or private key with which connections are made.
    ///
    /// - Throws: ``ConfigurationError`` as ``text(_:)``, and if the working directory names a file outside of it.
    package func identityFile(_ name: String) throws(ConfigurationError) -> String? {
        guard let (_, value, layer) = try first([name]) else { return nil }
        let path = value.text
        if case .workingDirectory(let file) = layer.origin {
            let directory = File.resolved(String(file.dropLast(".env".count)) + ".")
            guard let directory, let target = File.resolved(path), target.hasPrefix(directory + "/") else {
                throw ConfigurationError(
                    "\(layer.place(of: name)) names a file outside of the working directory",
                    hint: Self.waysToTrust)
            }
        }
        try originGuard.willUse(secret: name, of: layer.origin)
        return path
    }

    /// The same without a file that merely lies in the working directory: what opens a store goes where nobody else says.
    private func trustedText(_ name: String) -> String? {
        layers.lazy.filter(\.isTrusted).compactMap { $0.values[name] }.first { !$0.isEmpty }?.text
    }

    public func has(_ names: String...) -> Bool {
        find(names + names.map { $0 + "_FILE" }) != nil
    }

    /// A setting that is a URL.
    func url(_ names: String...) throws(ConfigurationError) -> HTTPURL? {
        guard let (name, value, _) = try first(names) else { return nil }
        do { return try HTTPURL(value.text.trimmed) } catch {
            throw ConfigurationError("\(name): \(error)", hint: "write a full URL, such as https://login.example.com")
        }
    }

    /// A secret, under the first of these names that is set: as it stands, from the file that `NAME_FILE` names, or by
    /// reference (`-` standard input, `cmd:…` a command's output).
    public func secret(_ names: String...) throws(ConfigurationError) -> Secret? {
        // The layer decides before the name: an option wins over the environment, whichever of the names it uses.
        for layer in layers {
            for name in names {
                if let value = layer.values[name], !value.isEmpty { return try secret(name, value, layer) }
                if let path = layer.values[name + "_FILE"], !path.isEmpty {
                    let name = name + "_FILE"
                    guard layer.isTrusted else {
                        throw ConfigurationError(
                            "\(layer.place(of: name)) names a file, which a file in the working directory must not do",
                            hint: Self.waysToTrust)
                    }
                    try use(name, layer)
                    return try secrets.read(file: path.text, name: name)
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
                "\(layer.place(of: name)) refers to a secret elsewhere (-, cmd:…, aws:…, azure:…, keyring:…, redis:…), which a "
                    + "file in the working directory must not do",
                hint: Self.waysToTrust)
        }
        try use(name, layer)
        let resolved = try secrets.resolve(secret, name: name) { [self] in trustedText($0) }
        warnOfEdges(resolved, name)
        return resolved
    }

    /// Records the use of a secret. Keys of the token store are not sent anywhere, so settings need not be kept away from them; but
    /// one from the working directory must not encrypt the token of a trusted secret.
    private func use(_ name: String, _ layer: Layer) throws(ConfigurationError) {
        try originGuard.willRead(name, of: layer.origin, line: layer.lines[name])
        if !name.hasPrefix("RINGDOWN_CACHE_KEY") { try originGuard.willUse(secret: name, of: layer.origin) }
    }

    private static let waysToTrust =
        "move the line into a profile (~/.config/ringdown/NAME.env), or allow the file with --trust-directory"

    /// No platform's secret begins or ends with these; they come along when a secret is copied.
    private func warnOfEdges(_ secret: Secret, _ name: String) {
        let edges = secret.withBytes { [$0.first, $0.last].compactMap { $0 } }
        if edges.contains(where: { $0 <= 0x20 }) {
            Logger.current.warning(
                "settings.edges", "\(name) begins or ends with white space or a line break; it is sent as it is")
        } else if secret.count > 1,
            edges.allSatisfy({ $0 == UInt8(ascii: "\"") }) || edges.allSatisfy({ $0 == UInt8(ascii: "'") })
        {
            Logger.current.warning("settings.edges", "\(name) stands in quotes; they are sent as a part of it")
        }
    }

    /// The setting, or the error that says where it was looked for.
    func required<Value>(_ value: Value?, _ names: String...) throws(ConfigurationError) -> Value {
        if let value { return value }
        let candidates = Set(layers.flatMap(\.values.keys)).filter { !names.contains($0) }
        let meant = nearest(to: names[0], among: Array(candidates), limit: 1).first {
            abs($0.count - names[0].count) < 3
        }
        throw ConfigurationError(
            "\(names.joined(separator: " or ")) is not set" + (meant.map { "; is \($0) meant to be it?" } ?? ""),
            hint: "looked for in \(places); set it there, or try 'ringdown demo', which needs no account"
        )
    }

    /// A setting with a fixed choice of words.
    func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, default standard: Value
    ) throws(ConfigurationError) -> Value where Value.RawValue == String {
        guard let text = try text(name) else { return standard }
        if let value = Value(rawValue: text) { return value }
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw ConfigurationError("\(name) is '\(sanitized(text, limit: 40))'", hint: "it can be one of: \(words)")
    }

    /// The value that is used for a setting. Throws as ``text(_:)``.
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
