public import RingdownCore

/// A secret of a client: a value, a file, or a function of the program.
///
/// A file and a function are read when the first token is requested, and again after the server rejects the secret.
///
/// ```swift
/// let client = try APIClient(
///     .genesysCloud(
///         region: .euWest1, clientID: id,
///         clientSecret: .provider { Secret(try await vault.read("genesys/prod")) }))
/// ```
public struct SecretSource: Sendable {
    enum Kind: Sendable {
        case value(Secret)
        case file(path: String)
        case provider(@Sendable () async throws -> Secret)
    }

    let kind: Kind

    /// Returns a source with a known secret.
    ///
    /// - Parameter secret: The secret.
    /// - Returns: The source.
    public static func value(_ secret: Secret) -> SecretSource { SecretSource(kind: .value(secret)) }

    /// Returns a source with a known secret.
    ///
    /// - Parameter text: The secret as text.
    /// - Returns: The source.
    public static func value(_ text: String) -> SecretSource { .value(Secret(text)) }

    /// Returns a source that reads a file of at most 64 KiB.
    ///
    /// A line break at the end of the file is not part of the secret.
    ///
    /// - Parameter path: The path of the file.
    /// - Returns: The source.
    public static func file(_ path: String) -> SecretSource { SecretSource(kind: .file(path: path)) }

    /// Returns a source that calls a function of the program.
    ///
    /// The function runs in a task of its own, once for all waiting callers. It is cancelled after 30 s.
    ///
    /// - Parameter secret: The function that returns the secret.
    /// - Returns: The source.
    public static func provider(_ secret: @escaping @Sendable () async throws -> Secret) -> SecretSource {
        SecretSource(kind: .provider(secret))
    }
}

extension SecretSource: CustomStringConvertible, CustomReflectable {
    /// The kind of source, without the secret.
    public var description: String {
        switch kind {
        case .value: "<redacted>"
        case .file(let path): "file \(sanitized(path))"
        case .provider: "provider"
        }
    }
    /// A mirror without children, so that a dump contains no secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The reason why a secret is not available.
///
/// It contains no secret.
struct SecretUnavailable: Error {
    let reason: String
}

extension SecretSource {
    private static let limitInBytes = 64 << 10

    /// Rejects a secret that no server accepts.
    ///
    /// - Parameters:
    ///   - name: The name of the parameter, for the message.
    ///   - isKey: Whether the secret is a private key in PEM format, which contains line breaks.
    /// - Throws: ``ConfigurationError`` if the secret is empty or contains a control character, or if the path is empty.
    func check(_ name: String, isKey: Bool = false) throws(ConfigurationError) {
        switch kind {
        case .value(let secret):
            guard let problem = Self.problem(secret, isKey: isKey) else { return }
            throw ConfigurationError("\(name) \(problem)", hint: "copy the secret again, without quotes or line breaks")
        case .file(let path):
            guard path.isEmpty || path.utf8.contains(0) else { return }
            throw ConfigurationError(
                "\(name): the path of the file is empty or contains a NUL character",
                hint: "use the path of a file that contains the secret")
        case .provider: return
        }
    }

    /// Returns the reason why a secret is invalid; nil if it is valid.
    private static func problem(_ secret: Secret, isKey: Bool) -> String? {
        if secret.isEmpty { return "is empty" }
        if isKey { return secret.contains { $0 == 0 } ? "contains a NUL character" : nil }
        if secret.contains(where: { $0 == 0x0A || $0 == 0x0D }) { return "contains a line break" }
        return secret.contains { $0 < 0x20 || $0 == 0x7F } ? "contains a control character" : nil
    }

    /// Returns the current secret.
    ///
    /// - Throws: ``SecretUnavailable`` if the source fails or returns an invalid secret.
    func lookUp(isKey: Bool) async throws(SecretUnavailable) -> Secret {
        let secret: Secret
        switch kind {
        case .value(let value): secret = value
        case .file(let path): secret = try await Self.read(path)
        case .provider(let provider):
            do { secret = try await provider() } catch is CancellationError {
                throw SecretUnavailable(reason: "the provider was cancelled")
            } catch { throw SecretUnavailable(reason: "the provider failed: \(sanitized("\(error)", limit: 200))") }
        }
        if let problem = Self.problem(secret, isKey: isKey) {
            throw SecretUnavailable(reason: "the secret \(problem)")
        }
        return secret
    }

    /// Reads a file on a thread of its own, because a file on a network may block.
    private static func read(_ path: String) async throws(SecretUnavailable) -> Secret {
        let result: Result<Secret, SecretUnavailable>
        do {
            result = try await Thread.run { () -> Result<Secret, SecretUnavailable> in
                do throws(FileError) {
                    var bytes = try File.read(path, limit: limitInBytes)
                    defer { wipe(&bytes) }
                    do throws(SecretText.Problem) { return .success(try SecretText.secret(of: bytes)) } catch {
                        let separator = error.reason.hasPrefix("the ") ? ":" : ""
                        return .failure(SecretUnavailable(reason: "\(sanitized(path))\(separator) \(error.reason)"))
                    }
                } catch {
                    return .failure(SecretUnavailable(reason: "cannot read \(error)"))
                }
            }
        } catch { throw SecretUnavailable(reason: "\(error)") }
        return try result.get()
    }
}
