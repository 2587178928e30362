internal import RingdownCore
internal import RingdownCurl

/// Reads secrets from Azure Key Vault, with a token for a client or for the managed identity of the machine.
struct AzureKeyVault {
    private static let resource = "https://vault.azure.net"
    private let transport: CurlTransport
    private let variable: (String) -> String?

    init(_ transport: CurlTransport, _ variable: @escaping (String) -> String?) {
        (self.transport, self.variable) = (transport, variable)
    }

    private func setting(_ name: String) -> String? { variable(name).flatMap { $0.isEmpty ? nil : $0 } }

    /// Returns the secret at `VAULT/NAME`, at `VAULT/NAME/VERSION` or at a complete URL.
    func secret(_ place: String) async throws(SecretStores.Failure) -> Secret {
        let url = try address(place).appending(query: [("api-version", "7.4")])
        let token = try await token()
        var request = Request("GET", url, headers: ["Accept": "application/json"], limits: limits)
        do { try request.headers.set("Authorization", Secret(joining: [Secret("Bearer "), token])) } catch {
            throw .init("cannot send the Azure access token: \(error)", hint: "check the identity endpoint")
        }
        var response: Response
        do { response = try await transport.send(request) } catch {
            throw .init(
                "cannot read the secret from Azure: \(error)", hint: "check the vault name and the network")
        }
        defer { wipe(&response.body) }
        guard response.isSuccess else { throw refusal(response, place, [token]) }
        guard let range = try? JSONReader.members(of: response.body).first(where: { $0.name == "value" })?.range,
            let value = try? JSONReader.secret(of: response.body, in: range)
        else { throw .init("the response from Azure contains no secret", hint: "check the URL") }
        return value
    }

    private var limits: Request.Limits { .init(connect: .seconds(5), total: .seconds(15), responseInBytes: 1 << 20) }

    private func address(_ place: String) throws(SecretStores.Failure) -> HTTPURL {
        if place.contains("://") { return try secretURL(place, "the URL after 'azure:'") }
        let parts = place.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy {
            !$0.isEmpty && $0.utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "-") }
        }
        guard (2...3).contains(parts.count), isPlain else {
            throw .init(
                "'\(sanitized(place, limit: 80))' is not a valid vault and secret name",
                hint: "write azure:VAULT/NAME, with letters, digits and '-' only")
        }
        return try secretURL(
            "https://\(parts[0]).vault.azure.net/secrets/\(parts.dropFirst().joined(separator: "/"))", "azure:")
    }

    private func refusal(_ response: Response, _ place: String, _ secrets: [Secret]) -> SecretStores.Failure {
        let error = (try? JSONReader.parse(response.body))?["error"]
        let code = error?["code"]?.string ?? "status \(response.status)"
        let message = error?["message"]?.string.map { ": \(sanitized($0, without: secrets, limit: 200))" } ?? ""
        let hint =
            switch response.status {
            case 404: "check the name: '\(sanitized(place, limit: 80))'"
            case 401: "the vault does not accept tokens of this identity: check the tenant"
            case 403: "allow this identity to get secrets, or enable the secret"
            default: "see the error from Azure"
            }
        return .init("Azure refused: \(sanitized(code, without: secrets, limit: 60))\(message)", hint: hint)
    }

    // MARK: The token

    private func token() async throws(SecretStores.Failure) -> Secret {
        if let tenant = setting("AZURE_TENANT_ID"), let id = setting("AZURE_CLIENT_ID"),
            let secret = setting("AZURE_CLIENT_SECRET")
        {
            return try await clientToken(tenant, id, Secret(secret))
        }
        if let endpoint = setting("IDENTITY_ENDPOINT"), let header = setting("IDENTITY_HEADER") {
            return try await identityToken(
                endpoint, from: "IDENTITY_ENDPOINT", version: "2019-08-01", ("X-IDENTITY-HEADER", header))
        }
        let host = setting("AZURE_POD_IDENTITY_AUTHORITY_HOST") ?? "http://169.254.169.254"
        return try await identityToken(
            host + "/metadata/identity/oauth2/token", from: "AZURE_POD_IDENTITY_AUTHORITY_HOST", version: "2018-02-01",
            ("Metadata", "true"))
    }

    private func clientToken(_ tenant: String, _ id: String, _ secret: Secret) async throws(SecretStores.Failure)
        -> Secret
    {
        let authority = setting("AZURE_AUTHORITY_HOST") ?? "https://login.microsoftonline.com"
        let base = authority.hasSuffix("/") ? String(authority.dropLast()) : authority
        let url = try secretURL("\(base)/\(percentEncoded(tenant))/oauth2/v2.0/token", "AZURE_AUTHORITY_HOST")
        let body = FormURLEncoding.encode([
            ("grant_type", .text("client_credentials")), ("client_id", .text(id)), ("client_secret", .secret(secret)),
            ("scope", .text(Self.resource + "/.default")),
        ])
        let headers: Headers = ["Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"]
        return try await tokenIn(
            Request("POST", url, headers: headers, body: .secret(body), limits: limits), "AZURE_CLIENT_SECRET",
            without: [secret])
    }

    /// Requests a token for a managed identity, on this machine or at a link-local address, never through a proxy.
    private func identityToken(
        _ endpoint: String, from variable: String, version: String, _ header: (name: String, value: String)
    ) async throws(SecretStores.Failure) -> Secret {
        guard let url = try? HTTPURL(endpoint) else {
            throw .init("\(variable) is not a URL", hint: "Azure sets this variable; unset your own value")
        }
        let isNear = url.origin.isLoopback || url.origin.isLinkLocal
        guard url.origin.scheme == "https" || isNear else {
            throw .init(
                "\(variable) is plain http to another machine: \(url.origin)",
                hint:
                    "a managed identity is on this machine or at 169.254.169.254; unset \(variable), or use https://"
            )
        }
        var query = [("api-version", version), ("resource", Self.resource)]
        if let id = setting("AZURE_CLIENT_ID") { query.append(("client_id", id)) }
        var request = Request(
            "GET", url.appending(query: query),
            limits: .init(connect: .seconds(2), total: .seconds(10), responseInBytes: 1 << 20))
        request.isDirect = true
        do { try request.headers.set(header.name, Secret(header.value)) } catch {
            throw .init("cannot send IDENTITY_HEADER: \(error)", hint: "Azure sets this variable; unset your own value")
        }
        return try await tokenIn(request, "the managed identity", without: [Secret(header.value)])
    }

    private func tokenIn(_ request: Request, _ what: String, without secrets: [Secret]) async throws(SecretStores
        .Failure) -> Secret
    {
        var response: Response
        do { response = try await transport.send(request) } catch {
            throw .init(
                "cannot obtain a token for Azure: \(error)",
                hint:
                    "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run with a managed identity"
            )
        }
        defer { wipe(&response.body) }
        let range = try? JSONReader.members(of: response.body).first { $0.name == "access_token" }?.range
        guard response.isSuccess, let range, let token = try? JSONReader.secret(of: response.body, in: range),
            !token.isEmpty
        else {
            let body = try? JSONReader.parse(response.body)
            let said = (body?["error_description"] ?? body?["error"])?.string ?? "status \(response.status)"
            throw .init("no token from Azure: \(sanitized(said, without: secrets, limit: 200))", hint: "check \(what)")
        }
        return token
    }
}
