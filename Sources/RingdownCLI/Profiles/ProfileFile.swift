internal import Ringdown
internal import RingdownCore

/// A `.env` file that is changed: every line but those of the variable stays as it is.
struct ProfileFile {
    let path: String

    init(_ path: String) {
        self.path = path
    }

    /// What the file itself sets a variable to; nil where it does not.
    func value(of variable: String) throws(ConfigurationError) -> Secret? {
        try edit { bytes throws(Dotenv.Malformed) in try Dotenv.parse(bytes).last { $0.name == variable }?.value }
    }

    func has(_ variable: String) throws(ConfigurationError) -> Bool { try value(of: variable) != nil }

    /// Sets variables, or removes them where there is no value, all at once.
    func set(_ changes: KeyValuePairs<String, Secret?>) throws(ConfigurationError) {
        var lines: [(String, Secret?)] = []
        for (variable, value) in changes {
            guard let value else {
                lines.append((variable, nil))
                continue
            }
            guard let line = Dotenv.line(variable, value) else {
                throw ConfigurationError(
                    "\(variable) holds a quote, a backslash or a line break: programs read such lines differently",
                    hint: "put it into a file of its own and set \(variable)_FILE to that")
            }
            lines.append((variable, line))
        }
        var changed = try edit { bytes throws(Dotenv.Malformed) in
            var bytes = bytes
            for (variable, line) in lines { bytes = try Dotenv.setting(variable, to: line, in: bytes) }
            return bytes
        }
        defer { wipe(&changed) }
        do { try File.rewrite(target, with: changed) } catch {
            throw ConfigurationError("\(path) was not changed: \(error)", hint: "check the directory and the disk")
        }
    }

    func set(_ variable: String, to value: Secret) throws(ConfigurationError) { try set([variable: value]) }

    /// Where a link leads, so that the link stays one.
    private var target: String { File.resolved(path) ?? path }

    private func edit<Result>(
        _ body: ([UInt8]) throws(Dotenv.Malformed) -> Result
    ) throws(ConfigurationError) -> Result {
        var bytes: [UInt8]
        do { bytes = try File.read(path, limit: 1 << 20, access: .ownersToWrite) } catch {
            throw ConfigurationError("cannot read \(error)", hint: "check the path and its permissions")
        }
        defer { wipe(&bytes) }
        do { return try body(bytes) } catch {
            throw ConfigurationError("\(path), line \(error.line): \(error.reason)", hint: "mend the line first")
        }
    }
}
