package import RingdownCore

/// The metadata of an issuer (OpenID Connect Discovery, RFC 8414).
package struct ServerMetadata: Sendable {
    /// The issuer identifier, as the metadata contains it.
    package var issuer: String
    /// The token endpoint.
    package var tokenEndpoint: HTTPURL
    /// The authorization endpoint; nil if the metadata names none.
    package var authorizationEndpoint: HTTPURL?
    /// The token revocation endpoint (RFC 7009); nil if the metadata names none.
    package var revocationEndpoint: HTTPURL?
    /// Whether authorization responses contain the issuer (RFC 9207).
    package var namesIssuer: Bool
}

/// Discovers the endpoints of issuers with OpenID Connect Discovery. Requests the metadata of each issuer once.
package final class Discovery: Sendable {
    private let transport: any Transport
    private let found = Locked<[HTTPURL: ServerMetadata]>([:])

    /// Creates a discovery that sends its requests over `transport`.
    package init(_ transport: any Transport) {
        self.transport = transport
    }

    /// Returns the token endpoint of an issuer.
    ///
    /// - Throws: ``TokenError`` if the metadata cannot be fetched, names a different issuer (RFC 8414 section 3.3), or names an
    ///   endpoint to which secrets must not be sent.
    package func tokenEndpoint(of issuer: HTTPURL) async throws(TokenError) -> HTTPURL {
        try await server(issuer).tokenEndpoint
    }

    /// Returns the metadata of an issuer.
    ///
    /// - Throws: ``TokenError`` as ``tokenEndpoint(of:)``.
    package func server(_ issuer: HTTPURL) async throws(TokenError) -> ServerMetadata {
        if let known = found.withLock({ $0[issuer] }) { return known }
        let metadata = try await metadata(of: issuer)
        func failure(_ message: String) -> TokenError { TokenError(.discoveryFailed, message, endpoint: issuer) }
        guard let name = metadata["issuer"]?.string, withoutSlash(name) == withoutSlash(issuer.description) else {
            throw failure(
                "the metadata of \(issuer) names a different issuer")
        }
        /// Returns an endpoint; nil if the metadata does not contain the member.
        func endpoint(_ member: String) throws(TokenError) -> HTTPURL? {
            guard let value = metadata[member] else { return nil }
            guard let url = value.string.flatMap({ try? HTTPURL($0) }) else {
                throw failure("the metadata of \(issuer) has no usable \(member)")
            }
            guard url.origin.scheme == issuer.origin.scheme else {
                throw failure("the metadata of \(issuer) names a \(member.spaced) that is not \(issuer.origin.scheme)")
            }
            return url
        }
        guard let tokenEndpoint = try endpoint("token_endpoint") else {
            throw failure("the metadata of \(issuer) has no usable token_endpoint")
        }
        let server = ServerMetadata(
            issuer: name, tokenEndpoint: tokenEndpoint, authorizationEndpoint: try? endpoint("authorization_endpoint"),
            revocationEndpoint: try? endpoint("revocation_endpoint"),
            namesIssuer: metadata["authorization_response_iss_parameter_supported"]?.bool ?? false)
        found.withLock { $0[issuer] = server }
        return server
    }

    private func metadata(of issuer: HTTPURL) async throws(TokenError) -> JSON {
        let url: HTTPURL
        do { url = try issuer.appending(".well-known/openid-configuration") } catch {
            throw TokenError(.discoveryFailed, "\(error)", endpoint: issuer)
        }
        let limits = Request.Limits(connect: .seconds(5), total: .seconds(10), responseInBytes: 1 << 20)
        let response: Response
        do {
            response = try await transport.send(
                Request("GET", url, headers: ["Accept": "application/json"], limits: limits))
        } catch { throw .unreachable(error, endpoint: url) }
        guard response.isSuccess, let metadata = try? JSONReader.parse(response.body) else {
            var error = TokenError(
                response.status >= 500 ? .serverFailed : response.status == 429 ? .rateLimited : .discoveryFailed,
                "\(url) returned \(response.status) without metadata", endpoint: url,
                status: response.status
            )
            error.retryAfter = RetryAfter.read(from: response.headers, now: .now())
            throw error
        }
        return metadata
    }

    private func withoutSlash(_ text: String) -> String { text.hasSuffix("/") ? String(text.dropLast()) : text }
}

extension String {
    fileprivate var spaced: String { String(map { $0 == "_" ? " " : $0 }) }
}
