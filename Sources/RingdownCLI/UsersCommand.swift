internal import Ringdown
internal import RingdownCore

struct UsersCommand: Command {
    static let name = "users"
    static let abstract = "List every user of the organisation, or every agent of the business unit."
    static let discussion = """
        The list is printed page by page as it arrives. json and ndjson hold what the platform sent, unchanged; table, which is
        the standard, and csv the fields that both platforms have.
        """
    static let examples = [
        (line: "ringdown users --output csv > users.csv", purpose: "For a spreadsheet"),
        (line: "ringdown users prod --output ndjson | jq -r .email", purpose: "For another program"),
        (
            line: "ringdown users --output ndjson --resume users.pos >> users.ndjson",
            purpose: "Goes on where it was broken off"
        ),
    ]

    let account = Account()
    let export = ExportOptions()

    func run() async throws -> Int32 {
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
