public import RingdownCore
internal import RingdownOAuth

/// What came of ending a token.
public enum Revocation: Sendable {
    case revoked
    /// The platform did not know it any more.
    case alreadyOver
    /// The platform has no way to end it: it is forgotten here, and ends by itself.
    case onlyForgotten
    case nothingCached
}

extension APIClient {
    /// Forgets the cached token, here and in the store, and ends it at the platform where that can be done: Genesys Cloud has a
    /// call for it, other servers may have RFC 7009. No token is requested for it. `given` ends another token than the
    /// cached one, which is forgotten only where it is the same.
    ///
    /// Throws ``APIError`` and `TokenError`; the token is forgotten then too.
    public func revoke(_ given: Secret? = nil) async throws -> Revocation {
        if case .broker = profile.credential, given == nil {
            throw ConfigurationError(
                "the broker's token is shared with other programs",
                hint: "revoke it where the broker runs: RINGDOWN_SOCKET= ringdown revoke")
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

    /// Ends a person's sign-in: the refresh token is forgotten, and ended at the platform where that can be done. False where nobody
    /// was signed in. Throws as ``revoke(_:)``.
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

    /// RFC 7009: a token that the server does not know is answered as one that it has ended.
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

    private func answer(_ request: Request) async throws(APIError) -> Response {
        do { return try await transport.send(request) } catch { throw APIError.unreachable(error) }
    }

    private func failure(_ request: Request, _ response: Response) -> APIError {
        APIError(
            response.status == 401 || response.status == 403
                ? .unauthorized : response.status < 500 ? .refused : .serverFailed,
            "\(request.method) \(request.url.path) answered \(response.status)",
            hint:
                "the token is forgotten here, but may be valid until it ends: revoke it at the platform if it matters",
            status: response.status)
    }
}
