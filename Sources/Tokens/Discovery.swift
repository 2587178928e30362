internal import Foundations
public import HTTPModel

/// Finds out an issuer's token endpoint by OpenID Connect discovery, once.
public final class Discovery: Sendable {
    private let transport: any Transport
    private let found = Locked<[HTTPURL: HTTPURL]>([:])

    public init(_ transport: any Transport) {
        self.transport = transport
    }

    /// Throws ``TokenError`` where the metadata cannot be had, names another issuer (RFC 8414 section 3.3), or points to
    /// an endpoint that must not be given a secret.
    public func tokenEndpoint(of issuer: HTTPURL) async throws(TokenError) -> HTTPURL {
        if let known = found.withLock({ $0[issuer] }) { return known }
        let metadata = try await metadata(of: issuer)
        func failure(_ message: String) -> TokenError { TokenError(.discoveryFailed, message, endpoint: issuer) }
        guard metadata["issuer"]?.string.map(withoutSlash) == withoutSlash(issuer.description) else {
            throw failure(
                "the metadata of \(issuer) names another issuer: \(excerpt(metadata["issuer"]?.text ?? "none"))")
        }
        guard let text = metadata["token_endpoint"]?.string, let endpoint = try? HTTPURL(text) else {
            throw failure("the metadata of \(issuer) has no usable token_endpoint")
        }
        guard endpoint.origin.scheme == issuer.origin.scheme else {
            throw failure("the metadata of \(issuer) names a token endpoint that is not \(issuer.origin.scheme)")
        }
        found.withLock { $0[issuer] = endpoint }
        return endpoint
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
                "\(url) answered \(response.status) without metadata: \(excerpt(response.body))", endpoint: url,
                status: response.status
            )
            error.retryAfter = RetryAfter.read(from: response.headers, now: .now())
            throw error
        }
        return metadata
    }

    private func withoutSlash(_ text: String) -> String { text.hasSuffix("/") ? String(text.dropLast()) : text }
}
