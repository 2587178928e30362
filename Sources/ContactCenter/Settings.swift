public import Foundations
internal import HTTPModel

/// The settings of a profile: flags win over the environment, the environment over a `.env` file.
public struct Settings: Sendable {
    private struct Layer: Sendable {
        var name: String
        var values: [String: Value]
        /// Whether whoever wrote it may have commands run.
        var isTrusted = true
        /// The file that it was read from; nil for the command line and the environment.
        var path: String?
        /// Where other programs read a value differently: the line, and why.
        var ambiguities: [String: (line: Int, reason: String)] = [:]

        func warnOfAmbiguity(_ variable: String) {
            guard let (line, reason) = ambiguities[variable] else { return }
            Logger.current.warning(
                "settings.ambiguity",
                "\(name), line \(line): \(variable) is read differently by other programs: \(reason)")
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

    public init(environment: [String: String], flags: [String: String] = [:], secrets: SecretReader = SecretReader()) {
        layers = [
            Layer(name: "the command line", values: flags.mapValues { .clear($0) }),
            Layer(name: "the environment", values: environment.mapValues { .clear($0) }),
        ]
        self.secrets = secrets
    }

    /// Adds the values of a `.env` file below those that are there. Throws where it cannot be read, with file and line.
    ///
    /// A file that merely lies in the working directory is not trusted: it may come from someone else's repository. It
    /// must belong to the user, can name no command, and where it sends secrets of another place to a host of its own,
    /// that is said.
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
            let values = Dictionary(assignments.map { ($0.name, Value.secret($0.value)) }) { _, last in last }
            if !isTrusted { warnOfRedirection(values, path) }
            var layer = Layer(name: path, values: values, isTrusted: isTrusted, path: path)
            for assignment in assignments {
                layer.ambiguities[assignment.name] = assignment.ambiguity.map { (assignment.line, $0) }
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
        fresh.layers = layers.filter { $0.path == nil }
        for layer in layers {
            if let path = layer.path, File.resolved(path) != nil {
                try fresh.add(file: path, isTrusted: layer.isTrusted)
            }
        }
        return fresh
    }

    /// The profile's file, without links; empty where everything comes from the environment.
    var profileFile: String { layers.compactMap(\.path).first.map { File.resolved($0) ?? $0 } ?? "" }

    /// The variables that hold secrets of clients and stores, or say where they are: nothing for other programs.
    public static let secretVariables: [String] =
        [
            "GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET", "CXONE_CLIENT_SECRET",
            "CXONE_ACCESS_KEY_SECRET",
            "OAUTH_CLIENT_SECRET", "OAUTH_PRIVATE_KEY",
        ].flatMap { [$0, $0 + "_FILE", $0 + "_NEXT", $0 + "_NEXT_FILE"] } + [
            "RINGDOWN_CACHE_KEY", "RINGDOWN_CACHE_KEY_FILE", "RINGDOWN_REDIS_URL",
        ]

    private func warnOfRedirection(_ values: [String: Value], _ path: String) {
        let directing = [
            "_LOGIN_URL", "_API_URL", "_TOKEN_URL", "_ISSUER", "_PROXY", "RINGDOWN_CA_FILE", "RINGDOWN_CACHE_DIR",
            "RINGDOWN_CACHE", "RINGDOWN_REDIS_URL",
            "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
        ]
        let names = values.keys.filter { name in directing.contains { name.uppercased().hasSuffix($0) } }.sorted()
        let secrets = [
            "GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET", "GENESYSCLOUD_ACCESS_TOKEN",
            "CXONE_CLIENT_SECRET",
            "CXONE_ACCESS_KEY_SECRET", "OAUTH_CLIENT_SECRET",
        ]
        // What is set already wins over the file's own.
        let foreign = secrets.filter { has($0) }
        if names.isEmpty || foreign.isEmpty { return }
        Logger.current.warning(
            "settings.redirection",
            "\(path) sets \(names.joined(separator: ", ")): it says where \(foreign.joined(separator: ", ")) of \(places) is used"
        )
    }

    /// Where values are looked for, for messages.
    public var places: String {
        layers.dropFirst().map(\.name).joined(separator: ", ")
    }

    /// A setting that is no secret, under the first of these names that is set. An empty value counts as not set.
    public func text(_ names: String...) -> String? {
        guard let (name, value, layer) = first(names) else { return nil }
        layer.warnOfAmbiguity(name)
        return value.text
    }

    /// The same without a file that merely lies in the working directory: what opens a store goes where nobody else says.
    private func trustedText(_ name: String) -> String? {
        layers.lazy.filter(\.isTrusted).compactMap { $0.values[name] }.first { !$0.isEmpty }?.text
    }

    public func has(_ names: String...) -> Bool {
        first(names + names.map { $0 + "_FILE" }) != nil
    }

    /// A setting that is a URL.
    func url(_ names: String...) throws(ConfigurationError) -> HTTPURL? {
        guard let (name, value, _) = first(names) else { return nil }
        do { return try HTTPURL(value.text.trimmed) } catch {
            throw ConfigurationError("\(name): \(error)", hint: "write a full URL, such as https://login.example.com")
        }
    }

    /// A secret, under the first of these names that is set: as it stands, from the file that `NAME_FILE` names, or by
    /// reference (`-` standard input, `cmd:…` a command's output).
    public func secret(_ names: String...) throws(ConfigurationError) -> Secret? {
        // The layer decides before the name: a flag wins over the environment, whichever of the names it uses.
        for layer in layers {
            for name in names {
                if let value = layer.values[name], !value.isEmpty {
                    layer.warnOfAmbiguity(name)
                    if layer.values[name + "_FILE"]?.isEmpty == false {
                        Logger.current.warning(
                            "settings.twice", "\(name) and \(name)_FILE are both set; \(name) is used")
                    }
                    let secret = try secrets.resolve(
                        value.asSecret, name: name, mayRun: layer.isTrusted, variable: { [self] in trustedText($0) })
                    warnOfEdges(secret, name)
                    return secret
                }
                if let path = layer.values[name + "_FILE"], !path.isEmpty {
                    guard layer.isTrusted else {
                        throw ConfigurationError(
                            "\(name)_FILE in ./.env names a file: a file that lies in a directory does not get to read others",
                            hint: "put it into a profile, ~/.config/ringdown/NAME.env, or into the environment"
                        )
                    }
                    return try secrets.read(file: path.text, name: name + "_FILE")
                }
            }
        }
        return nil
    }

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
        guard let text = text(name) else { return standard }
        if let value = Value(rawValue: text) { return value }
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw ConfigurationError("\(name) is '\(excerpt(text, limit: 40))'", hint: "it can be one of: \(words)")
    }

    private func first(_ names: [String]) -> (name: String, value: Value, layer: Layer)? {
        for layer in layers {
            for name in names {
                if let value = layer.values[name], !value.isEmpty { return (name, value, layer) }
            }
        }
        return nil
    }
}
