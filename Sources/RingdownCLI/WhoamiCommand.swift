internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

struct WhoamiCommand: Command {
    static let name = "whoami"
    static let abstract = "Show the organisation, client, roles and region of the account's token."
    static let examples = [
        (line: "ringdown whoami", purpose: "Show the account of ./.env or the environment"),
        (line: "ringdown whoami prod --output json", purpose: "Print JSON for a script"),
    ]

    enum Format: String, ChoiceParameter { case text, json }

    let account = Account()
    @Option("output", "FORMAT", defaultText: "text", help: "Output format")
    var output: Format?

    func run() async throws -> Int32 {
        let report = try await account.withClient { client in
            let identity = try await client.whoami()
            return Report(profile: client.profile, identity: identity, token: try await client.token())
        }
        let stream = Context.current.standardOutput
        switch output ?? .text {
        case .json: try stream.line(report.json.description)
        case .text: try stream.write(report.text)
        }
        return ExitCode.done
    }
}

private struct Report {
    let profile: Profile
    let identity: Identity
    let token: Token

    private var remaining: Duration { max(.zero, token.remaining(at: Context.current.time.now())) }

    var json: JSON {
        let own: [JSON.Member] = [
            .init("platform", .string(profile.platform.name)), .init("region", .optional(profile.region)),
        ]
        let times: [JSON.Member] = [
            .init("expires_at", token.isLifetimeKnown ? .string(token.expiry.rfc3339) : .null),
            .init("expires_in", token.isLifetimeKnown ? .int(Int(remaining.inSeconds)) : .null),
        ]
        return .object(own + (identity.json.members ?? []) + times)
    }

    var text: String {
        func named(_ name: String?, _ id: String?) -> String? {
            guard let name else { return id }
            return id.map { "\(name) (\($0))" } ?? name
        }
        let rows: [(String, String?)] = [
            ("platform", profile.platform.title), ("region", profile.region),
            ("organisation", named(identity.organizationName, identity.organizationID)),
            ("client", named(identity.clientName, identity.clientID)), ("user", identity.userName),
            ("roles", identity.roles.isEmpty ? nil : identity.roles.joined(separator: ", ")),
            (
                "token",
                token.isLifetimeKnown
                    ? "expires \(token.expiry.rfc3339), in \(remaining.spoken)" : "expiry unknown"
            ),
        ]
        return rows.compactMap { name, value in value.map { "\(aligned(name, 14))\(sanitized($0))\n" } }.joined()
    }
}
