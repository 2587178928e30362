public import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Reads secrets from where references point: a file, standard input, a command.
public struct SecretReader: Sendable {
    private static let limitInBytes = 64 << 10
    private let standardInput: Int32
    /// Standard input can be read once only.
    private final class Once: Sendable {
        let secret = Locked<Secret?>(nil)
    }
    private let fromInput = Once()
    /// Looks up references of stores: the reference, the setting's name, and other settings.
    public typealias Lookup =
        @Sendable (
            _ reference: String, _ name: String, _ variable: @escaping @Sendable (String) -> String?
        ) throws(ConfigurationError) -> Secret
    private let lookup: Lookup?

    /// Without `lookup` references of stores are refused.
    public init(standardInput: Int32 = 0, lookup: Lookup? = nil) {
        (self.standardInput, self.lookup) = (standardInput, lookup)
    }

    private static let stores = ["aws:", "azure:", "keyring:", "redis:"]

    /// Whether a value says where the secret is, rather than being it.
    public static func isReference(_ text: String) -> Bool {
        text == "-" || (["cmd:"] + stores).contains { text.hasPrefix($0) }
    }

    /// The secret that a value is, or refers to. `variable` gives the settings that open stores.
    func resolve(
        _ value: Secret, name: String, variable: @escaping @Sendable (String) -> String?
    ) throws(ConfigurationError) -> Secret {
        let text = value.reveal()
        if text == "-" { return try fromStandardInput(name) }
        if text.hasPrefix("cmd:") { return try fromCommand(String(text.dropFirst(4)), name) }
        for store in Self.stores where text.hasPrefix(store) {
            guard let lookup else {
                throw ConfigurationError(
                    "\(name) refers to a store ('\(store)…'), which cannot be asked here",
                    hint: "use \(name)_FILE, or 'cmd:…' for a command that prints the secret"
                )
            }
            return try lookup(text, name, variable)
        }
        return value
    }

    func read(file path: String, name: String) throws(ConfigurationError) -> Secret {
        do {
            var bytes = try File.read(path, limit: Self.limitInBytes)
            defer { wipe(&bytes) }
            return try secret(of: bytes, name)
        } catch let error as FileError {
            throw ConfigurationError("\(name): \(error)", hint: "it names the file that holds the secret")
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError("\(name): \(error)", hint: "it names the file that holds the secret")
        }
    }

    private func fromStandardInput(_ name: String) throws(ConfigurationError) -> Secret {
        if let secret = fromInput.secret.withLock({ $0 }) { return secret }
        let secret = try readStandardInput(name)
        fromInput.secret.withLock { $0 = secret }
        return secret
    }

    private func readStandardInput(_ name: String) throws(ConfigurationError) -> Secret {
        guard var bytes = try? File.read(standardInput, path: "standard input", limit: Self.limitInBytes) else {
            throw ConfigurationError("\(name): standard input cannot be read", hint: "pipe the secret into the command")
        }
        defer { wipe(&bytes) }
        return try secret(of: bytes, name)
    }

    private func fromCommand(_ command: String, _ name: String) throws(ConfigurationError) -> Secret {
        func failure(_ reason: String) -> ConfigurationError {
            ConfigurationError(
                "\(name): the command \(reason)", hint: "run it by hand: it must print the secret and exit with 0")
        }
        guard let pipe = popen(command, "r") else { throw failure("could not be started") }
        let read = try? File.read(fileno(pipe), path: name, limit: Self.limitInBytes)
        let status = pclose(pipe)
        guard var bytes = read else { throw failure("printed too much or could not be read") }
        defer { wipe(&bytes) }
        guard status == 0 else { throw failure("failed with status \((status >> 8) & 0xFF)") }
        return try secret(of: bytes, name)
    }

    /// Without the line break that editors and `echo` leave at the end.
    private func secret(of bytes: [UInt8], _ name: String) throws(ConfigurationError) -> Secret {
        var end = bytes.count
        if end > 0, bytes[end - 1] == 0x0A { end -= 1 }
        if end > 0, bytes[end - 1] == 0x0D { end -= 1 }
        guard end > 0 else {
            throw ConfigurationError("\(name): the secret is empty", hint: "check where it is read from")
        }
        return Secret(bytes: bytes[..<end])
    }
}
