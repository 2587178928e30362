internal import CommandLineKit
internal import ContactCenter
internal import Foundations

struct UsersCommand: Command {
    static let name = "users"
    static let abstract = "List every user of the organisation, or every agent of the business unit."
    static let discussion = """
        The list is printed page by page as it arrives. json and ndjson hold what the platform sent, unchanged; table and
        csv the fields that both platforms have.
        """
    static let examples = [
        (line: "ringdown users --output csv > users.csv", purpose: "For a spreadsheet"),
        (line: "ringdown users prod --output ndjson | jq -r .email", purpose: "For another program"),
    ]

    let account = Account()
    @Option("output", "FORMAT", help: "How to print the list; table unless said otherwise.")
    var output: ListFormat?
    @Option("limit", "NUMBER", help: "Stop after so many.")
    var limit: Int?

    func run() async throws -> Int32 {
        if let limit, limit < 0 { throw UsageError("--limit cannot be \(limit)", hint: "it can be 0 or more") }
        try await account.withClient { client in
            var writer = ListWriter(output ?? .table, to: Context.current.standardOutput)
            var count = 0
            for try await user in try client.users(pageSize: min(100, max(1, limit ?? 100))) {
                if count == limit { break }
                try writer.write(user)
                count += 1
                if count == limit { break }
            }
            try writer.finish()
        }
        return ExitCode.done
    }
}
