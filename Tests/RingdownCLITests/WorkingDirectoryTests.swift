import Ringdown
import RingdownCLI
import RingdownCore
import RingdownCurl
import RingdownTestSupport
import Testing

/// The settings that `./.env` can contain. The file may come from an untrusted repository.
@Suite struct WorkingDirectoryTests {
    private let directory: ScratchDirectory
    private static let secretOfEnvironment = [
        "GENESYS_CLIENT_ID": "id", "GENESYS_CLIENT_SECRET": "from the environment", "HOME": "/nonexistent",
    ]

    init() throws {
        directory = try ScratchDirectory()
    }

    private func settings(_ text: String, environment: [String: String], isTrusted: Bool = false) throws -> Settings {
        let path = directory.path + "/.env"
        try File.replace(path, with: Array(text.utf8))
        var settings = Settings(variables: environment)
        try settings.add(file: path, isTrusted: isTrusted)
        return settings
    }

    /// Reads everything that a command reads before its first request.
    private func prepare(_ settings: Settings) throws {
        let profile = try Profile(settings)
        _ = try CurlTransport(settings)
        _ = try tokenStore(settings, account: profile.account)
    }

    @Test(arguments: [
        "GENESYS_LOGIN_URL=https://login.evil.example", "GENESYS_API_URL=https://api.evil.example",
        "GENESYS_CLIENT_AUTH=body", "GENESYS_GRANT=authorization_code", "GENESYS_SCOPE=x",
        "GENESYS_CLIENT_SECRET_NEXT=theirs", "HTTPS_PROXY=http://evil.example:8080", "https_proxy=evil.example:8080",
        "ALL_PROXY=socks5h://evil.example", "NO_PROXY=*", "no_proxy=*", "RINGDOWN_CA_FILE=ca.pem",
        "CURL_CA_BUNDLE=ca.pem", "SSL_CERT_FILE=ca.pem", "SSL_CERT_DIR=.", "RINGDOWN_CLIENT_CERT=a.pem",
        "RINGDOWN_CLIENT_KEY=a.pem", "RINGDOWN_CACHE=redis://evil.example\nRINGDOWN_CACHE_KEY=known",
        "RINGDOWN_CACHE=off", "RINGDOWN_CACHE_KEY=known", "RINGDOWN_CACHE_DIR=/tmp/theirs", "XDG_CACHE_HOME=/tmp",
    ])
    func `rejects settings from the working directory if a secret comes from the environment`(text: String) throws {
        let settings = try settings("# theirs\n\(text)\n", environment: Self.secretOfEnvironment)
        let error = #expect(throws: ConfigurationError.self) { try prepare(settings) }
        let name = String(text.prefix { $0 != "=" })
        #expect(error?.message.contains("\(directory.path)/.env, line 2: \(name) must not control") == true)
        #expect(error?.message.contains("GENESYS_CLIENT_SECRET of the environment") == true)
        #expect(error?.recovery == .trustDirectory)
        #expect(error.map { "\($0.message)\($0.hint)".contains("from the environment") } == false)
    }

    @Test(arguments: [
        (["OAUTH_CLIENT_SECRET": "s", "OAUTH_CLIENT_ID": "i"], "OAUTH_TOKEN_URL=https://evil.example/token"),
        (
            ["OAUTH_CLIENT_SECRET": "s", "OAUTH_CLIENT_ID": "i", "OAUTH_TOKEN_URL": "https://good.example/token"],
            "OAUTH_REVOCATION_URL=https://evil.example/revoke"
        ),
        (["CXONE_CLIENT_ID": "i", "CXONE_CLIENT_SECRET": "s"], "CXONE_ISSUER=https://evil.example"),
        (["CXONE_CLIENT_ID": "i", "CXONE_CLIENT_SECRET": "s"], "CXONE_TOKEN_URL=https://evil.example"),
        (["CXONE_CLIENT_ID": "i", "CXONE_CLIENT_SECRET": "s"], "CXONE_GRANT=digital"),
        (["CXONE_CLIENT_ID": "i", "CXONE_CLIENT_SECRET": "s"], "CXONE_TENANT_ID=theirs"),
        (
            ["CXONE_CLIENT_ID": "i", "CXONE_CLIENT_SECRET": "s"],
            "CXONE_ACCESS_KEY_ID=theirs\nCXONE_ACCESS_KEY_SECRET=theirs"
        ),
        (["GENESYSCLOUD_ACCESS_TOKEN": "token"], "GENESYS_API_URL=https://evil.example"),
        (
            ["OAUTH_CLIENT_ID": "i", "OAUTH_TOKEN_URL": "https://good.example", "OAUTH_PRIVATE_KEY": "k"],
            "OAUTH_CLIENT_AUTH=private-key-jwt"
        ),
    ])
    func `rejects settings from the working directory for the secrets of every platform`(
        environment: [String: String], text: String
    ) throws {
        let settings = try settings(text + "\n", environment: environment)
        let error = #expect(throws: ConfigurationError.self) { try prepare(settings) }
        #expect(error?.message.contains("of the environment is used") == true)
    }

    @Test(arguments: [
        "OAUTH_CLIENT_SECRET=-", "OAUTH_CLIENT_SECRET=cmd:id", "OAUTH_CLIENT_SECRET=aws:x",
        "OAUTH_CLIENT_SECRET=azure:v/x",
        "OAUTH_CLIENT_SECRET=keyring:x", "OAUTH_CLIENT_SECRET=redis:x", "OAUTH_CLIENT_SECRET_FILE=/etc/hostname",
        "OAUTH_CLIENT_SECRET=x\nRINGDOWN_CLIENT_KEY=/etc/hostname\nRINGDOWN_CLIENT_CERT=/etc/hostname",
        "OAUTH_CLIENT_SECRET=x\nRINGDOWN_CLIENT_CERT=../other.pem",
    ])
    func `rejects commands, secret stores, standard input and outside files from the directory`(text: String) throws {
        let text = "OAUTH_TOKEN_URL=https://good.example/token\nOAUTH_CLIENT_ID=i\n\(text)\n"
        let error = #expect(throws: ConfigurationError.self) { try prepare(settings(text, environment: [:])) }
        #expect(error?.message.contains("/.env, line ") == true)
        #expect(error?.recovery == .trustDirectory)
    }

    @Test func `accepts a complete account from the working directory`() throws {
        let text = """
            GENESYS_CLIENT_ID=i
            GENESYS_CLIENT_SECRET=s
            GENESYS_LOGIN_URL=https://login.example.com
            GENESYS_API_URL=https://api.example.com
            HTTPS_PROXY=http://proxy.example.com:8080
            RINGDOWN_CACHE=memory
            RINGDOWN_CACHE_KEY=key
            """
        try prepare(settings(text, environment: ["HOME": "/nonexistent", "RINGDOWN_CACHE_KEY": "theirs and ours"]))
    }

    @Test(arguments: ["GENESYS_REGION=eu-west-1", "RINGDOWN_PLATFORM=genesys", "GENESYS_CLIENT_ID=other"])
    func `accepts a region, platform or client ID from the working directory with any secret`(text: String) throws {
        try prepare(settings(text, environment: Self.secretOfEnvironment.merging(["RINGDOWN_CACHE": "off"]) { $1 }))
    }

    @Test func `accepts any setting from a trusted directory`() throws {
        let text = "GENESYS_LOGIN_URL=https://login.example.com\nRINGDOWN_CACHE=memory\n"
        try prepare(settings(text, environment: Self.secretOfEnvironment, isTrusted: true))
    }

    @Test func `ignores a setting that the environment overrides`() throws {
        let environment = Self.secretOfEnvironment.merging([
            "GENESYS_LOGIN_URL": "https://login.example.com", "RINGDOWN_CACHE": "memory",
        ]) { $1 }
        try prepare(settings("GENESYS_LOGIN_URL=https://evil.example\n", environment: environment))
    }

    @Test(arguments: [
        (["GENESYS_CLIENT_ID": "i", "GENESYS_GRANT": "authorization_code"], "GENESYS_API_URL=https://evil.example"),
        (["GENESYS_CLIENT_ID": "i", "GENESYS_GRANT": "authorization_code"], "HTTPS_PROXY=http://evil.example:1"),
        (
            ["GENESYS_CLIENT_ID": "i", "GENESYS_GRANT": "authorization_code", "HOME": "/nonexistent"],
            "RINGDOWN_CACHE_KEY=known"
        ),
        (["CXONE_CLIENT_ID": "i", "CXONE_GRANT": "authorization_code"], "CXONE_API_URL=https://evil.example"),
        ([:], "GENESYS_CLIENT_ID=i\nGENESYS_GRANT=authorization_code"),
    ])
    func `rejects working directory settings together with a user's sign-in`(
        environment: [String: String], text: String
    ) throws {
        let settings = try settings(text + "\n", environment: environment)
        let error = #expect(throws: ConfigurationError.self) { try prepare(settings) }
        #expect(error?.message.contains("the sign-in of a user") == true)
    }

    @Test func `a region of the working directory does not choose the API host of a configured login host`() throws {
        let environment = Self.secretOfEnvironment.merging(["GENESYS_LOGIN_URL": "https://login.gateway.example"]) {
            $1
        }
        let profile = try Profile(settings("GENESYS_REGION=eu-west-1\n", environment: environment))
        guard case .fixed(let url) = profile.api else { return }
        #expect(url.host == "api.gateway.example")
    }
}
