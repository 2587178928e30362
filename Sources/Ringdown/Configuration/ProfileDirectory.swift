package import RingdownCore

/// The directory of the profiles. Each profile is a `.env` file.
package struct ProfileDirectory {
    package let path: String

    package init(_ variables: [String: String]) {
        let configuration = variables["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        path = (configuration ?? (variables["HOME"] ?? "") + "/.config") + "/ringdown"
    }

    /// The names of all profiles, sorted.
    package var names: [String] {
        TemporaryDirectory.names(in: path).filter { $0.hasSuffix(".env") && Self.isName(String($0.dropLast(4))) }
            .map { String($0.dropLast(4)) }.sorted()
    }

    /// The path of a profile, whether it exists or not.
    ///
    /// - Throws: `ConfigurationError` if `name` is not a valid profile name.
    package func place(of name: String) throws(ConfigurationError) -> String {
        guard path.hasPrefix("/"), path != "/.config/ringdown" else {
            throw ConfigurationError(
                "the profile directory is not known: HOME is not set", hint: "set HOME or XDG_CONFIG_HOME")
        }
        if Self.isName(name) { return "\(path)/\(name).env" }
        throw ConfigurationError(
            "'\(abbreviated(name))' is not a profile name", hint: "use letters, digits, '-', '_' and '.'")
    }

    /// The path of an existing profile.
    ///
    /// - Throws: `ConfigurationError` with the nearest names if the profile does not exist.
    func file(of name: String) throws(ConfigurationError) -> String {
        let file = try place(of: name)
        if File.resolved(file) != nil { return file }
        let close = nearest(to: name, among: names)
        throw ConfigurationError(
            "the profile '\(sanitized(name, limit: 40))' does not exist",
            hint: close.isEmpty ? "create the file \(file)" : "did you mean \(close.joined(separator: " or "))?")
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".") && !name.hasPrefix("-")
            && name.utf8.allSatisfy { $0.isAlphanumeric || "-_.".utf8.contains($0) }
    }
}
