/// The version of the library and the command.
public enum Version {
    /// The version number, such as `1.2.3`.
    public static let current = "0.1.0"
}
