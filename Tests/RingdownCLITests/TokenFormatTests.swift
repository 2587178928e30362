import RingdownCLI
import RingdownCore
import RingdownTestSupport
import Testing

/// Tokens for the next CI step: the parser of the CI system reads exactly the token, and the mask comes first.
@Suite(.timeLimit(.minutes(1))) struct TokenFormatTests {
    private final class Stream: Output, Sendable {
        private let bytes = Locked<[UInt8]>([])
        let isTerminal = false
        /// Called before each write.
        private let observe: @Sendable () -> Void

        init(_ observe: @escaping @Sendable () -> Void = {}) {
            self.observe = observe
        }

        func writeUnfiltered(_ new: [UInt8]) {
            observe()
            bytes.withLock { $0 += new }
        }
        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    }

    private struct Outcome {
        let code: Int32
        let output: String
        let errors: String
    }

    private let directory: ScratchDirectory
    private let time = ManualTime()
    /// The path of the file that the CI system provides.
    private var path: String { directory.path + "/file" }

    init() throws {
        directory = try ScratchDirectory()
    }

    /// Runs `ringdown token` against a server that issues `value`.
    private func run(
        _ value: String, _ arguments: String..., variables: [String: String] = [:], lifetime: JSON = 3600,
        onWrite: @escaping @Sendable () -> Void = {}
    ) async -> Outcome {
        let answer: JSON = ["access_token": .string(value), "token_type": "Bearer", "expires_in": lifetime]
        let (output, errors) = (Stream(onWrite), Stream())
        let settings = [
            "OAUTH_TOKEN_URL": "https://login.example/oauth/token", "OAUTH_CLIENT_ID": "id",
            "OAUTH_CLIENT_SECRET": "s3cr3t-of-the-cl1ent", "RINGDOWN_CACHE": "off", "HOME": directory.path,
        ]
        let context = Context(
            variables: settings.merging(variables) { $1 }, workingDirectory: directory.path, standardOutput: output,
            standardError: errors, transport: ScriptedTransport { _ in Response(json: answer) }, time: time)
        let code = await Context.$current.withValue(context) {
            await RingdownTool.run(["token", "--platform", "custom"] + arguments)
        }
        return Outcome(code: code, output: output.text, errors: errors.text)
    }

    private func content() throws -> String { String(decoding: try File.read(path), as: UTF8.self) }

    // MARK: Values

    private static let nasty = [
        "a'b\"c", "$(id)`id`$HOME", "a%0Ab%25", "x]y;z]", "|'[n]|", "##vso[task.setvariable]x", "::add-mask::",
        "a=b<<c", "%AZP25%3B", "\\\\n\\", "''", "ghadelimiter", "A<<EOF", "-n", "##teamcity[x]", "!history!", "~+/=.-_",
        "'", "|",
        "%", "\\", "#", "<<ringdown_", "ringdown_", "%AZP25", "%25", "|0x0041", "\\'", "'\\''",
    ]

    private static let values: [String] = {
        var random = SeededRandom(seed: 20_261_121)
        let visible = (0x21...0x7E).map { Character(Unicode.Scalar(UInt8($0))) }
        let all = [String(visible), String(visible.reversed())]
        return nasty + all
            + (0..<25).map { _ in
                let count = Int.random(in: 1...80, using: &random)
                return String((0..<count).compactMap { _ in visible.randomElement(using: &random) })
            }
    }()

    @Test(arguments: ["github-output", "github-env"], values)
    func `GitHub masks and reads exactly the token`(format: String, value: String) async throws {
        let variable = format == "github-env" ? "GITHUB_ENV" : "GITHUB_OUTPUT"
        for before in ["", "before=1\n", "before=1", "before<<END\n1\nEND\n"] {
            try File.replace(path, with: Array(before.utf8))
            let outcome = await run(value, "--format", format, "--name", "TOKEN", variables: [variable: path])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(CIParsers.githubCommand(outcome.output) == ["add-mask", value])
            let content = try content()
            #expect(content.hasPrefix(before))
            let expected = before.isEmpty ? ["TOKEN": value] : ["before": "1", "TOKEN": value]
            #expect(CIParsers.githubFile(content) == expected, "\(content)")
        }
    }

    @Test(arguments: values)
    func `Azure Pipelines reads exactly the token as a secret`(value: String) async {
        let outcome = await run(value, "--format", "azure-pipelines", "--name", "TOKEN")
        let command = CIParsers.azureCommand(outcome.output)
        #expect(command?.properties == ["variable": "TOKEN", "issecret": "true"])
        #expect(command?.data == value)
    }

    @Test(arguments: values)
    func `TeamCity reads exactly the token`(value: String) async {
        let outcome = await run(value, "--format", "teamcity", "--allow-unmasked")
        let message = CIParsers.teamcityMessage(outcome.output)
        #expect(message?.name == "setParameter")
        #expect(message?.attributes == ["name": "env.RINGDOWN_ACCESS_TOKEN", "value": value])
    }

    @Test(arguments: values)
    func `a shell reads exactly the token`(value: String) async throws {
        for before in ["", "export A=1\n", "export A=1"] {
            try File.replace(path, with: Array(before.utf8))
            let outcome = await run(
                value, "--format", "circleci", "--allow-unmasked", "--name", "TOKEN", variables: ["BASH_ENV": path])
            #expect(outcome.code == 0 && outcome.output == "")
            let lines = try content().split(separator: "\n").map(String.init)
            #expect(lines.dropLast() == (before.isEmpty ? [] : ["export A=1"]))
            #expect(lines.last.flatMap { CIParsers.exported($0) } == ["TOKEN", value])
        }
        let outcome = await run(value, "--format", "env", "--name", "TOKEN")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        let expiry = (time.now().wall + .seconds(3600)).rfc3339
        #expect(lines.map { CIParsers.exported($0) } == [["TOKEN", value], ["TOKEN_EXPIRES_AT", expiry]])
    }

    @Test(arguments: values)
    func `GitLab reads exactly the token, or the format is refused`(value: String) async {
        let outcome = await run(value, "--format", "gitlab-dotenv", "--allow-unmasked")
        if value.utf8.allSatisfy({ $0.isAlphanumeric || "._~+/=-".utf8.contains($0) }) {
            #expect(outcome.code == 0)
            #expect(CIParsers.gitlabDotenv(outcome.output) == ["RINGDOWN_ACCESS_TOKEN": value])
        } else {
            #expect(outcome.code == 64 && outcome.output == "")
            #expect(outcome.errors.contains("GitLab") && outcome.errors.contains("ringdown exec -- COMMAND"))
        }
    }

    @Test(arguments: values)
    func `JSON formats contain exactly the token`(value: String) async throws {
        let credential = try JSONReader.parse(Array(await run(value, "--format", "exec-credential").output.utf8))
        #expect(credential["status"]?["token"]?.string == value)
        let process = try JSONReader.parse(Array(await run(value, "--format", "credential-process").output.utf8))
        #expect(process["AccessToken"]?.string == value)
        let json = try JSONReader.parse(Array(await run(value, "--format", "json").output.utf8))
        #expect(json["access_token"]?.string == value)
    }

    @Test(arguments: values)
    func `curl reads exactly the token from its configuration`(value: String) async {
        let outcome = await run(value, "--format", "curl")
        #expect(CIParsers.curlConfiguration(outcome.output) == ["header", "Authorization: Bearer \(value)"])
        #expect(await run(value).output == value + "\n")
        #expect(await run(value, "--format", "header").output == "Authorization: Bearer \(value)\n")
    }

    private static let formats = [
        "raw", "json", "header", "curl", "env", "exec-credential", "credential-process", "github-output", "github-env",
        "azure-pipelines", "teamcity", "gitlab-dotenv", "circleci",
    ]

    @Test(arguments: formats)
    func `a token with a control character, a space or a non-ASCII character is refused`(format: String) async {
        for value in [
            "a\nb", "a\r\nb", "a\u{1B}[2Jb", "a\u{0}b", "a\u{7F}b", "a b", "a\tb", "é", "a\n::set-env::b", "",
        ] {
            let outcome = await run(
                value, "--format", format, "--allow-unmasked",
                variables: ["GITHUB_OUTPUT": path, "GITHUB_ENV": path, "BASH_ENV": path])
            #expect(outcome.code == 1 && outcome.output == "", "\(value.debugDescription)")
            #expect(!outcome.errors.unicodeScalars.contains { $0 < " " && $0 != "\n" || $0 == "\u{7F}" })
        }
        #expect(directory.names == [])
    }

    // MARK: Expected outputs

    @Test(arguments: [
        ("github-output", "::add-mask::a%25b]\n"), ("github-env", "::add-mask::a%25b]\n"),
        ("azure-pipelines", "##vso[task.setvariable variable=T;issecret=true]a%AZP25b%5D\n"),
        ("teamcity", "##teamcity[setParameter name='env.T' value='a%b|]']\n"),
        ("curl", "header = \"Authorization: Bearer a%b]\"\n"), ("header", "Authorization: Bearer a%b]\n"),
        ("raw", "a%b]\n"), ("circleci", ""),
        ("env", "export T='a%b]'\nexport T_EXPIRES_AT='2026-11-21T09:00:00Z'\n"),
    ])
    func `each format has its expected output`(format: String, text: String) async {
        let outcome = await run(
            "a%b]", "--format", format, "--name", "T", "--allow-unmasked",
            variables: ["GITHUB_OUTPUT": path, "GITHUB_ENV": path, "BASH_ENV": path])
        #expect(outcome.output.replacing(".000Z", with: "Z") == text)
        #expect(outcome.errors == "")
    }

    @Test func `the JSON formats have the members of their specifications`() async throws {
        let expiry = (time.now().wall + .seconds(3600)).rfc3339
        let credential = try JSONReader.parse(Array(await run("t", "--format", "exec-credential").output.utf8))
        #expect(
            credential == [
                "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                "status": ["token": "t", "expirationTimestamp": .string(expiry)],
            ])
        let process = try JSONReader.parse(Array(await run("t", "--format", "credential-process").output.utf8))
        #expect(
            process == ["Version": 1, "AccessToken": "t", "TokenType": "Bearer", "Expiration": .string(expiry)])
        let json = try JSONReader.parse(Array(await run("t", "--output", "json").output.utf8))
        #expect(json["expires_in"] == 3600 && json["expires_at"]?.string == expiry && json["token_type"] == "Bearer")
    }

    @Test func `a token of unknown lifetime has no expiry`() async throws {
        for (format, member) in [("exec-credential", "expirationTimestamp"), ("credential-process", "Expiration")] {
            let outcome = await run("t", "--format", format, lifetime: nil)
            #expect(outcome.code == 0)
            #expect(!outcome.output.contains(member))
        }
    }

    // MARK: Order, files and permissions

    @Test(arguments: [("github-output", "GITHUB_OUTPUT"), ("github-env", "GITHUB_ENV")])
    func `the mask is printed before the token is written to the file`(format: String, variable: String) async throws {
        let path = path
        let isThere = Locked<[Bool]>([])
        let outcome = await run("t0ken", "--format", format, variables: [variable: path]) {
            isThere.withLock { $0.append((try? File.read(path)) != nil) }
        }
        #expect(outcome.output == "::add-mask::t0ken\n")
        #expect(isThere.withLock { $0 } == [false])
        #expect(CIParsers.githubFile(try content()) == ["RINGDOWN_ACCESS_TOKEN": "t0ken"])
        #expect(directory.permissions("file") == 0o600)
    }

    @Test func `each delimiter is different`() async throws {
        for _ in 0..<3 { _ = await run("t", "--format", "github-output", variables: ["GITHUB_OUTPUT": path]) }
        let delimiters = try content().split(separator: "\n").filter { $0.contains("<<") }
        #expect(Set(delimiters).count == 3)
        #expect(delimiters.allSatisfy { $0.utf8.count > "RINGDOWN_ACCESS_TOKEN<<".utf8.count + 32 })
    }

    @Test(arguments: [("github-output", "GITHUB_OUTPUT"), ("github-env", "GITHUB_ENV"), ("circleci", "BASH_ENV")])
    func `a format outside its CI system is an error`(format: String, variable: String) async {
        for variables in [[:], [variable: ""]] {
            let outcome = await run("t0ken", "--format", format, "--allow-unmasked", variables: variables)
            #expect(outcome.code == 64 && outcome.output == "")
            #expect(outcome.errors.contains("\(variable) is not set") && !outcome.errors.contains("t0ken"))
        }
    }

    @Test func `a file that cannot be opened is an error that names it`() async {
        let outcome = await run("t0ken", "--format", "github-output", variables: ["GITHUB_OUTPUT": directory.path])
        #expect(outcome.code == 1 && outcome.errors.contains(directory.path))
        #expect(!outcome.errors.contains("t0ken"))
    }

    // MARK: Detection and masking

    @Test(arguments: [
        ("GITHUB_ACTIONS", "::add-mask::t0ken\n"), ("TEAMCITY_VERSION", "##teamcity["), ("TF_BUILD", "##vso["),
        ("GITLAB_CI", "RINGDOWN_ACCESS_TOKEN=t0ken\n"), ("CIRCLECI", ""),
    ])
    func `auto detects the CI system`(sign: String, start: String) async {
        let outcome = await run(
            "t0ken", "--format", "auto", "--allow-unmasked",
            variables: [sign: "true", "GITHUB_OUTPUT": path, "BASH_ENV": path])
        #expect(outcome.code == 0 && outcome.output.hasPrefix(start), "\(outcome.errors)")
        #expect(outcome.output.isEmpty == start.isEmpty)
    }

    @Test(arguments: [
        "GITLAB_CI", "CIRCLECI", "TEAMCITY_VERSION", "BITBUCKET_BUILD_NUMBER", "JENKINS_URL", "NOTHING",
    ])
    func `a token that cannot be masked is not exported and an alternative is suggested`(sign: String) async {
        let outcome = await run("t0ken", "--format", "auto", variables: [sign: "1", "BASH_ENV": path])
        #expect(outcome.code == 64 && outcome.output == "" && !outcome.errors.contains("t0ken"))
        #expect(outcome.errors.contains("ringdown exec -- COMMAND") == (sign != "NOTHING"))
        #expect(directory.names == [])
    }

    @Test(arguments: ["gitlab-dotenv", "circleci", "teamcity"])
    func `a format that cannot mask the token requires --allow-unmasked`(format: String) async {
        let outcome = await run("t0ken", "--format", format, variables: ["BASH_ENV": path])
        #expect(outcome.code == 64 && outcome.output == "")
        #expect(outcome.errors.contains("--allow-unmasked") && !outcome.errors.contains("t0ken"))
        #expect(directory.names == [])
    }

    @Test(arguments: ["BITBUCKET_BUILD_NUMBER", "JENKINS_URL"])
    func `--allow-unmasked does not add a format for systems without one`(sign: String) async {
        let outcome = await run("t0ken", "--format", "auto", "--allow-unmasked", variables: [sign: "1"])
        #expect(outcome.code == 64 && outcome.output == "")
    }

    @Test func `an empty variable does not identify a CI system`() async {
        let outcome = await run(
            "t0ken", "--format", "auto", variables: ["GITHUB_ACTIONS": "", "TF_BUILD": "True"])
        #expect(outcome.output.hasPrefix("##vso["))
    }

    // MARK: Names

    @Test(arguments: [
        "", "1A", "A B", "A;B", "A=B", "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "NODE_OPTIONS", "BASH_ENV", "ENV",
        "IFS", "HOME", "SHELL", "A\nB", "Ä", "A-B", "A.B", "A]B", "A<<B", "$A", "A'", "\u{0}",
    ])
    func `an invalid or reserved variable name is rejected`(name: String) async {
        let outcome = await run("t0ken", "--format", "github-env", "--name", name, variables: ["GITHUB_ENV": path])
        #expect(outcome.code == 64 && outcome.output == "" && !outcome.errors.contains("t0ken"))
        #expect(directory.names == [])
    }

    @Test(arguments: ["A", "_", "A1", "my_token", "PATH2", "XLD_A"])
    func `letters, digits and underscores form a name`(name: String) async throws {
        let outcome = await run("t0ken", "--format", "github-env", "--name", name, variables: ["GITHUB_ENV": path])
        #expect(outcome.code == 0)
        #expect(CIParsers.githubFile(try content()) == [name: "t0ken"])
    }
}

/// Parsers for the output and files of a step, modelled on the sources and documentation of the CI systems.
private enum CIParsers {
    /// Returns the unescaped command and data of one line, or nil. Source: actions/runner, ActionCommand.
    static func githubCommand(_ text: String) -> [String]? {
        guard let line = singleLine(text), line.hasPrefix("::"), let end = line.dropFirst(2).firstRange(of: "::") else {
            return nil
        }
        let name = line.dropFirst(2)[..<end.lowerBound]
        guard name.allSatisfy({ $0.isLowercase || $0 == "-" }) else { return nil }
        let data = line[end.upperBound...].replacing("%0A", with: "\n").replacing("%0D", with: "\r")
        return [String(name), String(data.replacing("%25", with: "%"))]
    }

    /// Returns names and values, or nil for an invalid file. Source: actions/runner, FileCommandManager.
    static func githubFile(_ text: String) -> [String: String]? {
        var values: [String: String] = [:]
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popLast() == "" else { return nil }
        while let line = lines.popFirst() {
            let (equals, heredoc) = (line.firstIndex(of: "="), line.firstRange(of: "<<"))
            if let equals, heredoc.map({ equals < $0.lowerBound }) ?? true {
                values[String(line[..<equals])] = String(line[line.index(after: equals)...])
            } else if let heredoc {
                let delimiter = line[heredoc.upperBound...]
                guard let end = lines.firstIndex(of: delimiter) else { return nil }
                values[String(line[..<heredoc.lowerBound])] = lines[..<end].joined(separator: "\n")
                lines = lines[(end + 1)...]
            } else {
                return nil
            }
        }
        return values
    }

    /// Returns properties and data of a command, or nil. Source: azure-pipelines-agent, CommandStringConvertor.
    static func azureCommand(_ text: String) -> (properties: [String: String], data: String)? {
        let start = "##vso[task.setvariable "
        guard let line = singleLine(text), line.hasPrefix(start), let end = line.firstIndex(of: "]") else { return nil }
        func plain(_ text: Substring) -> String {
            var text = String(text)
            for (escape, character) in [("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%")] {
                text = text.replacing(escape, with: character)
            }
            return text
        }
        var properties: [String: String] = [:]
        for pair in line[..<end].dropFirst(start.count).split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            properties[String(parts[0])] = plain(parts[1])
        }
        return (properties, plain(line[line.index(after: end)...]))
    }

    /// Returns name and attributes of a TeamCity service message, or nil.
    static func teamcityMessage(_ text: String) -> (name: String, attributes: [String: String])? {
        let start = "##teamcity["
        guard let line = singleLine(text), line.hasPrefix(start), line.hasSuffix("]") else { return nil }
        var rest = line.dropFirst(start.count).dropLast()
        guard let space = rest.firstIndex(of: " ") else { return nil }
        let name = String(rest[..<space])
        rest = rest[space...].dropFirst()
        var attributes: [String: String] = [:]
        while !rest.isEmpty {
            guard let equals = rest.firstRange(of: "='") else { return nil }
            let attribute = String(rest[..<equals.lowerBound])
            rest = rest[equals.upperBound...]
            var value = ""
            while let character = rest.popFirst(), character != "'" {
                switch character {
                case "|":
                    guard let plain = rest.popFirst().flatMap({ escapes[$0] }) else { return nil }
                    value.append(plain)
                case "[", "]": return nil
                default: value.append(character)
                }
            }
            attributes[attribute] = value
            if rest.first == " " { rest.removeFirst() }
        }
        return (name, attributes)
    }

    private static let escapes: [Character: Character] = [
        "'": "'", "n": "\n", "r": "\r", "|": "|", "[": "[", "]": "]",
    ]

    /// Returns names and values, or nil for an invalid file. GitLab strips values, has no quotes, and expands `$NAME`.
    /// Source: gitlabhq, parse_dotenv_artifact_service.
    static func gitlabDotenv(_ text: String) -> [String: String]? {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].contains("$") else { return nil }
            let name = String(parts[0]).trimmed
            let isName = name.utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "_") }
            guard !name.isEmpty, isName else { return nil }
            values[name] = String(parts[1]).trimmed
        }
        return values
    }

    /// Returns name and value of `export NAME=WORD`, or nil. In a POSIX shell, single quotes preserve all characters up
    /// to the next one, and a backslash outside of quotes preserves the next character. Any other unquoted character is
    /// refused.
    static func exported(_ line: String) -> [String]? {
        guard line.hasPrefix("export "), let equals = line.firstIndex(of: "=") else { return nil }
        var rest = line[line.index(after: equals)...]
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "'":
                guard let end = rest.firstIndex(of: "'") else { return nil }
                value += rest[..<end]
                rest = rest[rest.index(after: end)...]
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                value.append(next)
            default: return nil
            }
        }
        return [String(line[..<equals].dropFirst("export ".count)), value]
    }

    /// Returns option and value of `option = "value"`, or nil. Source: curl(1), --config.
    static func curlConfiguration(_ text: String) -> [String]? {
        guard let line = singleLine(text), let start = line.firstRange(of: " = \""), line.hasSuffix("\"") else {
            return nil
        }
        var rest = line[start.upperBound...].dropLast()
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return nil
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                let controls: [Character: Character] = ["t": "\t", "n": "\n", "r": "\r", "v": "\u{B}"]
                value.append(controls[next] ?? next)
            default: value.append(character)
            }
        }
        return [String(line[..<start.lowerBound]), value]
    }

    /// Returns a text that consists of one line, without its line feed.
    private static func singleLine(_ text: String) -> Substring? {
        guard text.hasSuffix("\n"), !text.dropLast().contains("\n") else { return nil }
        return text.dropLast()
    }
}
