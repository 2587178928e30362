@_exported public import RingdownCore
internal import RingdownCurl
@_exported public import RingdownOAuth
internal import RingdownStores

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension APIClient {
    /// Creates a client for a profile.
    ///
    /// - Parameters:
    ///   - profile: The profile.
    ///   - settings: The settings of the network and the token store.
    ///   - calls: The retry and rate limit settings.
    /// - Throws: `ConfigurationError` if a setting is missing or invalid.
    package convenience init(
        _ profile: Profile, _ settings: Settings, calls: CallSettings = CallSettings()
    ) throws(ConfigurationError) {
        self.init(
            profile, transport: try CurlTransport(settings), store: try tokenStore(settings, account: profile.account),
            calls: calls, ownsTransport: true)
    }
}

extension Settings {
    /// The settings of the process environment.
    package static var environment: Settings { Settings(variables: environmentVariables()) }

    /// Creates settings from variables and options. Secrets can refer to every supported store.
    package init(
        variables: [String: String], flags: [String: String] = [:], originGuard: OriginGuard = OriginGuard()
    ) {
        self.init(
            environment: variables, flags: flags,
            secrets: SecretReader { reference, name, variable throws(ConfigurationError) in
                try SecretStores().secret(reference, name: name, variable: variable)
            }, originGuard: originGuard)
    }
}

/// Returns the variables of the process environment.
package func environmentVariables() -> [String: String] {
    var variables = [String: String](minimumCapacity: 64)
    var entry = environ
    while let text = entry.pointee {
        if let separator = strchr(text, 0x3D) {
            let name = UnsafeRawBufferPointer(start: text, count: separator - text)
            variables[String(decoding: name, as: UTF8.self)] = String(cString: separator + 1)
        }
        entry += 1
    }
    return variables
}

extension CurlTransport {
    /// Creates a transport with the proxy and TLS settings.
    ///
    /// - Parameters:
    ///   - settings: The settings.
    ///   - isVerifying: Whether to verify server certificates (default: true).
    /// - Throws: `ConfigurationError` if a setting is invalid or a file cannot be read.
    package convenience init(_ settings: Settings, isVerifying: Bool = true) throws(ConfigurationError) {
        var configuration = Configuration(userAgent: "ringdown/\(Version.current)")
        let values = try settings.values(of: ProxySettings.variables + TrustSettings.variables)
        do { configuration.proxies = try ProxySettings { values[$0] } } catch {
            throw ConfigurationError("\(error)", hint: "correct or unset the variable")
        }
        configuration.trust = TrustSettings { values[$0].map(settings.expanded) }
        let certificate = try settings.identityFile("RINGDOWN_CLIENT_CERT")
        let key = try settings.identityFile("RINGDOWN_CLIENT_KEY")
        for path in [certificate, key] {
            guard let path, path.lowercased().hasPrefix("pkcs11:") else { continue }
            throw ConfigurationError(
                "RINGDOWN_CLIENT_CERT or RINGDOWN_CLIENT_KEY is a PKCS #11 URI: only files are supported",
                hint: "set it to the path of a PEM file")
        }
        for path in [configuration.trust.file, certificate, key] {
            guard let path, access(path, R_OK) != 0 else { continue }
            throw ConfigurationError(
                "cannot read \(sanitized(path)): \(String(cString: strerror(errno)))",
                hint:
                    "check RINGDOWN_CA_FILE, CURL_CA_BUNDLE, SSL_CERT_FILE, RINGDOWN_CLIENT_CERT and RINGDOWN_CLIENT_KEY"
            )
        }
        if let file = configuration.trust.file, let problem = TrustSettings.problem(ofFile: file) {
            let name = TrustSettings.fileVariables.first { values[$0] == file } ?? TrustSettings.fileVariables[0]
            throw ConfigurationError(
                "\(name): \(sanitized(file)) \(problem)",
                hint: "set it to a file with the certificate of the authority in PEM format, or unset it")
        }
        configuration.trust.isVerifying = isVerifying
        if let certificate { configuration.clientCertificate = (certificate, key) }
        self.init(configuration)
    }
}

/// Returns the token store of `RINGDOWN_CACHE` (default: files).
///
/// - Throws: `ConfigurationError` if a setting is invalid.
package func tokenStore(_ settings: Settings, account: String) throws(ConfigurationError) -> any TokenStore {
    switch try settings.text("RINGDOWN_CACHE") ?? "file" {
    case "file":
        guard let directory = try cacheDirectory(settings) else { return .memory }
        return FileStore(directory: directory, account: account, keys: try settings.secret("RINGDOWN_CACHE_KEY"))
    case "memory", "off": return .memory
    case let url where url.lowercased().hasPrefix("redis"): return try redisStore(url, settings, account: account)
    case let other:
        throw ConfigurationError(
            "invalid RINGDOWN_CACHE" + (other.contains(":") ? "" : " '\(sanitized(other, limit: 60))'"),
            hint: "use file, memory, off, redis://… or rediss://…")
    }
}

private func redisStore(
    _ url: String, _ settings: Settings, account: String
) throws(ConfigurationError) -> any TokenStore {
    let address: RedisAddress
    do throws(RedisAddress.Invalid) { address = try RedisAddress(url) } catch {
        throw ConfigurationError("RINGDOWN_CACHE: \(error)", hint: "percent-encode special characters in the password")
    }
    if address.origin.scheme == "http", !address.origin.isLoopback, address.hasPassword {
        throw ConfigurationError(
            "RINGDOWN_CACHE is plain redis:// to another machine, which would send the password unencrypted",
            hint: "use rediss://\(address.origin.authority), for which the server needs a certificate")
    }
    guard let keys = try settings.secret("RINGDOWN_CACHE_KEY") else {
        throw ConfigurationError(
            "RINGDOWN_CACHE_KEY is not set: Redis requires an encryption key that all machines share",
            hint: "set RINGDOWN_CACHE_KEY or RINGDOWN_CACHE_KEY_FILE")
    }
    // The working directory must not choose the certificates for a connection with a trusted password.
    let isTrusted = settings.origin(of: "RINGDOWN_CACHE")?.isTrusted == true
    let redis = RedisClient(address, try CurlTransport(isTrusted ? settings.trusted : settings).configuration)
    guard let store = RedisStore(redis, account: account, keys: keys) else {
        throw ConfigurationError(
            "RINGDOWN_CACHE_KEY contains no key", hint: "use a long random text; separate several keys with commas")
    }
    return store
}

/// Returns the directory of the file store; nil if neither the directory nor a home directory is set.
///
/// - Throws: `ConfigurationError` if the setting must not be used.
package func cacheDirectory(_ settings: Settings) throws(ConfigurationError) -> String? {
    if let directory = try settings.path("RINGDOWN_CACHE_DIR") { return directory }
    if let directory = try settings.text("XDG_CACHE_HOME") { return directory + "/ringdown" }
    return try settings.text("HOME").map { $0 + "/.cache/ringdown" }
}
