public import RingdownCore

/// A person is sent to sign in: authorization code with PKCE (RFC 6749 section 4.1, RFC 7636), and what comes back is checked.
public struct AuthorizationRequest: Sendable {
    /// Why a callback does not count.
    public enum Refusal: Error, Equatable {
        /// It does not belong to this request: somebody else's, or an old one. Go on waiting.
        case foreign
        /// The person or the server refused.
        case denied(String)
        /// It comes from another server than the one that was asked (RFC 9207).
        case otherIssuer(String)
    }

    public let redirectURI: String
    let state: String
    let verifier: Secret

    /// `redirectURI` is where the browser is sent back to.
    public init(redirectURI: String) {
        self.init(
            redirectURI: redirectURI, state: Base64.encode(Sodium.randomBytes(24), .url),
            verifier: Secret(Base64.encode(Sodium.randomBytes(32), .url)))
    }

    package init(redirectURI: String, state: String, verifier: Secret) {
        (self.redirectURI, self.state, self.verifier) = (redirectURI, state, verifier)
    }

    /// The S256 of the verifier.
    package var challenge: String { verifier.withBytes { Base64.encode(Sodium.sha256(Array($0)), .url) } }

    /// The address at which the person signs in.
    public func url(at endpoint: HTTPURL, clientID: String, scope: String?) -> HTTPURL {
        endpoint.appending(
            query: [
                ("response_type", "code"), ("client_id", clientID), ("redirect_uri", redirectURI), ("state", state),
                ("code_challenge", challenge), ("code_challenge_method", "S256"),
            ] + (scope.map { [("scope", $0)] } ?? []))
    }

    /// Whether a callback has this request's `state`.
    public func isOurs(_ query: [(name: String, value: String)]) -> Bool {
        guard let returned = query.first(where: { $0.name == "state" })?.value else { return false }
        return Secret(returned) == Secret(state)
    }

    /// The code in the query with which the browser came back. `issuer` is whom it must come from, if it says; where
    /// `namesIssuer` it must say.
    public func code(
        in query: [(name: String, value: String)], issuer: String?, namesIssuer: Bool
    ) throws(Refusal) -> Secret {
        func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
        guard isOurs(query) else { throw .foreign }
        // Before anything else is believed.
        if let sender = value("iss") {
            if let issuer, sender != issuer { throw .otherIssuer(sanitized(sender, limit: 120)) }
        } else if namesIssuer {
            throw .otherIssuer("nobody")
        }
        if let error = value("error") {
            let description = value("error_description").map { ": \($0)" } ?? ""
            throw .denied(sanitized(error + description, limit: 200))
        }
        guard let code = value("code"), !code.isEmpty else { throw .denied("there was no code") }
        return Secret(code)
    }

    /// The token request for a code. `grant` is how the client asks for tokens otherwise.
    public func exchange(_ code: Secret, as grant: Grant) -> Grant {
        var exchange = grant
        exchange.parameters =
            [
                .init("grant_type", "authorization_code"), .init("code", code), .init("redirect_uri", redirectURI),
                .init("code_verifier", verifier),
            ] + grant.parameters.filter { $0.name == "client_id" }
        return exchange
    }
}
