internal import Ringdown
internal import RingdownCore

struct RevokeCommand: Command {
    static let name = "revoke"
    static let abstract = "End the cached token at the platform and forget it here."
    static let discussion = """
        The token is forgotten first, so that no process takes it up any more, and then ended at the platform where that can be
        done: Genesys Cloud has a call for it; NICE CXone and other servers are asked where their metadata, or
        OAUTH_REVOCATION_URL, names an endpoint (RFC 7009). Where no token is cached nothing is asked for. A token that is over
        already is no error. Other tokens of the client stay valid. A person is signed out. A token in
        GENESYSCLOUD_ACCESS_TOKEN is ended in place of the cached one.
        """
    static let examples = [
        (line: "ringdown revoke prod", purpose: "Done for today"),
        (line: "ringdown revoke --warn-only", purpose: "At the end of a job, which must not fail for it"),
    ]

    let account = Account()
    @Flag("warn-only", help: "Whatever goes wrong is a warning, and the exit code 0: for the end of a job.")
    var warnOnly: Bool

    func run() async throws -> Int32 {
        do { try await revoke() } catch {
            guard warnOnly else { throw error }
            Self.warn(error)
        }
        return ExitCode.done
    }

    private func revoke() async throws {
        let settings = try account.settings()
        // Another platform's token would end at the wrong place; the profile says which platform is meant.
        let given = try settings.secret("GENESYSCLOUD_ACCESS_TOKEN")
        let outcome = try await account.withClient { client in
            let isGenesys = client.profile.platform.name == "genesys"
            // The token first: without the sign-in there would be no other to end.
            let outcome = try await client.revoke(isGenesys ? given : nil)
            if given == nil, try await client.signOut() { notice("ringdown: signed out") }
            return outcome
        }
        switch outcome {
        case .nothingCached: notice("ringdown: note: no token is cached; nothing was revoked")
        case .revoked: notice("ringdown: the token is revoked and forgotten")
        case .alreadyOver: notice("ringdown: note: the token was over already; it is forgotten")
        case .onlyForgotten:
            notice("ringdown: note: the token is forgotten here; the platform has no way to end it, it ends by itself")
        }
    }

    /// In the form that the CI system shows as a warning, where it has one.
    static func warn(_ error: any Error) {
        let variables = Context.current.variables
        let text = "the token was not revoked: \(sanitized("\(error)", limit: 400))"
        notice("ringdown: note: " + text)
        if variables["GITHUB_ACTIONS"]?.isEmpty == false {
            try? Context.current.standardOutput.line("::warning title=ringdown::\(TokenRendering.githubEscaped(text))")
        } else if variables["TF_BUILD"]?.isEmpty == false {
            try? Context.current.standardOutput.line(
                "##vso[task.logissue type=warning]\(TokenRendering.azureEscaped(text))")
        }
    }
}
