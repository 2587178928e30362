internal import CommandLineKit
internal import ContactCenter
internal import Foundations
internal import HTTPModel

struct APICommand: Command {
    static let name = "api"
    static let abstract = "Call the platform's API and print what it answers."
    static let discussion = """
        PATH is a path of the API with its query, or a full URL on one of the platform's own hosts; the token goes nowhere
        else. An answer that is JSON is indented on a terminal and passed on unchanged into a pipe.
        """
    static let examples = [
        (line: "ringdown api GET '/api/v2/users?pageSize=5'", purpose: "Genesys Cloud"),
        (line: "ringdown api GET '/incontactapi/services/v34.0/agents?top=5' --platform cxone", purpose: "NICE CXone"),
    ]

    enum Format: String, ChoiceParameter { case json }

    let account = Account()
    @Argument("METHOD", required: true, help: "GET.")
    var method: String?
    @Argument("PATH", required: true, help: "The path, or a full URL.")
    var path: String?
    @Option("output", "FORMAT", help: "json: errors as JSON too.")
    var output: Format?

    func run() async throws -> Int32 {
        // Both are required: the parser has seen to it.
        guard let method = method?.uppercased(), let path else { return ExitCode.usage }
        guard method == "GET" else {
            throw UsageError("METHOD cannot be '\(excerpt(method, limit: 20))'", hint: "this version can GET")
        }
        let response = try await account.withClient { try await $0.send(APICall(method, path)) }
        let stream = Context.current.standardOutput
        if stream.isTerminal, let json = try? JSONReader.parse(response.body) {
            try stream.write(json.bytes(indented: true) + [0x0A])
        } else if !response.body.isEmpty {
            try stream.write(response.body + (response.body.last == 0x0A ? [] : [0x0A]))
        }
        return ExitCode.done
    }
}
