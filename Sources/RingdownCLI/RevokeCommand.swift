internal import Ringdown
internal import RingdownCore

struct RevokeCommand: Command {
    static let name = "revoke"
    static let abstract = "Revoke the cached token and delete it from the cache."
    static let discussion = """
        The token is deleted from the cache first, so that no other process uses it. Then it is revoked on the platform, if
        the platform supports this. Genesys Cloud has an API call for it. For NICE CXone and other servers, the revocation
        endpoint (RFC 7009) comes from their metadata or from OAUTH_REVOCATION_URL. If no token is cached, no request is sent.
        An expired token is not an error. Other tokens of the client remain valid. A signed-in user is signed out. A
        token in GENESYSCLOUD_ACCESS_TOKEN is revoked instead of the cached token.
        """
    static let examples = [
        (line: "ringdown revoke prod", purpose: "Revoke the token of the profile 'prod'"),
        (
            line: "ringdown revoke --warn-only",
            purpose: "Revoke the token at the end of a CI job without failing the job"
        ),
    ]

    let account = Account()
    @Flag("warn-only", help: "Report failures as warnings and exit 0")
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
        // Revoke a token only on its own platform, which the profile determines.
        var given: [String: Secret] = [:]
        for platform in Platform.all {
            guard let variable = platform.variables.vendorAccessToken else { continue }
            given[platform.name] = try settings.secret(variable)
        }
        let tokens = given
        let outcome = try await account.withClient { client in
            // Revoke the token first: it cannot be obtained without the sign-in.
            let outcome = try await client.revoke(tokens[client.profile.platform.name])
            if tokens.isEmpty, try await client.signOut() { notice("ringdown: signed out") }
            return outcome
        }
        switch outcome {
        case .nothingCached: notice("ringdown: note: no token is cached; nothing was revoked")
        case .revoked: notice("ringdown: the token was revoked and deleted from the cache")
        case .alreadyOver: notice("ringdown: note: the token was no longer valid; it was deleted from the cache")
        case .onlyForgotten:
            notice(
                "ringdown: note: the token was deleted from the cache, but the platform cannot revoke it: it will expire"
            )
        }
    }

    /// Reports a failed revocation as a warning, also in the form that GitHub Actions and Azure Pipelines display.
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
