import Ringdown
import RingdownCore
import RingdownTestSupport
import Testing

/// Paths in settings. A shell expands `~` in `NAME=~/file`, but neither in quotes nor in a profile.
@Suite struct SettingsPathTests {
    private let home: ScratchDirectory

    init() throws {
        home = try ScratchDirectory()
    }

    private func settings(_ variables: [String: String]) -> Settings {
        Settings(environment: variables.merging(["HOME": home.path]) { $1 })
    }

    @Test func `a secret file can be in the home directory`() throws {
        try File.replace(home.path + "/secret", with: Array("s3cr3t\n".utf8))
        let secret = try settings(["GENESYS_CLIENT_SECRET_FILE": "~/secret"]).secret("GENESYS_CLIENT_SECRET")
        #expect(secret == Secret("s3cr3t"))
    }

    @Test func `a path in a profile is expanded with the home directory of the environment`() throws {
        try File.replace(home.path + "/secret", with: Array("s3cr3t\n".utf8))
        var settings = settings([:])
        try settings.add(Array("GENESYS_CLIENT_SECRET_FILE=~/secret\n".utf8), named: "prod.env")
        #expect(try settings.secret("GENESYS_CLIENT_SECRET") == Secret("s3cr3t"))
    }

    @Test func `the cache and the client certificate can be in the home directory`() throws {
        let settings = settings(["RINGDOWN_CACHE_DIR": "~/cache", "RINGDOWN_CLIENT_CERT": "~/client.pem"])
        #expect(try cacheDirectory(settings) == home.path + "/cache")
        #expect(try settings.identityFile("RINGDOWN_CLIENT_CERT") == home.path + "/client.pem")
    }

    @Test(arguments: ["~user/secret", "/etc/~/secret", "secret~", "./~"])
    func `other uses of a tilde are unchanged`(path: String) {
        #expect(settings([:]).expanded(path) == path)
    }

    @Test func `a path is unchanged without a home directory`() {
        #expect(Settings(environment: [:]).expanded("~/secret") == "~/secret")
    }
}
