public import RingdownCore
internal import RingdownCurl
@_exported public import RingdownOAuth
internal import RingdownStores

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What bodies are read into, and how; under names that can be used without importing another module.
public typealias JSON = RingdownCore.JSON
public typealias JSONReader = RingdownCore.JSONReader

extension APIClient {
    /// A client for the account that the settings describe: over the network, with tokens cached in files.
    ///
    /// Throws `ConfigurationError` where a setting is missing or wrong.
    public convenience init(
        _ settings: Settings = .environment, calls: CallSettings = CallSettings()
    ) throws(ConfigurationError) {
        try self.init(Profile(settings), settings, calls: calls)
    }

    /// The same, for a profile that is at hand.
    public convenience init(
        _ profile: Profile, _ settings: Settings, calls: CallSettings = CallSettings()
    ) throws(ConfigurationError) {
        self.init(
            profile, transport: try CurlTransport(settings), store: try tokenStore(settings, account: profile.account),
            calls: calls)
    }
}

extension Settings {
    /// The variables of the process's environment.
    public static var environment: Settings { Settings(variables: environmentVariables()) }

    /// The settings that variables and flags describe, with everything that a secret can refer to.
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

/// The variables of the process's environment.
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
    package convenience init(_ settings: Settings, isVerifying: Bool = true) throws(ConfigurationError) {
        var configuration = Configuration(userAgent: "ringdown/\(Version.current)")
        let values = try settings.values(of: ProxySettings.variables + TrustSettings.variables)
        do { configuration.proxies = try ProxySettings { values[$0] } } catch {
            throw ConfigurationError("\(error)", hint: "or unset it")
        }
        configuration.trust = TrustSettings { values[$0] }
        let certificate = try settings.identityFile("RINGDOWN_CLIENT_CERT")
        let key = try settings.identityFile("RINGDOWN_CLIENT_KEY")
        for path in [certificate, key] {
            guard let path, path.lowercased().hasPrefix("pkcs11:") else { continue }
            throw ConfigurationError(
                "RINGDOWN_CLIENT_CERT or RINGDOWN_CLIENT_KEY is a PKCS #11 address; only files are supported",
                hint: "write the path of a PEM file")
        }
        for path in [configuration.trust.file, certificate, key] {
            guard let path, access(path, R_OK) != 0 else { continue }
            throw ConfigurationError(
                "\(sanitized(path)) cannot be read: \(String(cString: strerror(errno)))",
                hint:
                    "RINGDOWN_CA_FILE, CURL_CA_BUNDLE, SSL_CERT_FILE, RINGDOWN_CLIENT_CERT or RINGDOWN_CLIENT_KEY names it"
            )
        }
        configuration.trust.isVerifying = isVerifying
        if let certificate { configuration.clientCertificate = (certificate, key) }
        self.init(configuration)
    }
}

/// The token store that `RINGDOWN_CACHE` names.
package func tokenStore(_ settings: Settings, account: String) throws(ConfigurationError) -> any TokenStore {
    switch try settings.text("RINGDOWN_CACHE") ?? "file" {
    case "file":
        guard let directory = try cacheDirectory(settings) else { return .memory }
        return FileStore(directory: directory, account: account, keys: try settings.secret("RINGDOWN_CACHE_KEY"))
    case "memory", "off": return .memory
    case let url where url.lowercased().hasPrefix("redis"): return try redisStore(url, settings, account: account)
    case let other:
        throw ConfigurationError(
            "RINGDOWN_CACHE is '\(sanitized(other, limit: 60))'",
            hint: "it can be: file, memory, off, redis://…, rediss://…")
    }
}

private func redisStore(
    _ url: String, _ settings: Settings, account: String
) throws(ConfigurationError) -> any TokenStore {
    let address: RedisAddress
    do throws(RedisAddress.Invalid) { address = try RedisAddress(url) } catch {
        throw ConfigurationError("RINGDOWN_CACHE: \(error)", hint: "percent-encode what is special in the password")
    }
    if address.origin.scheme == "http", !address.origin.isLoopback {
        Logger.current.warning(
            "cache.plain",
            "Redis at \(address.origin.authority) is asked without TLS: its password can be read on the way")
    }
    guard let keys = try settings.secret("RINGDOWN_CACHE_KEY") else {
        throw ConfigurationError(
            "RINGDOWN_CACHE_KEY is not set: what is kept in Redis must be encrypted with a key that all machines have",
            hint: "set RINGDOWN_CACHE_KEY or RINGDOWN_CACHE_KEY_FILE")
    }
    // The server's password must not depend on certificates that the working directory trusts.
    let isTrusted = settings.origin(of: "RINGDOWN_CACHE")?.isTrusted == true
    let redis = RedisClient(address, try CurlTransport(isTrusted ? settings.trusted : settings).configuration)
    guard let store = RedisStore(redis, account: account, keys: keys) else {
        throw ConfigurationError(
            "RINGDOWN_CACHE_KEY holds no key", hint: "write a long text; several are separated by commas")
    }
    return store
}

/// Where the file store is; nil where neither it nor a home is set.
package func cacheDirectory(_ settings: Settings) throws(ConfigurationError) -> String? {
    if let directory = try settings.text("RINGDOWN_CACHE_DIR") { return directory }
    if let directory = try settings.text("XDG_CACHE_HOME") { return directory + "/ringdown" }
    return try settings.text("HOME").map { $0 + "/.cache/ringdown" }
}
