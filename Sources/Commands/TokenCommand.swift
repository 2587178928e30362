internal import CommandLineKit
internal import ContactCenter
internal import Foundations
internal import Tokens

struct TokenCommand: Command {
    static let name = "token"
    static let abstract = "Print a valid access token."
    static let discussion = """
        The token comes from the cache while it is good, and from the platform when it is not. Nothing else is printed to
        standard output, so the line can go straight into a variable or a pipe.
        """
    static let examples = [
        (
            line: "curl -H \"$(ringdown token --format header)\" https://api.mypurecloud.ie/api/v2/tokens/me",
            purpose: "Call the API with curl"
        ),
        (
            line: "eval \"$(ringdown token prod --format env)\"",
            purpose: "Put the token of profile 'prod' into this shell"
        ),
        (line: "ringdown token --min-ttl 45m", purpose: "A token that lasts for the next 45 minutes"),
        (line: "ringdown simulate -- ringdown token --platform genesys", purpose: "Without an account"),
    ]

    enum Format: String, ChoiceParameter { case raw, json, header, env }
    enum OutputFormat: String, ChoiceParameter { case text, json }

    let account = Account()
    @Option("format", "FORMAT", help: "How to print it; raw unless said otherwise.")
    var format: Format?
    @Option("output", "FORMAT", help: "json: the same as --format json, and errors as JSON too.")
    var output: OutputFormat?
    @Option("min-ttl", "DURATION", help: "How long the token must last at least, such as 90s, 45m or 2h.")
    var minTTL: DurationParameter?
    @Flag("force", help: "Ask the platform for a new token even if one is cached.")
    var force: Bool

    func run() async throws -> Int32 {
        let format = format ?? (output == .json ? .json : .raw)
        let (token, profile) = try await account.withClient { client in
            (try await client.token(minTTL: minTTL?.duration ?? .zero, force: force), client.profile)
        }
        try Context.current.standardOutput.line(rendered(token, profile, format))
        return ExitCode.done
    }

    private func rendered(_ token: Token, _ profile: Profile, _ format: Format) -> String {
        switch format {
        case .raw: return token.value.reveal()
        case .header: return "Authorization: " + token.authorization.reveal()
        case .env:
            return """
                export RINGDOWN_ACCESS_TOKEN=\(shellQuoted(token.value.reveal()))
                export RINGDOWN_TOKEN_EXPIRES_AT=\(shellQuoted(token.expiry.rfc3339))
                """
        case .json:
            let remaining = Int(token.remaining(at: Context.current.time.now()).inSeconds)
            let json: JSON = [
                "access_token": .string(token.value.reveal()), "token_type": "Bearer",

                "expires_in": token.isLifetimeKnown ? .int(max(0, remaining)) : .null,
                "expires_at": token.isLifetimeKnown ? .string(token.expiry.rfc3339) : .null,
                "scope": .optional(token.scope),
                "platform": .string(profile.platform.name), "region": .optional(profile.region),
            ]
            return json.description
        }
    }
}

/// A word that a shell reads as exactly this text.
func shellQuoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
