public import Foundations
internal import HTTPModel

/// The settings of a profile: flags win over the environment, the environment over a `.env` file.
public struct Settings: Sendable {
    private struct Layer: Sendable {
        var name: String
        var values: [String: Secret]
    }

    private var layers: [Layer]
    private let secrets: SecretReader

    public init(environment: [String: String], flags: [String: String] = [:], secrets: SecretReader = SecretReader()) {
        layers = [
            Layer(name: "the command line", values: flags.mapValues { Secret($0) }),
            Layer(name: "the environment", values: environment.mapValues { Secret($0) }),
        ]
        self.secrets = secrets
    }

    /// Adds the values of a `.env` file below those that are there. Throws where it cannot be read, with file and line.
    public mutating func add(file path: String) throws(ConfigurationError) {
        let bytes: [UInt8]
        do { bytes = try File.read(path, limit: 1 << 20) } catch {
            throw ConfigurationError("cannot read \(error)", hint: "check the path and its permissions")
        }
        do throws(Dotenv.Malformed) {
            let assignments = try Dotenv.parse(bytes)
            let values = Dictionary(assignments.map { ($0.name, $0.value) }) { _, last in last }
            layers.append(Layer(name: path, values: values))
        } catch {
            throw ConfigurationError(
                "\(path), line \(error.line): \(error.reason)",
                hint: "write NAME=value, NAME='value' or NAME=\"value\", one in a line; # begins a comment"
            )
        }
    }

    /// Where values are looked for, for messages.
    public var places: String {
        layers.dropFirst().map(\.name).joined(separator: ", ")
    }

    /// A setting that is no secret, under the first of these names that is set. An empty value counts as not set.
    public func text(_ names: String...) -> String? { first(names)?.value.reveal() }

    public func has(_ names: String...) -> Bool {
        first(names + names.map { $0 + "_FILE" }) != nil
    }

    /// A setting that is a URL.
    func url(_ names: String...) throws(ConfigurationError) -> HTTPURL? {
        guard let (name, value) = first(names) else { return nil }
        do { return try HTTPURL(value.reveal().trimmed) } catch {
            throw ConfigurationError("\(name): \(error)", hint: "write a full URL, such as https://login.example.com")
        }
    }

    /// A secret, under the first of these names that is set: as it stands, from the file that `NAME_FILE` names, or by
    /// reference (`-` standard input, `cmd:…` a command's output).
    public func secret(_ names: String...) throws(ConfigurationError) -> Secret? {
        // The layer decides before the name: a flag wins over the environment, whichever of the names it uses.
        for layer in layers {
            for name in names {
                if let value = layer.values[name], !value.isEmpty { return try secrets.resolve(value, name: name) }
                if let path = layer.values[name + "_FILE"], !path.isEmpty {
                    return try secrets.read(file: path.reveal(), name: name + "_FILE")
                }
            }
        }
        return nil
    }

    /// The setting, or the error that says where it was looked for.
    func required<Value>(_ value: Value?, _ names: String...) throws(ConfigurationError) -> Value {
        if let value { return value }
        throw ConfigurationError(
            "\(names.joined(separator: " or ")) is not set",
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

    private func first(_ names: [String]) -> (name: String, value: Secret)? {
        for layer in layers {
            for name in names {
                if let value = layer.values[name], !value.isEmpty { return (name, value) }
            }
        }
        return nil
    }
}
