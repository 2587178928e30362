internal import RingdownCore
internal import RingdownOAuth

extension CXone {
    /// Reads an API error (section 4). The message is in a header or in one of several members of the body.
    @Sendable static func fault(_ response: Response) -> Platform.Fault {
        let body = try? JSONReader.parse(response.body)
        let message =
            response.headers["icStatusDescription"]
            ?? (body?["error_description"] ?? body?["errorDescription"] ?? body?["message"] ?? body?["Message"])?.string
            ?? body?["details"]?.string
        return .init(
            code: body?["error"]?.string ?? body?["code"]?.text, message: message,
            correlationID: response.headers["CorrelationId"]
        )
    }

    /// The list of agents: paged by `skip` and `top`, with an absolute link to the next page (section 3.2).
    static func agents(version: String, pageSize: Int) -> UserList {
        UserList(
            firstPath: "/incontactapi/services/\(version)/agents?skip=0&top=\(pageSize)", itemsMember: "agents",
            identity: "agentId",
            user: { json in
                let name = [json["firstName"]?.string, json["lastName"]?.string].compactMap { $0 }.filter {
                    !$0.isEmpty
                }
                return User(
                    id: json["agentId"]?.text, name: name.joined(separator: " "), email: json["emailAddress"]?.string,
                    username: json["userName"]?.string, isActive: json["isActive"]?.bool
                )
            }
        )
    }

    /// The named lists of section 3.1.
    static func lists(version: String) -> [String: NamedList] {
        func list(_ name: String, id: String, title: String) -> NamedList {
            NamedList(
                path: "/incontactapi/services/\(version)/\(name)?skip=0&top=100", itemsMember: name, id: id, name: title
            )
        }
        return [
            "skills": list("skills", id: "skillId", title: "skillName"),
            "teams": list("teams", id: "teamId", title: "teamName"),
        ]
    }

    @Sendable static func identify(_ client: APIClient) async throws -> Identity {
        let token = try await client.token()
        let claims = JWTClaims.read(token)
        var identity = Identity(
            organizationID: claims?["tenantId"]?.string, organizationName: claims?["tenant"]?.string,
            clientID: claims?["aud"]?.string, clientName: nil, userName: claims?["name"]?.string,
            roles: [claims?["role"]?["legacyId"]?.string].compactMap { $0 }
        )
        let version = client.profile.apiVersion ?? standardVersion
        let unit = try await client.get("/incontactapi/services/\(version)/business-unit")
        let first = unit["businessUnits"]?.array?.first
        identity.organizationID = identity.organizationID ?? first?["tenantId"]?.string
        identity.organizationName = first?["businessUnitName"]?.string ?? identity.organizationName
        return identity
    }
}

/// Discovers the API host of a tenant from the tenant ID (section 2).
package struct CXoneTenant: Sendable {
    let issuer: HTTPURL
    /// The tenant ID of the settings; nil to use the tenant ID of the token.
    let tenantID: String?
    let area: String?

    /// Returns the base URL of the API.
    ///
    /// - Throws: ``APIError`` if the URL cannot be discovered, or if its host is not trusted with tokens.
    func apiURL(for token: Token, over transport: any Transport) async throws -> HTTPURL {
        guard let tenantID = tenantID ?? JWTClaims.read(token)?["tenantId"]?.string else { return try standardURL() }
        let response: Response
        let url: HTTPURL
        do {
            url = try issuer.appending(".well-known/cxone-configuration").appending(query: [("tenantId", tenantID)])
        } catch { throw failure("\(error)", nil) }
        do {
            response = try await transport.send(Request("GET", url, headers: ["Accept": "application/json"]))
        } catch { throw APIError.unanswered(error) }
        if response.status == 429 || response.status >= 500 {
            let (code, hint) = APIError.meaning(response, .init(), age: .zero, without: [token.value])
            throw APIError(code, "\(url) returned \(response.status)", hint: hint, status: response.status)
        }
        guard response.isSuccess, let text = (try? JSONReader.parse(response.body))?["api_endpoint"]?.string,
            let found = try? HTTPURL(text)
        else { throw failure("\(url) returned \(response.status) without an api_endpoint", response.status) }
        // The issuer decides where the API is; on loopback that is a simulator, whose API has a port of its own.
        let isLocal = issuer.origin.isLoopback && found.origin.isLoopback
        let isTrusted =
            isLocal || OriginPolicy(base: issuer, trustedDomains: Platform.cxone.trustedDomains).allows(found)
        guard isTrusted else {
            throw failure("the tenant's api_endpoint \(found.origin) is not a CXone host", nil)
        }
        return found
    }

    private func standardURL() throws(APIError) -> HTTPURL {
        if let area, let url = try? HTTPURL("https://api-\(area).niceincontact.com") { return url }
        throw failure("cannot determine the API host: the token contains no tenant ID", nil)
    }

    private func failure(_ message: String, _ status: Int?) -> APIError {
        APIError(
            .configuration, message, hint: "set CXONE_TENANT_ID, or set CXONE_API_URL to the API host", status: status)
    }
}

/// The claims of a JSON Web Token, unverified. They are used for routing and display only, never for trust decisions.
enum JWTClaims {
    static func read(_ token: Token) -> JSON? {
        let parts = token.value.withBytes { bytes in
            bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Array($0) }
        }
        guard parts.count == 3, let payload = Base64.decode(String(decoding: parts[1], as: UTF8.self), .url) else {
            return nil
        }
        return try? JSONReader.parse(payload)
    }
}
