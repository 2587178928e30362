internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

struct RotateCommand: Command {
    static let name = "rotate"
    static let abstract = "Put a new client secret in the old one's place, once a token was granted for it."
    static let discussion = """
        The new secret comes from the variable of the old one with _NEXT behind it (GENESYS_CLIENT_SECRET_NEXT, or …_NEXT_FILE),
        or is asked for at a terminal. First a token is requested with it; where that is refused nothing is changed. Then the
        profile gets it, or the file that the profile names for the secret; everything else in them stays as it is.

        Programs that run meanwhile go on: where the old secret is refused they try the next one once, and use it from then on;
        secret files are read again at each token request.
        """
    static let examples = [
        (line: "ringdown rotate prod --verify", purpose: "Does the new secret work? Change nothing"),
        (line: "GENESYS_CLIENT_SECRET_NEXT_FILE=new-secret ringdown rotate prod", purpose: "Put it into the profile"),
    ]

    let account = Account()
    @Flag("verify", help: "Only get a token with the new secret.")
    var verify: Bool

    func run() async throws -> Int32 {
        let settings = try account.settings()
        let profile = try Profile(settings)
        guard case .grant(var grant) = profile.credential, let client = grant.client else {
            throw ConfigurationError(
                "the profile has no client whose secret could be changed",
                hint: "an access key is changed in CXone itself")
        }
        if profile.signIn != nil {
            throw ConfigurationError(
                "tokens of this profile are a person's: its client's secret cannot be tried without signing in",
                hint: "set the new secret, then 'ringdown login'")
        }
        let new = try newSecret(profile)
        if new == client.secret {
            throw ConfigurationError(
                "the new secret is the old one",
                hint: "make another one at the platform, and set \(profile.secretVariable)_NEXT")
        }
        grant.client = (client.id, new)
        let requester = OAuthClient(grant, transport: try account.transport(settings), time: Context.current.time)
        do throws(TokenError) { _ = try await requester.requestToken(draw: 0) } catch {
            notice("ringdown: note: nothing was changed")
            throw AdvisedTokenError(error: error, hint: ErrorHints.hint(for: error, profile))
        }
        notice("ringdown: a token was granted for the new secret")
        if verify {
            notice("ringdown: nothing was changed; 'ringdown rotate' does it")
        } else {
            try change(profile, new)
        }
        return ExitCode.done
    }

    private func newSecret(_ profile: Profile) throws -> Secret {
        if let secret = profile.nextSecret { return secret }
        guard Terminal.isThere else {
            throw ConfigurationError(
                "\(profile.secretVariable)_NEXT is not set",
                hint: "set it, or \(profile.secretVariable)_NEXT_FILE, to the new secret")
        }
        guard let secret = try Terminal.askSecret("New client secret: "), !secret.isEmpty else {
            throw CancellationError()
        }
        return secret
    }

    private func change(_ profile: Profile, _ new: Secret) throws(ConfigurationError) {
        let variable = profile.secretVariable
        guard let path = try account.file() else { throw Self.elsewhere(variable) }
        let file = ProfileFile(path)
        let names = [variable, "GENESYSCLOUD_OAUTHCLIENT_SECRET"].filter {
            $0 == variable || profile.platform.name == "genesys"
        }
        for name in names {
            if let value = try file.value(of: name), !value.isEmpty {
                let text = value.reveal()
                guard !SecretReader.isReference(text) else { throw Self.elsewhere(name) }
                try file.set([name: new, variable + "_NEXT": nil, variable + "_NEXT_FILE": nil])
                notice("ringdown: \(path) has the new secret now")
                return Self.noteEnvironment(name)
            }
            if let secretPath = try file.value(of: name + "_FILE")?.reveal(), !secretPath.isEmpty {
                var bytes = Secret(joining: [new, Secret("\n")]).withBytes { Array($0) }
                defer { wipe(&bytes) }
                do throws(FileError) { try File.rewrite(File.resolved(secretPath) ?? secretPath, with: bytes) } catch {
                    throw ConfigurationError(
                        "the secret was not changed: \(error)", hint: "check the file's permissions")
                }
                let hasNext = try file.has(variable + "_NEXT")
                let hasNextFile = try file.has(variable + "_NEXT_FILE")
                if hasNext || hasNextFile {
                    try file.set([variable + "_NEXT": nil, variable + "_NEXT_FILE": nil])
                }
                notice("ringdown: \(secretPath) has the new secret now")
                return Self.noteEnvironment(name)
            }
        }
        throw Self.elsewhere(variable)
    }

    /// Where the old secret would still win.
    private static func noteEnvironment(_ name: String) {
        for name in [name, name + "_FILE"] where Context.current.variables[name]?.isEmpty == false {
            notice("ringdown: note: \(name) of the environment wins over it; unset it, or change it there too")
        }
    }

    private static func elsewhere(_ variable: String) -> ConfigurationError {
        ConfigurationError(
            "the new secret works, but nothing was changed: \(variable) is not kept in a profile or a file of it",
            hint: "put it where \(variable) comes from")
    }
}
