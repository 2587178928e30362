public import RingdownCore

/// What an issuer says of itself (OpenID Connect discovery, RFC 8414).
public struct ServerMetadata: Sendable {
    public var issuer: String
    public var tokenEndpoint: HTTPURL
    public var authorizationEndpoint: HTTPURL?
    /// RFC 7009.
    public var revocationEndpoint: HTTPURL?
    /// Whether authorization responses name the issuer (RFC 9207).
    public var namesIssuer: Bool
}

/// Finds out an issuer's endpoints by OpenID Connect discovery, once.
public final class Discovery: Sendable {
    private let transport: any Transport
    private let found = Locked<[HTTPURL: ServerMetadata]>([:])

    public init(_ transport: any Transport) {
        self.transport = transport
    }

    /// Throws ``TokenError`` where the metadata cannot be had, names another issuer (RFC 8414 section 3.3), or points to
    /// an endpoint that must not be given a secret.
    public func tokenEndpoint(of issuer: HTTPURL) async throws(TokenError) -> HTTPURL {
        try await server(issuer).tokenEndpoint
    }

    /// The same for everything that is said.
    public func server(_ issuer: HTTPURL) async throws(TokenError) -> ServerMetadata {
        if let known = found.withLock({ $0[issuer] }) { return known }
        let metadata = try await metadata(of: issuer)
        func failure(_ message: String) -> TokenError { TokenError(.discoveryFailed, message, endpoint: issuer) }
        guard let name = metadata["issuer"]?.string, withoutSlash(name) == withoutSlash(issuer.description) else {
            throw failure(
                "the metadata of \(issuer) names another issuer: \(sanitized(metadata["issuer"]?.text ?? "none"))")
        }
        /// Nil where none is named.
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
                "\(url) answered \(response.status) without metadata: \(sanitized(response.body))", endpoint: url,
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
