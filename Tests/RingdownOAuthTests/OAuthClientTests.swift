import RingdownCore
import RingdownOAuth
import RingdownTestSupport
import Testing

private struct Proof: Sendable {
    let authentication: ClientAuthentication
    let pair: String?
    let body: String

    init(_ authentication: ClientAuthentication, _ pair: String?, _ body: String) {
        (self.authentication, self.pair, self.body) = (authentication, pair, body)
    }
}

@Suite struct OAuthClientTests {
    private let time = ManualTime()
    private static let secret = "p@ss w+rd/=%é:~"

    private func grant(_ authentication: ClientAuthentication = .basic) throws -> Grant {
        var grant = Grant(
            endpoint: .fixed(try HTTPURL("https://login.example/oauth/token")),
            parameters: [.init("grant_type", "client_credentials")]
        )
        grant.client = (id: "the client", secret: Secret(Self.secret))
        grant.authentication = authentication
        return grant
    }

    private func token(
        _ response: Response, _ authentication: ClientAuthentication = .basic
    ) async throws -> (token: Token, request: Request) {
        let transport = ScriptedTransport { _ in response }
        let client = OAuthClient(try grant(authentication), transport: transport, time: time)
        return (try await client.requestToken(draw: 0), transport.requests[0])
    }

    private func failure(_ response: Response) async -> TokenError? {
        await #expect(throws: TokenError.self) { try await token(response) }
    }

    private func granted(_ members: String) -> Response {
        Response(status: 200, headers: ["Content-Type": "application/json"], body: Array(members.utf8))
    }

    @Test(arguments: [
        #"{"accessToken":"SECRET"}"#, #"["SECRET"]"#, "SECRET", "<html>SECRET</html>", #"{"access_token":"SECRET"#,
        #"{"access_token":["SECRET"]}"#, #"{"access_token":{"value":"SECRET"}}"#, #"{"access_token":""}SECRET"#,
        #"{"access_token":"SECRET\n"}"#, #"{"access_token":"x","token_type":"SECRET"}"#, #"{"SECRET":1}"#,
        "access_token=SECRET&expires_in=60", "\u{FEFF}SECRET", #"{"error":"SECRET"}"#,
        #"{"jwt":"SECRET","expires_in":60}"#,
    ])
    func `an error never quotes the body of a success`(body: String) async {
        let error = await failure(granted(body))
        #expect(error?.code == .malformedResponse)
        #expect(error?.message.contains("SECRET") == false)
        #expect(error?.message.contains("login.example returned 200") == true)
    }

    @Test(arguments: ["%70%40ss+w%2brd%2f%3d%25%c3%A9%3a~", #"p@ss w+rd\/=%\u00e9:~"#, "p@ss w&#43;rd&#x2F;=%é:~"])
    func `redacts an echoed secret that is encoded differently`(echo: String) async {
        for body in [#"{"error":"invalid_client","error_description":"bad \#(echo)"}"#, "<p>\(echo)</p>"] {
            let error = await failure(Response(status: 401, body: Array(body.utf8)))
            #expect(error?.message.contains("<redacted>") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("ss") == false || error?.message.contains("rd") == false)
        }
    }

    @Test(arguments: [
        Proof(.basic, "the+client:p%40ss+w%2Brd%2F%3D%25%C3%A9%3A%7E", "grant_type=client_credentials"),
        Proof(.basicRaw, "the client:p@ss w+rd/=%é:~", "grant_type=client_credentials"),
        Proof(
            .body, nil,
            "grant_type=client_credentials&client_id=the+client&client_secret=p%40ss+w%2Brd%2F%3D%25%C3%A9%3A%7E"),
    ])
    fileprivate func `sends the client credentials in one place with the encoding of the method`(proof: Proof)
        async throws
    {
        let response = granted(#"{"access_token":"t","token_type":"bearer","expires_in":60}"#)
        let (_, request) = try await token(response, proof.authentication)
        #expect(request.method == "POST")
        #expect(request.url.description == "https://login.example/oauth/token")
        #expect(request.bodyText == proof.body)
        #expect(request.headers["Content-Type"] == "application/x-www-form-urlencoded")
        let header = request.revealedHeader("Authorization")
        #expect(header == proof.pair.map { "Basic " + Base64.encode(Array($0.utf8)) })
        #expect(!"\(request)".contains("p@ss") && !"\(request)".contains("p%40ss"))
    }

    @Test(
        arguments: [
            ("3600", 3600.0), ("3600.0", 3600), ("\"3600\"", 3600), ("\"3600.0\"", 3600), ("1e12", 30 * 86400),
            ("0.5", 1), ("3599.5", 3599.5), ("1e300", 30 * 86400),
            ("null", 7200), ("\"soon\"", 7200), ("true", 7200), ("{}", 7200), ("\"nan\"", 7200), ("1e400", 7200),
        ] as [(String, Double)])
    func `parses or clamps unusual lifetimes`(text: String, seconds: Double) async throws {
        var grant = try grant()
        grant.defaultLifetime = .seconds(7200)
        let response = granted(#"{"access_token":"t","token_type":"bearer","expires_in":\#(text)}"#)
        let client = OAuthClient(grant, transport: ScriptedTransport { _ in response }, time: time)
        #expect(try await client.requestToken(draw: 0).lifetime == .seconds(seconds))
    }

    @Test(arguments: ["0", "-5", "\"0\""])
    func `a token that is granted expired is not cacheable`(text: String) async throws {
        let (token, _) = try await token(granted(#"{"access_token":"t","token_type":"bearer","expires_in":\#(text)}"#))
        #expect(!token.isCacheable)
    }

    @Test func `skips a byte order mark`() async throws {
        let (token, _) = try await token(granted("\u{FEFF}" + #"{"access_token":"t","expires_in":60}"#))
        #expect(token.value == Secret("t"))
    }

    @Test func `assumes the default lifetime with a warning if it is missing`() async throws {
        let log = MemoryLog()
        let (token, _) = try await Logger.$current.withValue(log.logger) {
            try await self.token(granted(#"{"access_token":"t","token_type":"Bearer"}"#))
        }
        #expect(token.lifetime == .seconds(3600))
        #expect(log.warnings.count == 1)
    }

    @Test func `counts the lifetime from the time at which the request is sent`() async throws {
        let time = time
        let transport = ScriptedTransport { _ in
            time.advance(by: .seconds(5))
            return Response(status: 200, body: Array(#"{"access_token":"t","expires_in":60}"#.utf8))
        }
        let token = try await OAuthClient(try grant(), transport: transport, time: time).requestToken(draw: 0)
        #expect(token.remaining(at: time.now()) == .seconds(55))
    }

    @Test(arguments: ["bearer", "Bearer", "BEARER"])
    func `ignores the case of the token type and sends Bearer`(type: String) async throws {
        let (token, _) = try await token(granted(#"{"access_token":"abc","token_type":"\#(type)","expires_in":60}"#))
        #expect(token.authorization.reveal() == "Bearer abc")
    }

    @Test(arguments: [
        "", " ", "<html>sign in</html>", "[]", "{}", #"{"access_token":""}"#, #"{"access_token":17}"#,
        #"{"access_token":null}"#,
        #"{"access_token":"a\nb"}"#, #"{"access_token":"ä"}"#, #"{"access_token":"a b"}"#,
        #"{"access_token":"SECRETTOKEN"#,
        #"{"access_token":"SECRETTOKEN","token_type":"mac"}"#, #"{"access_token":"SECRETTOKEN","token_type":3}"#,
    ])
    func `a success without a usable token is an error that quotes no token`(body: String) async {
        let error = await failure(granted(body))
        #expect(error?.code == .malformedResponse)
        #expect(error?.message.contains("SECRETTOKEN") == false)
        #expect((error?.message.utf8.count ?? 9999) < 700)
    }

    private static let refusals: [(Int, String, TokenError.Code)] = [
        (
            400, #"{"error":"invalid_client","description":"client not found","error_description":"client not found"}"#,
            .credentialsRefused
        ),
        (401, #"{"error":"invalid_client"}"#, .credentialsRefused), (403, "", .credentialsRefused),
        (401, "<html>", .intercepted), (403, " \n<!DOCTYPE html><p>Access denied", .intercepted),
        (400, #"{"error":"invalid_grant"}"#, .credentialsRefused),
        (400, #"{"error":"unauthorized_client"}"#, .grantRefused),
        (400, #"{"error":"unsupported_grant_type"}"#, .grantRefused),
        (400, #"{"error":"invalid_scope"}"#, .scopeRefused),
        (400, #"{"error":"invalid_request","error_description":"rate limit exceeded; try later"}"#, .rateLimited),
        (429, "", .rateLimited), (400, #"{"error":"invalid_request"}"#, .requestRefused), (400, "", .requestRefused),
        (404, "", .requestRefused), (302, "", .requestRefused), (500, "<html>oops", .serverFailed),
        (503, "", .serverFailed),
        (400, #"{"error":"temporarily_unavailable"}"#, .serverFailed),
        (400, #"{"error":"scope_invalid"}"#, .requestRefused),
        (401, #"{"error":"invalid_client","errorDescription":"camel case"}"#, .credentialsRefused),
        (200, #"{"error":"invalid_client"}"#, .credentialsRefused),
        (200, #"{"error":"invalid_client","access_token":null}"#, .credentialsRefused),
        (200, #"{"error":"invalid_scope","error_description":"no"}"#, .scopeRefused),
        (200, #"{"error":"temporarily_unavailable"}"#, .serverFailed),
        (200, #"{"error":"invalid_request","error_description":"rate limit exceeded"}"#, .rateLimited),
        (200, #"{"error":"eyJhbGciOiJub25lIn0.e30."}"#, .malformedResponse),
        (200, #"{"error":""}"#, .malformedResponse),
    ]

    @Test(arguments: refusals)
    func `the error code depends on the body before the status`(
        status: Int, body: String, code: TokenError.Code
    ) async {
        #expect(await failure(Response(status: status, body: Array(body.utf8)))?.code == code)
    }

    @Test func `redacts an echoed secret in every encoding`() async {
        let pair = Base64.encode(Array("the+client:\(FormURLEncoding.encode(Self.secret))".utf8))
        for echo in [Self.secret, FormURLEncoding.encode(Self.secret), pair] {
            let error = await failure(Response(status: 400, body: Array("no good: \(echo) at all".utf8)))
            #expect(error?.message.contains(echo) == false)
            #expect(error?.message.contains("<redacted>") == true)
        }
    }

    @Test func `the error contains the Retry-After time`() async {
        let error = await failure(Response(status: 429, headers: ["Retry-After": "7"]))
        #expect(error?.retryAfter == .seconds(7))
    }

    @Test func `does not send a secret over plain HTTP to another machine`() async throws {
        var grant = try grant()
        grant.endpoint = .fixed(try HTTPURL("http://login.example/oauth/token"))
        let transport = ScriptedTransport { _ in Response(status: 200) }
        let client = OAuthClient(grant, transport: transport, time: time)
        await #expect(throws: TokenError.self) { try await client.requestToken(draw: 0) }
        #expect(transport.requests.isEmpty)
    }

    @Test func `JSON bodies contain the same parameters`() async throws {
        var grant = try grant(.body)
        grant.format = .json
        let transport = ScriptedTransport { _ in
            Response(status: 200, body: Array(#"{"access_token":"t","expires_in":60}"#.utf8))
        }
        _ = try await OAuthClient(grant, transport: transport, time: time).requestToken(draw: 0)
        let json = try JSONReader.parse(Array(transport.requests[0].bodyText.utf8))
        #expect(
            json == [
                "grant_type": "client_credentials", "client_id": "the client", "client_secret": .string(Self.secret),
            ])
    }
}

@Suite struct DiscoveryTests {
    private func endpoint(_ metadata: String, status: Int = 200) async throws -> HTTPURL {
        let transport = ScriptedTransport { _ in Response(status: status, body: Array(metadata.utf8)) }
        return try await Discovery(transport).tokenEndpoint(of: try HTTPURL("https://issuer.example"))
    }

    @Test func `reads the token endpoint from the issuer's metadata`() async throws {
        let found = try await endpoint(
            #"{"issuer":"https://issuer.example","token_endpoint":"https://issuer.example/auth/token"}"#)
        #expect(found.description == "https://issuer.example/auth/token")
    }

    @Test(arguments: [
        #"{"issuer":"https://other.example","token_endpoint":"https://issuer.example/t"}"#, "{}", "<html>", "",
        #"{"issuer":"https://issuer.example"}"#,
        #"{"issuer":"https://issuer.example","token_endpoint":"http://issuer.example/t"}"#,
        #"{"issuer":"https://issuer.example","token_endpoint":"nonsense"}"#,
    ])
    func `rejects metadata with a different issuer or without a secure endpoint`(metadata: String) async {
        await #expect(throws: TokenError.self) { try await endpoint(metadata) }
    }
}

@Suite struct CacheKeyTests {
    @Test func `different lists of fields have different keys`() {
        let lists: [[String]] = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], []]
        let keys = Set(lists.map { CacheKey(fields: $0.map { Array($0.utf8) }) })
        #expect(keys.count == lists.count)
    }

    @Test func `different grants have different keys, and the order of scopes does not matter`() throws {
        func key(_ change: (inout Grant) throws -> Void = { _ in }) throws -> CacheKey {
            var grant = Grant(
                endpoint: .fixed(try HTTPURL("https://a.example/token")), parameters: [.init("scope", "b a")])
            grant.client = ("id", Secret("secret"))
            try change(&grant)
            return grant.cacheKey
        }
        let keys = [
            try key(), try key { $0.client = ("id2", Secret("secret")) },
            try key { $0.client = ("id", Secret("other")) },
            try key { $0.client = nil }, try key { $0.authentication = .body }, try key { $0.format = .json },
            try key { $0.endpoint = .fixed(try HTTPURL("https://b.example/token")) },
            try key { $0.endpoint = .discovered(issuer: try HTTPURL("https://a.example/token")) },
            try key { $0.parameters = [.init("scope", "a")] }, try key { $0.parameters = [.init("audience", "b a")] },
            try key { $0.parameters = [.init("scope", Secret("b a"))] },
        ]
        #expect(Set(keys).count == keys.count)
        #expect(try key { $0.parameters = [.init("scope", "a b a")] } == key())
    }
}
