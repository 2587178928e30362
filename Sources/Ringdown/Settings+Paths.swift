internal import RingdownCore

extension Settings {
    /// Returns the path in a setting, with the home directory in place of `~`; nil if it is not set. Throws as ``text(_:)``.
    package func path(_ name: String) throws(ConfigurationError) -> String? { try text(name).map(expanded) }

    /// Returns a path with the home directory in place of `~` at its beginning. Shells expand it in assignments, but not in quotes
    /// or `.env` files.
    package func expanded(_ path: String) -> String {
        guard path == "~" || path.hasPrefix("~/"), let home = trustedText("HOME") else { return path }
        return home + path.dropFirst()
    }
}
