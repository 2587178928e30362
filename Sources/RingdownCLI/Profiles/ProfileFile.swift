internal import Ringdown
internal import RingdownCore

/// A `.env` file that is edited in place. The lines of other variables are preserved.
struct ProfileFile {
    let path: String

    init(_ path: String) {
        self.path = path
    }

    /// The value of a variable in the file, or nil if the file does not set it.
    func value(of variable: String) throws(ConfigurationError) -> Secret? {
        try edit { bytes throws(Dotenv.Malformed) in try Dotenv.parse(bytes).last { $0.name == variable }?.value }
    }

    func has(_ variable: String) throws(ConfigurationError) -> Bool { try value(of: variable) != nil }

    /// Sets variables in a single write. A nil value removes the variable.
    func set(_ changes: KeyValuePairs<String, Secret?>) throws(ConfigurationError) {
        var lines: [(String, Secret?)] = []
        for (variable, value) in changes {
            guard let value else {
                lines.append((variable, nil))
                continue
            }
            guard let line = Dotenv.line(variable, value) else {
                throw ConfigurationError(
                    "\(variable) contains a quote, a backslash or a line break, which programs parse differently in .env files",
                    hint: "store the value in a file and set \(variable)_FILE to its path")
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
            throw ConfigurationError(
                "cannot change \(path): \(error)", hint: "check the directory and the free disk space")
        }
    }

    func set(_ variable: String, to value: Secret) throws(ConfigurationError) { try set([variable: value]) }

    /// The path with symbolic links resolved, so that a link is not replaced by a file.
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
            throw ConfigurationError("\(path), line \(error.line): \(error.reason)", hint: "fix the line first")
        }
    }
}
