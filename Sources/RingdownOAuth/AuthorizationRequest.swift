package import RingdownCore

/// An authorization request with PKCE: sends the user to the sign-in page and validates the callback (RFC 6749 section 4.1,
/// RFC 7636).
package struct AuthorizationRequest: Sendable {
    /// The reason for rejecting a callback.
    package enum Refusal: Error, Equatable {
        /// The callback belongs to another request. The caller continues to wait.
        case foreign
        /// The user or the server denied the request, with the reason.
        case denied(String)
        /// The callback was issued by another server (RFC 9207), with the name of that server.
        case otherIssuer(String)
    }

    /// The URI to which the server redirects the browser.
    package let redirectURI: String
    let state: String
    let verifier: Secret

    /// Creates a request with a random state and verifier.
    ///
    /// - Parameter redirectURI: The URI to which the server redirects the browser.
    package init(redirectURI: String) {
        self.init(
            redirectURI: redirectURI, state: Base64.encode(Sodium.randomBytes(24), .url),
            verifier: Secret(Base64.encode(Sodium.randomBytes(32), .url)))
    }

    /// Creates a request with a given state and verifier.
    package init(redirectURI: String, state: String, verifier: Secret) {
        (self.redirectURI, self.state, self.verifier) = (redirectURI, state, verifier)
    }

    /// The S256 code challenge of the verifier.
    package var challenge: String { verifier.withBytes { Base64.encode(Sodium.sha256(Array($0)), .url) } }

    /// Returns the URL of the sign-in page for this request.
    ///
    /// - Parameters:
    ///   - endpoint: The authorization endpoint.
    ///   - clientID: The client identifier.
    ///   - scope: The requested scopes, separated by spaces; nil for the server's default.
    package func url(at endpoint: HTTPURL, clientID: String, scope: String?) -> HTTPURL {
        endpoint.appending(
            query: [
                ("response_type", "code"), ("client_id", clientID), ("redirect_uri", redirectURI), ("state", state),
                ("code_challenge", challenge), ("code_challenge_method", "S256"),
            ] + (scope.map { [("scope", $0)] } ?? []))
    }

    /// Returns whether the query of a callback contains this request's `state`.
    package func isOurs(_ query: [(name: String, value: String)]) -> Bool {
        guard let returned = query.first(where: { $0.name == "state" })?.value else { return false }
        return Secret(returned) == Secret(state)
    }

    /// Validates the query of a callback and returns the authorization code.
    ///
    /// - Parameters:
    ///   - query: The query of the callback.
    ///   - issuer: The expected issuer, compared with `iss` if the callback contains it; nil to skip the comparison.
    ///   - namesIssuer: Whether the callback must contain `iss`.
    /// - Throws: ``Refusal`` if the callback is not a success for this request.
    package func code(
        in query: [(name: String, value: String)], issuer: String?, namesIssuer: Bool
    ) throws(Refusal) -> Secret {
        func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
        guard isOurs(query) else { throw .foreign }
        // The issuer is checked before any other parameter is used.
        if let sender = value("iss") {
            if let issuer, sender != issuer { throw .otherIssuer(sanitized(sender, limit: 120)) }
        } else if namesIssuer {
            throw .otherIssuer("an unnamed issuer")
        }
        if let error = value("error") {
            let description = value("error_description").map { ": \($0)" } ?? ""
            throw .denied(sanitized(error + description, limit: 200))
        }
        guard let code = value("code"), !code.isEmpty else { throw .denied("the response contains no code") }
        return Secret(code)
    }

    /// Returns the grant that exchanges a code for tokens.
    ///
    /// - Parameters:
    ///   - code: The authorization code.
    ///   - grant: The client's refresh grant, which supplies the endpoint and the client authentication.
    package func exchange(_ code: Secret, as grant: Grant) -> Grant {
        var exchange = grant
        exchange.parameters =
            [
                .init("grant_type", "authorization_code"), .init("code", code), .init("redirect_uri", redirectURI),
                .init("code_verifier", verifier),
            ] + grant.parameters.filter { $0.name == "client_id" }
        return exchange
    }
}
