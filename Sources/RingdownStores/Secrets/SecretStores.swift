package import RingdownCore
internal import RingdownCurl

/// Looks secrets up where references point: AWS Secrets Manager, Azure Key Vault, the desktop's keyring, Redis.
package struct SecretStores: Sendable {
    /// Why there is no secret; never with one in it.
    struct Failure: Error {
        var reason: String
        var hint: String

        init(_ reason: String, hint: String) {
            (self.reason, self.hint) = (reason, hint)
        }
    }

    package init() {}

    /// The secret that a reference such as `aws:gc/prod#secret` points to. `name` is the setting that holds it, `variable` gives
    /// other settings. Waits for the network.
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
                            "nobody knows the store '\(kind)'", hint: "it can be aws, azure, keyring or redis")
                    }
                } catch { return .failure(error) }
            }
        }
        switch result {
        case .success(let secret) where secret.isEmpty:
            throw ConfigurationError(
                "\(name): the secret at \(sanitized(reference, limit: 100)) is empty", hint: "store it again")
        case .success(let secret): return secret
        case .failure(let failure):
            throw ConfigurationError("\(name): \(sanitized(failure.reason, limit: 400))", hint: failure.hint)
        }
    }

    /// What requests go through: proxies and authorities as the settings have them.
    private func transport(_ variable: (String) -> String?) throws(ConfigurationError) -> CurlTransport {
        var configuration = CurlTransport.Configuration()
        do throws(ProxySettings.Invalid) { configuration.proxies = try ProxySettings(variable) } catch {
            throw ConfigurationError("\(error)", hint: "or unset it")
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
            throw Failure("RINGDOWN_REDIS_URL: \(error)", hint: "percent-encode what is special in the password")
        }
        guard address.origin.scheme == "https" || address.origin.isLoopback else {
            throw Failure(
                "RINGDOWN_REDIS_URL is plain redis:// to another machine, where others can read the secret on the way",
                hint: "write rediss://\(address.origin.authority), for which the server needs a certificate")
        }
        let reply: RedisReply
        do throws(RedisClient.Failure) {
            reply = try await RedisClient(address, transport.configuration).send("GET", key)
        } catch {
            throw Failure("\(error)", hint: "check RINGDOWN_REDIS_URL, and RINGDOWN_CA_FILE for rediss")
        }
        guard case .bytes(let value) = reply, let value else {
            throw Failure("Redis has no text under '\(sanitized(key, limit: 80))'", hint: "store it with SET")
        }
        return Secret(bytes: value)
    }
}
