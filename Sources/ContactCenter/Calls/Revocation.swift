internal import HTTPModel
internal import Tokens

/// What came of ending a token.
public enum Revocation: Sendable {
    case revoked
    /// The platform did not know it any more.
    case alreadyOver
    /// The platform has no call for it: it is forgotten here, and ends by itself.
    case onlyForgotten
    case nothingCached
}

extension APIClient {
    /// Forgets the cached token, here and in the store, and ends it at the platform where that can be done (`genesys-cloud.md`
    /// section 2: `DELETE /api/v2/tokens/me`). No token is requested for it. Throws ``APIError``; the token is forgotten then too.
    public func revoke() async throws -> Revocation {
        guard let token = await forgetToken() else { return .nothingCached }
        guard profile.platform.name == "genesys" else { return .onlyForgotten }
        var request = Request("DELETE", try await baseURL(token).appending("/api/v2/tokens/me"))
        try request.headers.set("Authorization", token.authorization)
        let response: Response
        do { response = try await transport.send(request) } catch { throw APIError.unreachable(error) }
        if response.status == 401 { return .alreadyOver }
        guard response.isSuccess else {
            throw APIError(
                .serverFailed, "DELETE /api/v2/tokens/me answered \(response.status)",
                hint:
                    "the token is forgotten here, but may be valid until it ends: revoke it in Genesys Cloud if it matters",
                status: response.status)
        }
        return .revoked
    }
}
