public import RingdownCore
internal import RingdownOAuth

/// The result of a token revocation.
public enum Revocation: Sendable {
    /// The platform revoked the token.
    case revoked
    /// The token was already invalid.
    case alreadyOver
    /// The platform does not support revocation. The token was deleted from the cache and remains valid until it expires.
    case onlyForgotten
    /// No token is cached.
    case nothingCached
}

extension APIClient {
    /// Deletes the cached token from memory and from the store, and revokes it at the platform if this is supported.
    ///
    /// Genesys Cloud has a call for revocation, and other servers may support RFC 7009. No token is requested.
    ///
    /// - Parameter given: The token to revoke (default: the cached token). The cached token is deleted only if it is the same.
    /// - Throws: ``ConfigurationError`` if the token belongs to a broker, ``APIError`` and `TokenError` if the revocation fails.
    ///   Even then, the token is deleted from the cache.
    public func revoke(_ given: Secret? = nil) async throws -> Revocation {
        if case .broker = profile.credential, given == nil {
            throw ConfigurationError(
                "cannot revoke the token of a broker: other programs use it",
                hint: "revoke it with the account of the broker, without RINGDOWN_SOCKET")
        }
        let stored = await storedToken()
        let isOther = given != nil && stored?.value != given
        let forgotten = isOther ? nil : await forgetToken()
        guard let token = given ?? forgotten?.value else { return .nothingCached }
        switch profile.revocation {
        case .none: return .onlyForgotten
        case .call(let path): return try await end(token, by: path)
        case .endpoint(let url): return try await end(token, at: url)
        case .discovered(let issuer):
            guard let url = try await Discovery(transport).server(issuer).revocationEndpoint else {
                return .onlyForgotten
            }
            return try await end(token, at: url)
        }
    }

    /// Signs the user out: deletes the refresh token, and revokes it at the platform if this is supported.
    ///
    /// - Returns: False if no user was signed in.
    /// - Throws: As ``revoke(_:)``.
    public func signOut() async throws -> Bool {
        guard profile.signIn != nil, let token = await store.refreshToken(for: profile.cacheKey, at: time.now()) else {
            return false
        }
        await store.removeRefreshToken(for: profile.cacheKey)
        switch profile.revocation {
        case .none, .call: break
        case .endpoint(let url): _ = try await end(token, at: url, hint: "refresh_token")
        case .discovered(let issuer):
            if let url = try await Discovery(transport).server(issuer).revocationEndpoint {
                _ = try await end(token, at: url, hint: "refresh_token")
            }
        }
        return true
    }

    private func end(_ token: Secret, by path: String) async throws -> Revocation {
        let base = try await baseURL(Token(value: token, lifetime: .zero, requested: time.now()))
        var request = Request("DELETE", try base.appending(path))
        try request.headers.set("Authorization", Secret(joining: [Secret("Bearer "), token]))
        let response = try await answer(request)
        if response.status == 401 { return .alreadyOver }
        guard response.isSuccess else { throw failure(request, response) }
        return .revoked
    }

    /// Revokes a token with RFC 7009. The server returns success for an unknown token too.
    private func end(_ token: Secret, at url: HTTPURL, hint: String = "access_token") async throws -> Revocation {
        guard case .grant(let grant) = profile.credential else { return .onlyForgotten }
        let request = try grant.revocationRequest(of: token, hint: hint, at: url)
        let response = try await answer(request)
        if (try? JSONReader.parse(response.body))?["error"]?.string == "unsupported_token_type" {
            return .onlyForgotten
        }
        guard response.isSuccess else { throw failure(request, response) }
        return .revoked
    }

    private func answer(_ request: Request) async throws -> Response {
        do { return try await transport.send(request) } catch { throw APIError.unanswered(error) }
    }

    private func failure(_ request: Request, _ response: Response) -> APIError {
        APIError(
            response.status == 401 || response.status == 403
                ? .unauthorized : response.status < 500 ? .refused : .serverFailed,
            "\(request.method) \(request.url.path) returned \(response.status)",
            hint:
                "the token is deleted from the cache, but may be valid until it expires: revoke it at the platform",
            status: response.status)
    }
}
