internal import CommandLineKit
internal import ContactCenter
internal import Foundations

struct RevokeCommand: Command {
    static let name = "revoke"
    static let abstract = "End the cached token at the platform and forget it here."
    static let discussion = """
        The token is forgotten first, so that no process takes it up any more, and then ended at the platform where that can be
        done: Genesys Cloud ends it, NICE CXone has no call for it. Where no token is cached nothing is asked for. A token that is
        over already is no error. Other tokens of the client stay valid.
        """
    static let examples = [
        (line: "ringdown revoke prod", purpose: "At the end of a job"),
        (line: "ringdown revoke || true", purpose: "A job that must not fail for it"),
    ]

    let account = Account()

    func run() async throws -> Int32 {
        let outcome = try await account.withClient { try await $0.revoke() }
        switch outcome {
        case .nothingCached: notice("ringdown: note: no token is cached; nothing was revoked")
        case .revoked: notice("ringdown: the token is revoked and forgotten")
        case .alreadyOver: notice("ringdown: note: the token was over already; it is forgotten")
        case .onlyForgotten:
            notice("ringdown: note: the token is forgotten here; the platform has no call to end it, it ends by itself")
        }
        return ExitCode.done
    }
}
