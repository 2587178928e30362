/// The version of the library and the command.
public enum Version {
    public static let current = "0.1.0"
}
