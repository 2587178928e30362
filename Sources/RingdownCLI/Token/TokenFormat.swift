internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

/// The formats in which a token is printed or exported. Formats for CI systems are what the systems' own parsers read. They mask
/// the value before they export it.
enum TokenFormat: String, ChoiceParameter {
    case raw, json, header, curl, env
    case execCredential = "exec-credential"
    case credentialProcess = "credential-process"
    case githubOutput = "github-output"
    case githubEnv = "github-env"
    case azurePipelines = "azure-pipelines"
    case buildkite, teamcity
    case gitlabDotenv = "gitlab-dotenv"
    case circleci
    case auto

    /// The format for the CI system that the environment variables identify.
    ///
    /// - Throws: `UsageError` if no supported CI system is detected.
    static func detected(_ variables: [String: String]) throws(UsageError) -> TokenFormat {
        func isSet(_ name: String) -> Bool { variables[name]?.isEmpty == false }
        let systems: [(sign: String, format: TokenFormat)] = [
            ("GITHUB_ACTIONS", .githubOutput), ("TF_BUILD", .azurePipelines), ("GITLAB_CI", .gitlabDotenv),
            ("BUILDKITE", .buildkite), ("TEAMCITY_VERSION", .teamcity), ("CIRCLECI", .circleci),
        ]
        if let system = systems.first(where: { isSet($0.sign) }) { return system.format }
        if isSet("BITBUCKET_BUILD_NUMBER") {
            throw UsageError(
                "cannot export the token: Bitbucket prints shared variables in the logs of later steps",
                hint: "run one command with the token: 'ringdown exec -- COMMAND'")
        }
        if isSet("JENKINS_URL") {
            throw UsageError(
                "cannot export the token: Jenkins cannot mask values that a build generates",
                hint: "run one command with the token: 'ringdown exec -- COMMAND'")
        }
        throw UsageError(
            "cannot detect a supported CI system from the environment",
            hint:
                "choose a format: --format can be \(allCases.filter { $0 != .auto }.map(\.rawValue).joined(separator: ", "))"
        )
    }

    /// The reason why the CI system cannot mask the token in its logs; nil if it can, or if the format is not for a CI system.
    var exposure: String? {
        switch self {
        case .gitlabDotenv:
            "GitLab does not mask values of a dotenv report, and everyone with access to the pipeline can download it"
        case .circleci: "CircleCI does not mask values that a job generates"
        case .teamcity: "TeamCity masks the value only if the parameter is declared with the type Password"
        default: nil
        }
    }
}

/// The texts that export a token, with their destinations.
struct Handover: Equatable {
    /// The text for standard output.
    var output = ""
    /// A text that is appended to the file whose path is in a variable.
    var file: (variable: String, text: String)?
    /// A text that a command must accept on standard input before anything else is written.
    var mask: (command: [String], text: String)?

    static func == (left: Handover, right: Handover) -> Bool {
        left.output == right.output && left.file?.text == right.file?.text && left.mask?.text == right.mask?.text
    }
}

/// Renders a token in any format.
struct TokenRendering {
    let token: Token
    let profile: Profile
    /// The name of the variable.
    let name: String
    let now: Instant
    /// A random delimiter that does not occur in values, for formats that end a value with a delimiter line.
    var delimiter = "ringdown_" + hexadecimal(Sodium.randomBytes(16))

    private var value: String { token.value.reveal() }

    func handover(_ format: TokenFormat) throws(UsageError) -> Handover {
        switch format {
        case .raw, .auto: return Handover(output: value + "\n")
        case .header: return Handover(output: "Authorization: \(token.authorization.reveal())\n")
        case .curl:
            return Handover(output: "header = \"Authorization: \(Self.curlQuoted(token.authorization.reveal()))\"\n")
        case .json: return Handover(output: json.description + "\n")
        case .env, .buildkite: return environment(isMasked: format == .buildkite)
        case .execCredential: return Handover(output: execCredential.description + "\n")
        case .credentialProcess: return Handover(output: credentialProcess.description + "\n")
        case .githubOutput: return try github("GITHUB_OUTPUT")
        case .githubEnv: return try github("GITHUB_ENV")
        case .azurePipelines:
            return Handover(
                output: "##vso[task.setvariable variable=\(name);issecret=true]\(Self.azureEscaped(value))\n")
        case .teamcity:
            return Handover(
                output: "##teamcity[setParameter name='env.\(name)' value='\(Self.teamcityEscaped(value))']\n")
        case .gitlabDotenv:
            // GitLab's dotenv files have no quoting, and dollar signs are expanded.
            guard value.utf8.allSatisfy({ $0.isAlphanumeric || "._~+/=-".utf8.contains($0) }) else {
                throw UsageError(
                    "cannot export the token: GitLab's dotenv files do not support one of its characters",
                    hint: "run one command with the token: 'ringdown exec -- COMMAND'")
            }
            return Handover(output: "\(name)=\(value)\n")
        case .circleci:
            return Handover(file: ("BASH_ENV", "export \(name)=\(shellQuoted(value))\n"))
        }
    }

    private func environment(isMasked: Bool) -> Handover {
        let expiry = name == Self.standardName ? "RINGDOWN_TOKEN_EXPIRES_AT" : name + "_EXPIRES_AT"
        var handover = Handover(
            output: "export \(name)=\(shellQuoted(value))\nexport \(expiry)=\(shellQuoted(token.expiry.rfc3339))\n")
        if isMasked { handover.mask = (["buildkite-agent", "redactor", "add"], value) }
        return handover
    }

    static let standardName = "RINGDOWN_ACCESS_TOKEN"

    private var json: JSON {
        let remaining = Int(token.remaining(at: now).inSeconds)
        return [
            "access_token": .string(value), "token_type": "Bearer",
            "expires_in": token.isLifetimeKnown ? .int(max(0, remaining)) : .null, "expires_at": expiry,
            "scope": .optional(token.scope), "platform": .string(profile.platform.name),
            "region": .optional(profile.region),
        ]
    }

    private var expiry: JSON { token.isLifetimeKnown ? .string(token.expiry.rfc3339) : .null }

    /// Kubernetes' client.authentication.k8s.io/v1.
    private var execCredential: JSON {
        let status: [JSON.Member] = [.init("token", .string(value)), .init("expirationTimestamp", expiry)]
        return [
            "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
            "status": .object(status.filter { $0.value != .null }),
        ]
    }

    /// The shape of AWS's credential_process, with a token in place of keys.
    private var credentialProcess: JSON {
        let members: [JSON.Member] = [
            .init("Version", 1), .init("AccessToken", .string(value)), .init("TokenType", "Bearer"),
            .init("Expiration", expiry),
        ]
        return .object(members.filter { $0.value != .null })
    }

    /// The format with a delimiter, as GitHub's toolkit writes it. A value cannot end it early.
    private func github(_ variable: String) throws(UsageError) -> Handover {
        guard !value.contains(delimiter) else {
            throw UsageError("the token contains the delimiter", hint: "try again: the delimiter is random")
        }
        return Handover(
            output: "::add-mask::\(Self.githubEscaped(value))\n",
            file: (variable, "\(name)<<\(delimiter)\n\(value)\n\(delimiter)\n"))
    }

    // MARK: Escapes, each the inverse of the system's own unescaping

    static func githubEscaped(_ text: String) -> String {
        escaped(text, ["%": "%25", "\r": "%0D", "\n": "%0A"])
    }

    static func azureEscaped(_ text: String) -> String {
        escaped(text, ["%": "%AZP25", ";": "%3B", "\r": "%0D", "\n": "%0A", "]": "%5D"])
    }

    static func teamcityEscaped(_ text: String) -> String {
        escaped(text, ["'": "|'", "\n": "|n", "\r": "|r", "|": "||", "[": "|[", "]": "|]"])
    }

    static func curlQuoted(_ text: String) -> String {
        escaped(text, ["\\": "\\\\", "\"": "\\\""])
    }

    private static func escaped(_ text: String, _ replacements: [Unicode.Scalar: String]) -> String {
        text.unicodeScalars.map { replacements[$0] ?? String($0) }.joined()
    }
}
