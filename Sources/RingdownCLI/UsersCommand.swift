internal import Ringdown
internal import RingdownCore

struct UsersCommand: Command {
    static let name = "users"
    static let abstract = "List all users of the organisation or agents of the business unit."
    static let discussion = """
        The list is printed page by page as it arrives (default: table). json and ndjson contain the platform's data unchanged.
        table and csv contain the fields that both platforms have.
        """
    static let examples = [
        (line: "ringdown users --output csv > users.csv", purpose: "Export all users as CSV"),
        (line: "ringdown users prod --output ndjson | jq -r .email", purpose: "Pass the list to another program"),
        (
            line: "ringdown users --output ndjson --resume users.pos >> users.ndjson",
            purpose: "Export all users; run it again to resume after an interruption"
        ),
    ]

    let account = Account()
    let export = ExportOptions()

    func run() async throws -> Int32 {
        account.choice.require { $0.users != nil }
        try await account.withClient { client in
            let list = client.users(pageSize: export.pageSize)
            try await export.run(client, subject: "users", noun: "users", .table, columns(list), list.pages)
        }
        return ExitCode.done
    }

    private func columns(_ list: Items<User>) -> Columns {
        let isTable = export.output ?? .table == .table
        return Columns(
            names: isTable ? ["name", "email", "state", "id"] : ["id", "name", "email", "username", "active"]
        ) {
            let user = try list.item($0)
            let active = user.isActive.map { "\($0)" } ?? ""
            if !isTable { return [user.id, user.name, user.email ?? "", user.username ?? "", active] }
            return [user.name, user.email ?? "", user.isActive.map { $0 ? "active" : "inactive" } ?? "", user.id]
        }
    }
}
