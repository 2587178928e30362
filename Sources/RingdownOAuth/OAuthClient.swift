package import RingdownCore

/// Requests tokens from an OAuth 2.0 authorization server.
package struct OAuthClient: TokenRequester {
    /// The parameters of the token request.
    package let grant: Grant
    private let transport: any Transport
    private let time: any TimeSource
    private let settings: LifecycleSettings
    private let discovery: Discovery

    /// Creates a client.
    ///
    /// - Parameters:
    ///   - grant: The parameters of the token request.
    ///   - transport: The transport that sends the requests.
    ///   - time: The clock (default: the system clock).
    ///   - settings: The settings of the token lifecycle.
    ///   - discovery: A discovery to share with other clients (default: a new one).
    package init(
        _ grant: Grant, transport: any Transport, time: any TimeSource = .system,
        settings: LifecycleSettings = LifecycleSettings(), discovery: Discovery? = nil
    ) {
        self.grant = grant
        self.transport = transport
        self.time = time
        self.settings = settings
        self.discovery = discovery ?? Discovery(transport)
    }

    /// Requests an access token.
    ///
    /// - Parameter draw: A random number, uniform in 0..<1, that determines the refresh jitter.
    /// - Throws: ``TokenError`` if the server cannot be reached, refuses the request, or returns no usable token.
    package func requestToken(draw: Double) async throws(TokenError) -> Token {
        try await requestTokens(draw: draw).access
    }

    /// Requests an access token and returns it with the refresh token; nil if the response contains none.
    ///
    /// - Parameter draw: A random number, uniform in 0..<1, that determines the refresh jitter.
    /// - Throws: ``TokenError`` as ``requestToken(draw:)``.
    package func requestTokens(draw: Double) async throws(TokenError) -> (access: Token, refresh: Secret?) {
        let endpoint = try await endpoint()
        let request = try grant.request(to: endpoint, at: time.now().wall)
        let sent = time.now()
        var response: Response
        do { response = try await transport.send(request) } catch { throw .unreachable(error, endpoint: endpoint) }
        let elapsed = Int(((time.now().uptime - sent.uptime).inSeconds * 1000).rounded())
        Logger.current.debug("token.request", "POST \(endpoint) \(response.status) \(elapsed) ms")
        defer { wipe(&response.body) }
        guard response.isSuccess else { throw refusal(response, endpoint) }
        let granted: TokenResponse
        do { granted = try TokenResponse(response.body) } catch {
            // Some servers report errors with status 200.
            if hasErrorCode(response.body) { throw refusal(response, endpoint) }
            throw malformed(error, response, endpoint)
        }
        return (token(granted, requested: sent, draw: draw), granted.refreshToken)
    }

    private func endpoint() async throws(TokenError) -> HTTPURL {
        switch grant.endpoint {
        case .fixed(let url): url
        case .discovered(let issuer): try await discovery.tokenEndpoint(of: issuer)
        }
    }

    private func token(_ response: TokenResponse, requested: Instant, draw: Double) -> Token {
        if let wanted = grant.scope, let granted = response.scope, scopes(wanted) != scopes(granted) {
            Logger.current.warning(
                "token.scope_changed",
                "the server granted \(scopes(granted).count) scopes that differ from the requested '\(wanted)'")
        }
        let stated = response.lifetime
        if stated == nil {
            Logger.current.warning(
                "token.no_lifetime",
                "the token response has no usable expires_in; assuming \(Int(grant.defaultLifetime.inSeconds)) s"
            )
        }
        let isOver = stated.map { $0 <= .zero } ?? false
        if isOver {
            Logger.current.warning(
                "token.expired_at_birth", "the token response has expires_in ≤ 0; the token is used once")
        }
        let range = settings.lifetimeRange
        let lifetime = isOver ? .zero : min(max(stated ?? grant.defaultLifetime, range.lowerBound), range.upperBound)
        return Token(
            value: response.accessToken, scope: response.scope, lifetime: lifetime, requested: requested,
            refreshJitter: settings.refreshJitter(lifetime: lifetime, draw: draw), isLifetimeKnown: stated != nil,
            isCacheable: !isOver
        )
    }

    private func scopes(_ text: String) -> Set<Substring> { Set(text.split(separator: " ")) }

    // MARK: Failures

    /// Whether a body contains an error code instead of a token. RFC 6749 limits codes to ASCII; a long code may be a token.
    private func hasErrorCode(_ body: [UInt8]) -> Bool {
        guard let json = try? JSONReader.parse(body), json["access_token"]?.string?.isEmpty ?? true,
            let name = json["error"]?.string, (1...40).contains(name.utf8.count)
        else { return false }
        return name.utf8.allSatisfy { (0x61...0x7A).contains($0) || " _-.".utf8.contains($0) }
    }

    private func refusal(_ response: Response, _ endpoint: HTTPURL) -> TokenError {
        let body = try? JSONReader.parse(response.body)
        // The names of RFC 6749, and the camel case of CXone's published API description (`cxone.md` section 1.7).
        let name = body?["error"]?.string
        let text = (body?["error_description"] ?? body?["errorDescription"])?.string ?? body?["message"]?.string
        var error = TokenError(code(response, name, text), "", endpoint: endpoint, status: response.status)
        error.isPage = isPage(response)
        error.oauthError = name.map { clean($0) }
        error.oauthDescription = text.map { clean($0) }
        error.retryAfter = RetryAfter.read(from: response.headers, now: time.now().wall)
        error.correlationID = response.headers["ININ-Correlation-Id"].map { clean($0) }
        let said = [error.oauthError, error.oauthDescription].compactMap { $0 }.joined(separator: ": ")
        error.message = "\(endpoint.origin) returned \(response.status)"
        if !said.isEmpty {
            error.message += " (\(said))"
        } else if (300..<400).contains(response.status) {
            error.message += ": token requests do not follow redirects"
        } else {
            error.message += response.body.isEmpty ? " with an empty body" : ": \(clean(response.body))"
        }
        return error
    }

    /// Returns the code for an error response. The body takes precedence over the status.
    private func code(_ response: Response, _ name: String?, _ text: String?) -> TokenError.Code {
        let status = response.status
        // Genesys Cloud returns 400 `invalid_request` "rate limit exceeded; …" (`genesys-cloud.md` section 2).
        if status == 429 || text?.lowercased().hasPrefix("rate limit exceeded") == true { return .rateLimited }
        switch name {
        case "invalid_client", "invalid_grant", "access_denied": return .credentialsRefused
        case "unauthorized_client", "unsupported_grant_type": return .grantRefused
        case "invalid_scope", "invalid_target": return .scopeRefused
        case "temporarily_unavailable", "server_error": return .serverFailed
        default: break
        }
        if status >= 500 { return .serverFailed }
        // Authorization servers return JSON. Pages come from proxies, firewalls and sign-in portals.
        if name == nil, [401, 403].contains(status), isPage(response) { return .intercepted }
        return name == nil && (status == 401 || status == 403) ? .credentialsRefused : .requestRefused
    }

    private func malformed(_ error: TokenResponse.Unusable, _ response: Response, _ endpoint: HTTPURL) -> TokenError {
        var message = "\(endpoint.origin) returned \(response.status), but \(error.reason)"
        let type = response.headers.knownMediaType
        // The body of a success may contain a token in any form, so it is never quoted.
        if let type { message += " (Content-Type \(type), \(response.body.count) bytes)" }
        var result = TokenError(.malformedResponse, message, endpoint: endpoint, status: response.status)
        result.isPage = isPage(response)
        return result
    }

    private func isPage(_ response: Response) -> Bool {
        let first = response.body.withoutByteOrderMark.first { !" \t\r\n".utf8.contains($0) }
        // Some servers send JSON with the media type of a page.
        let isText = first != nil && first != UInt8(ascii: "{") && response.headers.knownMediaType == "text/html"
        return first == UInt8(ascii: "<") || isText
    }

    private func clean(_ text: String) -> String { clean(Array(text.utf8)) }

    /// Sanitizes text of the server and redacts every secret of the request, in case the server echoed one.
    private func clean(_ bytes: [UInt8]) -> String {
        sanitized(bytes, without: grant.echoes)
    }
}
