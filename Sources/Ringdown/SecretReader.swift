package import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Resolves references to secrets: files, standard input, commands, and stores.
package struct SecretReader: Sendable {
    private static let limitInBytes = 64 << 10
    private let standardInput: Int32
    /// The secret from standard input, which can be read only once.
    private final class Once: Sendable {
        let secret = Locked<Secret?>(nil)
    }
    private let fromInput = Once()
    /// A function that resolves a reference to a store.
    ///
    /// The parameters are the reference, the name of the setting, and a function that returns other settings.
    package typealias Lookup =
        @Sendable (
            _ reference: String, _ name: String, _ variable: @escaping @Sendable (String) -> String?
        ) throws(ConfigurationError) -> Secret
    private let lookup: Lookup?

    /// Creates a reader.
    ///
    /// - Parameters:
    ///   - standardInput: The file descriptor of standard input (default: 0).
    ///   - lookup: The function that resolves references to stores; nil to reject them (default: nil).
    package init(standardInput: Int32 = 0, lookup: Lookup? = nil) {
        (self.standardInput, self.lookup) = (standardInput, lookup)
    }

    private static let stores = ["aws:", "azure:", "keyring:", "redis:"]

    /// Returns whether a value is a reference to a secret instead of the secret itself.
    package static func isReference(_ text: String) -> Bool {
        text == "-" || (["cmd:"] + stores).contains { text.hasPrefix($0) }
    }

    /// Returns the secret that a value contains or refers to. `variable` returns the settings of the stores.
    func resolve(
        _ value: Secret, name: String, variable: @escaping @Sendable (String) -> String?
    ) throws(ConfigurationError) -> Secret {
        let text = value.reveal()
        if text == "-" { return try fromStandardInput(name) }
        if text.hasPrefix("cmd:") { return try fromCommand(String(text.dropFirst(4)), name) }
        for store in Self.stores where text.hasPrefix(store) {
            guard let lookup else {
                throw ConfigurationError(
                    "\(name) refers to a store ('\(store)…'), which is not supported here",
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
            throw ConfigurationError("\(name): \(error)", hint: "set it to the path of a file that contains the secret")
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError("\(name): \(error)", hint: "set it to the path of a file that contains the secret")
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
            throw ConfigurationError("\(name): cannot read standard input", hint: "pipe the secret into the command")
        }
        defer { wipe(&bytes) }
        return try secret(of: bytes, name)
    }

    private func fromCommand(_ command: String, _ name: String) throws(ConfigurationError) -> Secret {
        func failure(_ reason: String) -> ConfigurationError {
            ConfigurationError(
                "\(name): the command \(reason)",
                hint: "run the command manually: it must print the secret and exit with status 0")
        }
        guard let pipe = popen(command, "r") else { throw failure("cannot be started") }
        let read = try? File.read(fileno(pipe), path: name, limit: Self.limitInBytes)
        let status = pclose(pipe)
        guard var bytes = read else { throw failure("printed more than 64 KiB, or its output cannot be read") }
        defer { wipe(&bytes) }
        guard status == 0 else { throw failure("failed with status \((status >> 8) & 0xFF)") }
        return try secret(of: bytes, name)
    }

    private func secret(of bytes: [UInt8], _ name: String) throws(ConfigurationError) -> Secret {
        do throws(SecretText.Problem) { return try SecretText.secret(of: bytes) } catch {
            let separator = error.reason.hasPrefix("the ") ? ":" : ": the text"
            throw ConfigurationError("\(name)\(separator) \(error.reason)", hint: error.hint)
        }
    }
}
