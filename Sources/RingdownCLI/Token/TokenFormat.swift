internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

/// The forms in which a token is handed on. Those of CI systems follow what the systems' own parsers read, and put the mask
/// before the value.
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

    /// The form for the CI system that the variables show. Throws `UsageError` where there is none, or none that fits.
    static func detected(_ variables: [String: String]) throws(UsageError) -> TokenFormat {
        func isSet(_ name: String) -> Bool { variables[name]?.isEmpty == false }
        let systems: [(sign: String, format: TokenFormat)] = [
            ("GITHUB_ACTIONS", .githubOutput), ("TF_BUILD", .azurePipelines), ("GITLAB_CI", .gitlabDotenv),
            ("BUILDKITE", .buildkite), ("TEAMCITY_VERSION", .teamcity), ("CIRCLECI", .circleci),
        ]
        if let system = systems.first(where: { isSet($0.sign) }) { return system.format }
        if isSet("BITBUCKET_BUILD_NUMBER") {
            throw UsageError(
                "Bitbucket prints shared variables into the log of later steps: no token is handed over there",
                hint: "give it to one command: 'ringdown exec -- COMMAND'")
        }
        if isSet("JENKINS_URL") {
            throw UsageError(
                "Jenkins cannot mask what a build makes: no token is handed over there",
                hint: "give it to one command: 'ringdown exec -- COMMAND'")
        }
        throw UsageError(
            "no CI system that is known shows in the environment",
            hint:
                "name the form: --format can be \(allCases.filter { $0 != .auto }.map(\.rawValue).joined(separator: ", "))"
        )
    }

    /// Why a system cannot keep the token out of its logs; nil where it can, or has none.
    var exposure: String? {
        switch self {
        case .gitlabDotenv:
            "GitLab does not mask values of a dotenv report, and anyone who sees the pipeline can download it"
        case .circleci: "CircleCI does not mask values that a job makes"
        case .teamcity: "TeamCity masks the value only if the parameter is declared with the type Password"
        default: nil
        }
    }
}

/// What is written where, to hand a token on.
struct Handover: Equatable {
    /// What goes to standard output.
    var output = ""
    /// What is appended to the file that a variable names.
    var file: (variable: String, text: String)?
    /// What a program must have taken, from standard input, before anything is written.
    var mask: (command: [String], text: String)?

    static func == (left: Handover, right: Handover) -> Bool {
        left.output == right.output && left.file?.text == right.file?.text && left.mask?.text == right.mask?.text
    }
}

/// Everything a form may say about a token.
struct TokenRendering {
    let token: Token
    let profile: Profile
    /// The variable's name.
    let name: String
    let now: Instant
    /// What no value holds, for forms that end a value with a line of their own.
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
            // Nothing is quoted there, and a dollar sign is expanded.
            guard value.utf8.allSatisfy({ $0.isAlphanumeric || "._~+/=-".utf8.contains($0) }) else {
                throw UsageError(
                    "the token holds a character that GitLab's dotenv files cannot carry",
                    hint: "give it to one command: 'ringdown exec -- COMMAND'")
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

    /// The form with a delimiter, as the toolkit writes it: a value cannot end it.
    private func github(_ variable: String) throws(UsageError) -> Handover {
        guard !value.contains(delimiter) else {
            throw UsageError("the token holds the delimiter", hint: "run it again: another one is drawn")
        }
        return Handover(
            output: "::add-mask::\(Self.githubEscaped(value))\n",
            file: (variable, "\(name)<<\(delimiter)\n\(value)\n\(delimiter)\n"))
    }

    // MARK: Escapes, each as the system's parser takes them back

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
