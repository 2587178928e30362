package import RingdownCore
internal import RingdownCurl

/// Resolves references to secrets in AWS Secrets Manager, Azure Key Vault, the desktop keyring and Redis.
package struct SecretStores: Sendable {
    /// The reason why a lookup failed. It never contains a secret.
    struct Failure: Error {
        var reason: String
        var hint: String

        init(_ reason: String, hint: String) {
            (self.reason, self.hint) = (reason, hint)
        }
    }

    package init() {}

    /// Returns the secret that a reference such as `aws:gc/prod#secret` points to. Blocks on network requests.
    ///
    /// - Parameters:
    ///   - reference: The store and the location in the store, separated by a colon.
    ///   - name: The name of the setting that contains the reference, for error messages.
    ///   - variable: Returns the value of another setting, or nil.
    /// - Throws: ``ConfigurationError`` if the store is unknown or unreachable, or does not contain the secret.
    package func secret(
        _ reference: String, name: String, variable: @escaping @Sendable (String) -> String?
    ) throws(ConfigurationError) -> Secret {
        let kind = String(reference.prefix { $0 != ":" })
        let place = String(reference.dropFirst(kind.count + 1))
        let result: Result<Secret, Failure>
        switch kind {
        case "keyring": result = Keyring.secret(place)
        default:
            let transport = try transport(variable)
            result = ThreadExecutor.run {
                do throws(Failure) {
                    switch kind {
                    case "aws": return .success(try await AWSSecretsManager(transport, variable).secret(place))
                    case "redis": return .success(try await Self.redis(place, transport, variable))
                    case "azure": return .success(try await AzureKeyVault(transport, variable).secret(place))
                    default:
                        throw Failure(
                            "unknown secret store '\(kind)'", hint: "use aws, azure, keyring or redis")
                    }
                } catch { return .failure(error) }
            }
        }
        switch result {
        case .success(let secret) where secret.isEmpty:
            throw ConfigurationError(
                "\(name): the secret at \(sanitized(reference, limit: 100)) is empty", hint: "store the secret again")
        case .success(let secret): return secret
        case .failure(let failure):
            throw ConfigurationError("\(name): \(sanitized(failure.reason, limit: 400))", hint: failure.hint)
        }
    }

    /// A transport with the proxies and certificate authorities of the settings.
    private func transport(_ variable: (String) -> String?) throws(ConfigurationError) -> CurlTransport {
        var configuration = CurlTransport.Configuration()
        do throws(ProxySettings.Invalid) { configuration.proxies = try ProxySettings(variable) } catch {
            throw ConfigurationError("\(error)", hint: "correct the URL, or unset the variable")
        }
        configuration.trust = TrustSettings(variable)
        return CurlTransport(configuration)
    }

    private static func redis(
        _ key: String, _ transport: CurlTransport, _ variable: (String) -> String?
    ) async throws(Failure) -> Secret {
        guard let text = variable("RINGDOWN_REDIS_URL"), !text.isEmpty else {
            throw Failure(
                "RINGDOWN_REDIS_URL is not set", hint: "set it to redis://[user:password@]host[:port], or rediss://…")
        }
        let address: RedisAddress
        do throws(RedisAddress.Invalid) { address = try RedisAddress(text) } catch {
            throw Failure("RINGDOWN_REDIS_URL: \(error)", hint: "percent-encode special characters in the password")
        }
        guard address.origin.scheme == "https" || address.origin.isLoopback else {
            throw Failure(
                "RINGDOWN_REDIS_URL is plain redis:// to another machine: the secret would cross the network unencrypted",
                hint: "use rediss://\(address.origin.authority), which requires a certificate on the server")
        }
        let reply: RedisReply
        do throws(RedisClient.Failure) {
            reply = try await RedisClient(address, transport.configuration).send("GET", key)
        } catch {
            throw Failure("\(error)", hint: "check RINGDOWN_REDIS_URL and, for rediss://, RINGDOWN_CA_FILE")
        }
        guard case .bytes(let value) = reply, let value else {
            throw Failure("Redis has no string at key '\(sanitized(key, limit: 80))'", hint: "store it with SET")
        }
        return Secret(bytes: value)
    }
}
