internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

struct APICommand: Command {
    static let name = "api"
    static let abstract = "Call the platform's API and print what it answers."
    static let discussion = """
        PATH is a path of the API with its query, or a full URL on one of the platform's own hosts; the token goes nowhere
        else. An answer that is JSON is indented on a terminal and passed on unchanged into a pipe.

        --field goes into the query of GET, HEAD and DELETE, and into a JSON body of the others: name=value for a text,
        name:=value for any other JSON. Calls that the platform cannot answer at the instant are repeated, a write only where it
        was not seen; a POST that only asks may be repeated with --idempotent.

        --paginate follows the list to its end, in whichever way it is paged, and prints its items: as ndjson unless --output
        says otherwise. --items names the member that holds them, where it cannot be told.
        """
    static let examples = [
        (line: "ringdown api GET '/api/v2/users?pageSize=5'", purpose: "Genesys Cloud"),
        (
            line: "ringdown api GET /incontactapi/services/v34.0/agents --field top=5 --platform cxone",
            purpose: "NICE CXone"
        ),
        (line: "ringdown api POST /api/v2/routing/queues --field name=Support", purpose: "A queue more"),
        (
            line: "ringdown api GET /api/v2/routing/queues --paginate --output csv --columns id,name",
            purpose: "A whole list"
        ),
    ]

    private static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

    let account = Account()
    let export = ExportOptions()
    @Argument("METHOD", required: true, help: "GET, HEAD, POST, PUT, PATCH or DELETE.")
    var method: String?
    @Argument("PATH", required: true, help: "The path, or a full URL.")
    var path: String?
    @OptionList("field", "NAME=VALUE", help: "A parameter, or a member of the body with := for JSON; may be repeated.")
    var fields: [String]
    @OptionList("header", "NAME:VALUE", help: "A header field; may be repeated.")
    var headers: [String]
    @Option("input", "FILE", help: "The body, as it is; - for standard input.")
    var input: String?
    @Flag("idempotent", help: "Retry this POST on failure")
    var isIdempotent: Bool
    @Flag("paginate", help: "Follow the list to its end and print its items.")
    var paginate: Bool
    @Option("items", "MEMBER", help: "With --paginate: the member that holds the items.")
    var items: String?
    @Option(
        "dedupe-by", "FIELD", default: "id", help: "Drop items with a duplicate FIELD, with --paginate")
    var dedupeBy: String?
    @Option("columns", "A,B.C", help: "With --paginate: the columns of csv and table.")
    var columns: String?

    func run() async throws -> Int32 {
        let call = try call()
        if paginate {
            try export.check(.ndjson)
            var columns = columns.map { Columns.members($0.split(separator: ",").map(String.init)) }
            columns?.areChosen = true
            try await account.withClient { client in
                let pages = client.pages(call, itemsMember: items, identity: dedupeBy ?? "id")
                try await export.run(
                    client,
                    subject: [call.method, call.path, String(decoding: call.body, as: UTF8.self), items, dedupeBy]
                        .compactMap { $0 }.joined(separator: " "), noun: "items", .ndjson, columns, pages)
            }
            return ExitCode.done
        }
        if let output = export.output, output != .json {
            throw UsageError(
                "--output \(output.rawValue) goes with --paginate", hint: "an answer is printed as it came")
        }
        Interruption.arm()
        let response = try await account.withClient { try await $0.send(call) }
        let stream = Context.current.standardOutput
        if stream.isTerminal, let json = try? JSONReader.parse(response.body) {
            try stream.write(json.bytes(indented: true) + [0x0A])
        } else if !response.body.isEmpty {
            try stream.write(response.body + (response.body.last == 0x0A ? [] : [0x0A]))
        }
        return ExitCode.done
    }

    private func call() throws -> APICall {
        // Both are required: the parser has seen to it.
        guard let method = method?.uppercased(), var path, Self.methods.contains(method) else {
            throw UsageError(
                "METHOD cannot be '\(sanitized(self.method ?? "", limit: 20))'",
                hint: "it can be: \(Self.methods.joined(separator: ", "))")
        }
        let parameters = try fields.map(Self.parameter)
        let hasQuery = ["GET", "HEAD", "DELETE"].contains(method)
        if hasQuery, !parameters.isEmpty {
            let query = parameters.map {
                "\(percentEncoded($0.name))=\(percentEncoded($0.value.text ?? "\($0.value)"))"
            }
            path += (path.contains("?") ? "&" : "?") + query.joined(separator: "&")
        }
        var call = APICall(method, path, isIdempotent: isIdempotent)
        for header in headers {
            let parts = header.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, !parts[0].equalsIgnoringCase("Authorization") else {
                throw UsageError(
                    "--header cannot be '\(sanitized(parts.first ?? "", limit: 40))'",
                    hint: "write 'NAME: VALUE'; the token is sent anyway")
            }
            do { try call.headers.set(parts[0], parts[1].trimmed) } catch {
                throw UsageError("\(error)", hint: "write 'NAME: VALUE'")
            }
        }
        if let input {
            if !hasQuery, !parameters.isEmpty {
                throw UsageError("--input and --field both are the body", hint: "leave one of them out")
            }
            call.body = try input == "-" ? File.read(STDIN_FILENO, path: "standard input") : File.read(input)
        } else if !hasQuery, !parameters.isEmpty {
            call.body = JSON.object(parameters).bytes()
        }
        if !call.body.isEmpty, !call.headers.has("Content-Type") {
            try call.headers.set("Content-Type", "application/json")
        }
        return call
    }

    /// `name=text` or `name:=JSON`.
    private static func parameter(_ text: String) throws(UsageError) -> JSON.Member {
        let hint = "write name=value for a text, name:=value for any other JSON"
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw UsageError("--field '\(sanitized(text, limit: 40))' has no name and value", hint: hint)
        }
        let (name, value) = (text[..<equals], String(text[text.index(after: equals)...]))
        guard name.last == ":" else { return .init(String(name), .string(value)) }
        guard name.count > 1, let json = try? JSONReader.parse(Array(value.utf8)) else {
            throw UsageError("the value of --field '\(sanitized(String(name), limit: 40))' is not JSON", hint: hint)
        }
        return .init(String(name.dropLast()), json)
    }
}
