internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

struct RotateCommand: Command {
    static let name = "rotate"
    static let abstract = "Replace a client secret, after a token request with the new secret succeeds."
    static let discussion = """
        The new secret is read from the old secret's variable with the suffix _NEXT (GENESYS_CLIENT_SECRET_NEXT or
        …_NEXT_FILE), or from a prompt on a terminal. A token is requested with it first. If the request is refused, nothing
        is changed. Otherwise the new secret is written to the profile, or to the secret file that the profile names. All
        other content is preserved.

        Running programs continue to work. If the old secret is refused, they try the _NEXT secret once and use it from then
        on. Secret files are read again for each token request.
        """
    static let examples = [
        (
            line: "GENESYS_CLIENT_SECRET_NEXT_FILE=new-secret ringdown rotate prod --verify",
            purpose: "Check the new secret without changing anything"
        ),
        (
            line: "GENESYS_CLIENT_SECRET_NEXT_FILE=new-secret ringdown rotate prod",
            purpose: "Write the new secret to the profile"
        ),
    ]

    let account = Account()
    @Flag("verify", help: "Only request a token with the new secret")
    var verify: Bool

    func run() async throws -> Int32 {
        let settings = try account.settings()
        let profile = try Profile(settings)
        guard case .grant(var grant) = profile.credential, let client = grant.client else {
            throw ConfigurationError(
                "the profile has no client secret to replace",
                hint: "replace access keys in CXone itself")
        }
        if profile.signIn != nil {
            throw ConfigurationError(
                "the client secret cannot be checked without a sign-in: this profile uses authorization_code",
                hint: "set the new secret, then run 'ringdown login'")
        }
        let new = try newSecret(profile)
        if new == client.secret {
            throw ConfigurationError(
                "the new secret is equal to the old one",
                hint: "create a new secret on the platform, and set \(profile.secretVariable)_NEXT")
        }
        grant.client = (client.id, new)
        let requester = OAuthClient(grant, transport: try account.transport(settings), time: Context.current.time)
        do throws(TokenError) { _ = try await requester.requestToken(draw: 0) } catch {
            notice("ringdown: note: nothing was changed")
            throw ErrorHints.advised(error, profile)
        }
        notice("ringdown: a token was granted for the new secret")
        if verify {
            notice("ringdown: nothing was changed; omit --verify to replace the secret")
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
                hint: "set it to the new secret, or set \(profile.secretVariable)_NEXT_FILE to the path of its file")
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
        let names = [variable, profile.platform.variables.vendorClientSecret].compactMap { $0 }
        if account.profileName == nil {
            // A `./.env` must not decide where a secret of another origin is written.
            let settings = try account.settings()
            let origin = names.lazy.flatMap { [$0, $0 + "_FILE"] }.compactMap { settings.origin(of: $0) }.first
            guard origin?.path == path else { throw Self.elsewhere(variable) }
        }
        for name in names {
            if let value = try file.value(of: name), !value.isEmpty {
                let text = value.reveal()
                guard !SecretReader.isReference(text) else { throw Self.elsewhere(name) }
                try file.set([name: new, variable + "_NEXT": nil, variable + "_NEXT_FILE": nil])
                notice("ringdown: wrote the new secret to \(path)")
                return noteEnvironment(name)
            }
            if let text = try file.value(of: name + "_FILE")?.reveal(), !text.isEmpty {
                let secretPath = account.settingsWithoutFile.expanded(text)
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
                notice("ringdown: wrote the new secret to \(secretPath)")
                return noteEnvironment(name)
            }
        }
        throw Self.elsewhere(variable)
    }

    /// Warns if the environment still overrides the new secret.
    private func noteEnvironment(_ name: String) {
        guard account.environmentDecides else { return }
        for name in [name, name + "_FILE"] where Context.current.variables[name]?.isEmpty == false {
            notice("ringdown: note: \(name) in the environment overrides it; unset it or change it too")
        }
    }

    private static func elsewhere(_ variable: String) -> ConfigurationError {
        ConfigurationError(
            "the new secret works, but nothing was changed: \(variable) is not stored in a profile or its secret file",
            hint: "replace the secret where \(variable) is set")
    }
}
