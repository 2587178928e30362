import Ringdown
import RingdownCore
import RingdownOAuth
import RingdownTestSupport
import Testing

@Suite struct ProfileTests {
    private let genesys = ["GENESYS_CLIENT_ID": "id", "GENESYS_CLIENT_SECRET": "secret"]
    private let cxoneClient = ["CXONE_CLIENT_ID": "id", "CXONE_CLIENT_SECRET": "secret"]
    private let cxoneKey = ["CXONE_ACCESS_KEY_ID": "key", "CXONE_ACCESS_KEY_SECRET": "key secret===="]

    private func profile(_ variables: [String: String]...) throws -> Profile {
        try Profile(Settings(environment: variables.reduce(into: [:]) { $0.merge($1) { $1 } }))
    }

    private func grant(_ variables: [String: String]...) throws -> Grant {
        guard case .grant(let grant) = try profile(variables.reduce(into: [:]) { $0.merge($1) { $1 } }).credential
        else {
            throw ConfigurationError("no grant", hint: "")
        }
        return grant
    }

    private func endpoint(_ grant: Grant) -> String {
        switch grant.endpoint {
        case .fixed(let url): url.description
        case .discovered(let issuer): "discovered at \(issuer)"
        }
    }

    /// Returns the token request of a grant.
    private func request(_ grant: Grant) async throws -> Request {
        let transport = ScriptedTransport { request in
            let issuer = request.url.origin.description
            let metadata: JSON = [
                "issuer": .string(issuer), "token_endpoint": .string(issuer + "/auth/token"), "access_token": "t",
            ]
            return Response(json: metadata)
        }
        _ = try await OAuthClient(grant, transport: transport).requestToken(draw: 0)
        return try #require(transport.requests.last)
    }

    @Test func `Genesys Cloud requests use the region's login host and Basic authentication`() async throws {
        let request = try await request(try grant(genesys, ["GENESYS_REGION": "eu-central-1"]))
        #expect(request.url.description == "https://login.mypurecloud.de/oauth/token")
        #expect(request.revealedHeader("Authorization") == "Basic aWQ6c2VjcmV0")
        #expect(request.bodyText == "grant_type=client_credentials")
    }

    @Test func `sends a configured scope, and credentials in the body if configured`() async throws {
        let request = try await request(try grant(genesys, ["GENESYS_SCOPE": "a b", "GENESYS_CLIENT_AUTH": "body"]))
        #expect(request.bodyText == "grant_type=client_credentials&scope=a+b&client_id=id&client_secret=secret")
        #expect(request.revealedHeader("Authorization") == nil)
    }

    @Test(arguments: [
        ("https://api.mypurecloud.com/oauth/token", "https://api.mypurecloud.com/oauth/token"),
        ("https://api.mypurecloud.com/api/v2/oauth/token", "https://api.mypurecloud.com/api/v2/oauth/token"),
        ("https://gateway.example/genesys", "https://gateway.example/genesys/oauth/token"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/oauth/token"),
    ])
    func `a login URL replaces the host, or the whole URL if it is a token endpoint`(
        text: String, expected: String
    ) throws {
        #expect(try endpoint(grant(genesys, ["GENESYS_LOGIN_URL": text])) == expected)
    }

    @Test(arguments: [
        "https://api.cxone.com/api/v2/oauth/token", "https://platform.nice-ic.com/oauth/token",
        "https://platform.eu.nice-incontact.com/oauth/token", "https://platform.ap.nice-incontact.com/oauth/token",
        "https://platform.devtest.nice-incontact.com/oauth/token",
        "https://us-east-1.platform.nicecxone.com/oauth2/token",
        "https://ap-southeast-1.platform.nicecxone.com/oauth2/token",
    ])
    func `accepts commonly used token URLs with credentials in the header or the body`(url: String)
        async throws
    {
        let header = try await request(try grant(cxoneClient, ["CXONE_TOKEN_URL": url]))
        #expect(header.url.description == url)
        #expect(header.revealedHeader("Authorization") == "Basic aWQ6c2VjcmV0")
        let body = try await request(try grant(cxoneClient, ["CXONE_TOKEN_URL": url, "CXONE_CLIENT_AUTH": "body"]))
        #expect(body.bodyText == "grant_type=client_credentials&client_id=id&client_secret=secret")
    }

    @Test func `does not use a default API host with a configured login host`() throws {
        guard case .fixed(let api) = try profile(genesys, ["GENESYS_LOGIN_URL": "https://login.mypurecloud.de"]).api
        else {
            Issue.record("no API")
            return
        }
        #expect(api.description == "https://api.mypurecloud.de/")
        guard case .unset = try profile(genesys, ["GENESYS_LOGIN_URL": "https://gateway.example"]).api else {
            Issue.record("the API host is not configured")
            return
        }
    }

    @Test func `supports the variables of the vendor's tools with a lower precedence`() throws {
        let vendor = [
            "GENESYSCLOUD_OAUTHCLIENT_ID": "vendor", "GENESYSCLOUD_OAUTHCLIENT_SECRET": "s",
            "GENESYSCLOUD_REGION": "us-west-2",
        ]
        #expect(try grant(vendor).client?.id == "vendor")
        #expect(try profile(vendor).region == "us-west-2")
        #expect(try grant(vendor, genesys).client?.id == "id")
    }

    @Test func `the settings determine the CXone grant`() async throws {
        let password = try await request(try grant(cxoneClient, cxoneKey))
        #expect(password.url.description == "https://cxone.niceincontact.com/auth/token")
        #expect(password.bodyText == "grant_type=password&username=key&password=key+secret%3D%3D%3D%3D")
        #expect(password.prefersHTTP1)
        let plain = try await request(try grant(cxoneClient))
        #expect(plain.bodyText == "grant_type=client_credentials")
        let key = try await request(try grant(cxoneKey, ["CXONE_REGION": "eu1"]))
        #expect(key.url.description == "https://eu1.nice-incontact.com/authentication/v1/token/access-key")
        #expect(key.bodyText == #"{"accessKeyId":"key","accessKeySecret":"key secret===="}"#)
        #expect(key.revealedHeader("Authorization") == nil)
        let digital = try await request(try grant(cxoneClient, ["CXONE_REGION": "au1", "CXONE_GRANT": "digital"]))
        #expect(digital.url.description == "https://api-de-au1.niceincontact.com/engager/2.0/token")
        #expect(digital.bodyText == #"{"grant_type":"client_credentials","client_id":"id","client_secret":"secret"}"#)
    }

    @Test func `the issuer depends on the area unless it is configured`() throws {
        #expect(
            try endpoint(grant(cxoneClient, ["CXONE_REGION": "na2"]))
                == "discovered at https://cxone-gov.niceincontact.com/")
        #expect(
            try endpoint(grant(cxoneClient, ["CXONE_ISSUER": "https://nicecxone-sov1.eu"]))
                == "discovered at https://nicecxone-sov1.eu/")
    }

    @Test(
        arguments: [
            (["GENESYS_CLIENT_ID": "id"], "GENESYS_CLIENT_SECRET"),
            (["GENESYS_CLIENT_SECRET": "s", "RINGDOWN_PLATFORM": "genesys"], "GENESYS_CLIENT_ID"),
            (["CXONE_CLIENT_ID": "id"], "CXONE_CLIENT_SECRET"), (["CXONE_ACCESS_KEY_ID": "k"], "CXONE_REGION"),
            (["OAUTH_CLIENT_ID": "id"], "OAUTH_TOKEN_URL"), ([:], "GENESYS_CLIENT_ID"),
        ] as [([String: String], String)])
    func `the error for a missing setting names it and the searched locations`(
        variables: [String: String], name: String
    ) {
        let error = #expect(throws: ConfigurationError.self) { try profile(variables) }
        #expect(error?.message.contains(name) == true)
        #expect(error?.hint.isEmpty == false)
    }

    @Test(arguments: [
        ["GENESYS_REGION": "nowhere"], ["GENESYS_LOGIN_URL": "login.mypurecloud.ie"],
        ["GENESYS_LOGIN_URL": "http://login.example"],
        ["GENESYS_API_URL": "http://api.example"], ["GENESYS_CLIENT_AUTH": "magic"], ["RINGDOWN_PLATFORM": "avaya"],
        ["CXONE_CLIENT_ID": "both"], ["RINGDOWN_PLATFORM": "cxone", "CXONE_ISSUER": "http://issuer.example"],
    ])
    func `rejects invalid settings`(variables: [String: String]) {
        #expect(throws: ConfigurationError.self) { try profile(genesys, variables) }
    }

    @Test(arguments: ["us-east-1", "europe", "na", "x1"])
    func `rejects invalid CXone areas`(area: String) {
        #expect(throws: ConfigurationError.self) { try profile(cxoneClient, ["CXONE_REGION": area]) }
    }

    @Test func `uses a given access token`() throws {
        guard case .accessToken(let token) = try profile(["GENESYSCLOUD_ACCESS_TOKEN": "given"]).credential else {
            Issue.record("not a given token")
            return
        }
        #expect(token == Secret("given"))
    }
}

@Suite struct SettingsTests {
    private let directory: ScratchDirectory

    init() throws {
        directory = try ScratchDirectory()
    }

    private func file(_ name: String, _ text: String) throws -> String {
        let path = directory.path + "/" + name
        try File.replace(path, with: Array(text.utf8))
        return path
    }

    @Test func `options take precedence over the environment, and the environment over a file`() throws {
        var settings = Settings(environment: ["A": "environment", "B": "environment"], flags: ["A": "flag"])
        try settings.add(file: file("x.env", "A=file\nB=file\nC=file"))
        #expect(try settings.text("A") == "flag")
        #expect(try settings.text("B") == "environment")
        #expect(try settings.text("C") == "file")
        #expect(try settings.text("D", "C") == "file")
    }

    @Test func `the error for an invalid line contains the file and the line number`() throws {
        var settings = Settings(environment: [:])
        let path = try file("bad.env", "A=1\nthis is not it\n")
        let error = #expect(throws: ConfigurationError.self) { try settings.add(file: path) }
        #expect(error?.message.contains("\(path), line 2") == true)
    }

    @Test func `reads a secret from a file or a command without the last line break`() throws {
        let path = try file("secret", "s3cret\n")
        let settings = Settings(environment: ["A_FILE": path, "B": "cmd:printf 'from command\\r\\n'", "C": "plain"])
        #expect(try settings.secret("A") == Secret("s3cret"))
        #expect(try settings.secret("B") == Secret("from command"))
        #expect(try settings.secret("C") == Secret("plain"))
        #expect(try settings.secret("D") == nil)
    }

    @Test(arguments: [
        ["A_FILE": "/nonexistent"], ["A": "cmd:exit 3"], ["A": "cmd:true"], ["A": "aws:name"], ["A": "keyring:x"],
    ])
    func `a secret that cannot be read is an error instead of an empty secret`(variables: [String: String]) {
        #expect(throws: ConfigurationError.self) { try Settings(environment: variables).secret("A") }
    }
}
