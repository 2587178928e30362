internal import Ringdown
internal import RingdownCore

extension ProfileDirectory {
    /// The path of an existing profile. The hint of the error names the command that creates it.
    ///
    /// - Throws: `ConfigurationError` if the profile does not exist.
    func existing(_ name: String) throws(ConfigurationError) -> String {
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
}
