import RingdownCore
import RingdownStores
import Testing

/// Secrets and credentials of stores are sent encrypted or only within the machine.
@Suite struct TransportSecurityTests {
    private func failure(_ reference: String, _ variables: [String: String]) -> ConfigurationError? {
        #expect(throws: ConfigurationError.self) {
            try SecretStores().secret(reference, name: "OAUTH_CLIENT_SECRET") { variables[$0] }
        }
    }

    @Test(arguments: ["redis://redis.example", "redis://:pw@10.0.0.7:6380/2", "REDIS://[2001:db8::1]"])
    func `a secret is not read over plain redis from another machine`(url: String) {
        let error = failure("redis:key", ["RINGDOWN_REDIS_URL": url])
        #expect(error?.message.contains("plain redis:// to another machine") == true)
        #expect(error?.hint.contains("rediss://") == true)
        #expect(error?.message.contains("pw") == false)
    }

    @Test(arguments: [
        "http://10.0.0.7/msi/token", "http://identity.example/msi/token", "http://169.253.0.1/msi/token",
        "http://169.254.evil.example/msi/token", "http://[fec0::1]/msi/token",
    ])
    func `a managed identity over plain http is used on loopback and link-local addresses only`(url: String) {
        let error = failure("azure:vault/name", ["IDENTITY_ENDPOINT": url, "IDENTITY_HEADER": "header"])
        #expect(error?.message.contains("IDENTITY_ENDPOINT is plain http to another machine") == true)
        let pod = failure("azure:vault/name", ["AZURE_POD_IDENTITY_AUTHORITY_HOST": url])
        #expect(pod?.message.contains("AZURE_POD_IDENTITY_AUTHORITY_HOST is plain http") == true)
    }

    @Test(arguments: ["http://127.0.0.1:1/msi/token", "http://localhost:1/msi/token"])
    func `a managed identity on this machine is used`(url: String) {
        let error = failure("azure:vault/name", ["IDENTITY_ENDPOINT": url, "IDENTITY_HEADER": "header"])
        #expect(error?.message.contains("cannot obtain a token for Azure") == true)
    }
}
