internal import Ringdown
internal import RingdownCore

/// The directory of the profiles. Each profile is a `.env` file.
struct ProfileDirectory {
    let path: String

    init(_ variables: [String: String]) {
        let configuration = variables["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        path = (configuration ?? (variables["HOME"] ?? "") + "/.config") + "/ringdown"
    }

    /// The names of all profiles, sorted.
    var names: [String] {
        TemporaryDirectory.names(in: path).filter { $0.hasSuffix(".env") && Self.isName(String($0.dropLast(4))) }
            .map { String($0.dropLast(4)) }.sorted()
    }

    /// The path of a profile, whether it exists or not.
    ///
    /// - Throws: `ConfigurationError` if `name` is not a valid profile name.
    func place(of name: String) throws(ConfigurationError) -> String {
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
    /// - Throws: `ConfigurationError` if the profile does not exist.
    func file(of name: String) throws(ConfigurationError) -> String {
        let file = try place(of: name)
        if isThere(file) { return file }
        let names = names
        let close = nearest(to: name, among: names).first
        let isPlatform = Account.PlatformName(rawValue: name.lowercased()) != nil
        let known = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
        throw ConfigurationError(
            "profile '\(abbreviated(name))' does not exist"
                + (names.isEmpty ? "; no profiles exist" : "; existing profiles: \(known)"),
            hint: isPlatform
                ? "did you mean --platform \(name.lowercased())?"
                : close.map { "did you mean '\($0)'?" }
                    ?? (name.count > 24
                        ? "create one with 'ringdown init'" : "create \(file) with 'ringdown init \(name)'"))
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".") && !name.hasPrefix("-")
            && name.utf8.allSatisfy { $0.isAlphanumeric || "-_.".utf8.contains($0) }
    }
}
