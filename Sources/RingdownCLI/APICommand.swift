internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

struct APICommand: Command {
    static let name = "api"
    static let abstract = "Call the platform's API and print the response."
    static let discussion = """
        PATH is an API path with its query, or a full URL on one of the platform's own hosts. The token is never sent to any
        other host. A JSON response is indented on a terminal and printed unchanged to a pipe or file.

        --field adds a query parameter to GET, HEAD and DELETE, and a member of the JSON body to other methods. Use name=value
        for a string and name:=value for any other JSON. Temporary failures are retried. POST and PATCH are retried only if the
        server has not processed them; --idempotent retries a POST after any temporary failure.

        --paginate follows the list to its last page and prints the items (default: ndjson). All paging schemes of both
        platforms are supported, and the common ones of other APIs: links, tokens, page numbers and offsets. A list that
        announces more items than can be read fails with exit code 65. --items and --next name the members that hold the items
        and the next link or token, if they cannot be inferred. --next takes a JSON pointer or header:NAME.

        csv and table columns are the members of all items on the first page (default). If later items have other members, they
        are reported at the end with exit code 65; --columns avoids this.
        """
    static let examples = [
        (line: "ringdown api GET '/api/v2/users?pageSize=5'", purpose: "List five users of Genesys Cloud"),
        (line: "ringdown api prod GET /api/v2/tokens/me", purpose: "Call the API with the profile 'prod'"),
        (
            line: "ringdown api GET /incontactapi/services/v34.0/agents --field top=5 --platform cxone",
            purpose: "List five agents of NICE CXone"
        ),
        (line: "ringdown api POST /api/v2/routing/queues --field name=Support", purpose: "Create a queue"),
        (
            line: "ringdown api GET /api/v2/routing/queues --paginate --output csv --columns id,name",
            purpose: "Print a complete list as CSV"
        ),
    ]

    private static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

    let account = Account()
    let export = ExportOptions()
    @Argument("METHOD", required: true, help: "GET, HEAD, POST, PUT, PATCH or DELETE")
    var method: String?
    @Argument("PATH", required: true, help: "API path or full URL")
    var path: String?
    @OptionList("field", "NAME=VALUE", help: "Add a query parameter or body member; use := for JSON (repeatable)")
    var fields: [String]
    @OptionList("header", "NAME:VALUE", help: "Add a request header (repeatable)")
    var headers: [String]
    @Option("input", "FILE", help: "Read the request body from FILE; - for standard input")
    var input: String?
    @Flag("idempotent", help: "Retry this POST on failure")
    var isIdempotent: Bool
    @Flag("paginate", help: "Follow the list to its last page and print the items")
    var paginate: Bool
    @Option("items", "MEMBER", help: "With --paginate: member that holds the items")
    var items: String?
    @Option(
        "next", "POINTER", help: "With --paginate: place of the next link (JSON pointer or header:Link)")
    var next: String?
    @Option(
        "dedupe-by", "FIELD", default: "id", help: "With --paginate: drop items with a duplicate FIELD")
    var dedupeBy: String?
    @Option("columns", "A,B.C", help: "With --paginate: columns of csv and table output")
    var columns: String?

    func run() async throws -> Int32 {
        let call = try call()
        account.choice.require { $0.serves(call.path) }
        if paginate {
            try export.check(.ndjson)
            var columns = columns.map { Columns.members($0.split(separator: ",").map(String.init)) }
            columns?.areChosen = true
            let next = try next.map(Self.pointer)
            try await account.withClient { client in
                let pages = client.pages(call, itemsMember: items, identity: dedupeBy ?? "id", next: next)
                try await export.run(
                    client,
                    subject: [call.method, call.path, String(decoding: call.body, as: UTF8.self), items, dedupeBy]
                        .compactMap { $0 }.joined(separator: " "), noun: "items", .ndjson, columns, pages,
                    known: client.profile.platform.columns(ofListAt: call.path))
            }
            return ExitCode.done
        }
        if next != nil { throw UsageError("--next requires --paginate", hint: "add --paginate to read the whole list") }
        if let output = export.output, output != .json {
            throw UsageError(
                "--output \(output.rawValue) requires --paginate", hint: "a single response is printed unchanged")
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

    /// Parses the value of `--next`.
    ///
    /// - Throws: `UsageError` if it is invalid.
    private static func pointer(_ text: String) throws(UsageError) -> NextPointer {
        do { return try NextPointer(text) } catch {
            throw UsageError(
                "--next cannot be '\(sanitized(text, limit: 60))': \(error)",
                hint: "use a JSON pointer such as /meta/next, or header:NAME such as header:Link")
        }
    }

    private func call() throws -> APICall {
        // The parser guarantees that both are given.
        guard let method = method?.uppercased(), var path, Self.methods.contains(method) else {
            if let method = self.account.profileName, Self.methods.contains(method.uppercased()),
                let profile = self.path
            {
                let words = [profile, method, self.method ?? ""].map { shellWord(sanitized($0, limit: 80)) }
                throw UsageError(
                    "PROFILE comes before METHOD and PATH", hint: "use 'ringdown api \(words.joined(separator: " "))'")
            }
            throw UsageError(
                "METHOD cannot be '\(sanitized(self.method ?? "", limit: 20))'",
                hint: "use one of: \(Self.methods.joined(separator: ", "))")
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
                    hint: "use 'NAME: VALUE'; the Authorization header is added automatically")
            }
            do { try call.headers.set(parts[0], parts[1].trimmed) } catch {
                throw UsageError("\(error)", hint: "use 'NAME: VALUE'")
            }
        }
        if let input {
            if !hasQuery, !parameters.isEmpty {
                throw UsageError(
                    "--input and --field cannot be combined: both set the request body", hint: "omit one of them")
            }
            let bytes = try input == "-" ? File.read(STDIN_FILENO, path: "standard input") : File.read(input)
            call.body = Array(bytes.withoutByteOrderMark)
        } else if !hasQuery, !parameters.isEmpty {
            call.body = JSON.object(parameters).bytes()
        }
        if !call.body.isEmpty, !call.headers.has("Content-Type") {
            try call.headers.set("Content-Type", "application/json")
        }
        return call
    }

    /// Parses `name=text` or `name:=JSON`.
    ///
    /// - Throws: `UsageError` if `text` has another form.
    private static func parameter(_ text: String) throws(UsageError) -> JSON.Member {
        let hint = "use name=value for a string, name:=value for any other JSON"
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw UsageError("--field '\(sanitized(text, limit: 40))' is not NAME=VALUE", hint: hint)
        }
        let (name, value) = (text[..<equals], String(text[text.index(after: equals)...]))
        guard name.last == ":" else { return .init(String(name), .string(value)) }
        guard name.count > 1, let json = try? JSONReader.parse(Array(value.utf8)) else {
            throw UsageError("the value of --field '\(sanitized(String(name), limit: 40))' is not JSON", hint: hint)
        }
        return .init(String(name.dropLast()), json)
    }
}
