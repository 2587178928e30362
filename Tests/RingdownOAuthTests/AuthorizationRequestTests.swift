import RingdownCore
import RingdownOAuth
import Testing

@Suite struct AuthorizationRequestTests {
    private let request = AuthorizationRequest(
        redirectURI: "http://127.0.0.1:1234/callback", state: "the-state",
        verifier: Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
    private typealias Refusal = AuthorizationRequest.Refusal

    private func code(
        _ query: [(name: String, value: String)], issuer: String? = "https://login.example", namesIssuer: Bool = false
    ) throws -> String {
        try request.code(in: query, issuer: issuer, namesIssuer: namesIssuer).reveal()
    }

    @Test func `matches the example challenge of RFC 7636`() {
        #expect(request.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test func `the authorization URL contains every required parameter and not the verifier`() throws {
        let url = request.url(
            at: try HTTPURL("https://login.example/oauth/authorize"), clientID: "id&x", scope: "openid")
        #expect(
            url.description
                == "https://login.example/oauth/authorize?response_type=code&client_id=id%26x"
                + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1234%2Fcallback&state=the-state"
                + "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&scope=openid")
    }

    @Test func `two requests have different states and verifiers`() {
        let (one, other) = (AuthorizationRequest(redirectURI: "a"), AuthorizationRequest(redirectURI: "a"))
        #expect(one.challenge != other.challenge && !one.isOurs([("state", "")]))
    }

    @Test func `accepts a code with a matching state`() throws {
        #expect(try code([("state", "the-state"), ("code", "abc")]) == "abc")
        #expect(try code([("state", "the-state"), ("code", "abc"), ("iss", "https://login.example")]) == "abc")
    }

    @Test(arguments: ["", "the-stat", "the-state ", "THE-STATE"])
    func `rejects a different state before it reads other parameters`(state: String) {
        #expect(throws: Refusal.foreign) { try code([("state", state), ("code", "abc"), ("error", "x")]) }
    }

    @Test func `rejects a response of another issuer before it reads the error`() {
        let query = [("state", "the-state"), ("error", "denied"), ("iss", "https://evil.example")]
        #expect(throws: Refusal.otherIssuer("https://evil.example")) { try code(query) }
        #expect(throws: Refusal.otherIssuer("an unnamed issuer")) {
            try code([("state", "the-state"), ("code", "a")], namesIssuer: true)
        }
    }

    @Test func `treats an error or a missing code as a denial`() {
        let query = [("state", "the-state"), ("error", "access_denied"), ("error_description", "no\u{1B}[m")]
        #expect(throws: Refusal.denied("access_denied: no\\u{1b}[m")) { try code(query) }
        #expect(throws: Refusal.denied("the response contains no code")) {
            try code([("state", "the-state"), ("code", "")])
        }
    }
}
