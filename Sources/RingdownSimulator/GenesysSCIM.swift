internal import RingdownCore

/// Users in the format of SCIM.
struct GenesysSCIM: GenesysFamily {
    let simulator: Simulator

    static let routes: [Route] = ["/api/v2/scim/users", "/api/v2/scim/v2/users"].flatMap { path in
        [
            route("GET", path) { family, call, _ in family.users(call) },
            route("GET", path + "/{id}") { $0.user($1, id: $2[0]) },
        ]
    }

    /// A list of SCIM users with an index that starts at 1 (`genesys-cloud.md` section 5, style G). Errors have the SCIM format.
    private func users(_ call: Call) -> Answer {
        guard let start = Int(call.queryValue("startIndex") ?? "1"),
            let count = Int(call.queryValue("count") ?? "25"),
            start >= 1, count >= 0
        else { return refusal(call, "invalidValue", "startIndex and count must be numbers", "malformed paging") }
        let filter = call.queryValue("filter")
        guard let found = matches(filter) else {
            return refusal(
                call, "invalidFilter", "the simulator supports only: id, userName, email or active, eq, and a value",
                "unsupported filter")
        }
        let first = min(start - 1, found.count)
        let page = found.dropFirst(first).prefix(min(count, 100))
        return valid(
            call,
            [
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": .int(found.count),
                "startIndex": .int(start), "itemsPerPage": .int(page.count),
                "Resources": .array(page.map { user($0) }),
            ]
        )
    }

    /// A user by ID.
    private func user(_ call: Call, id: String) -> Answer {
        guard let index = data.index(ofPerson: id) else {
            return refusal(call, nil, "User \(sanitized(id, limit: 60)) not found", Self.noSuchUser, status: 404)
        }
        return valid(call, user(index))
    }

    private static let noSuchUser = "no such user"

    func refusal(
        _ call: Call, _ type: String?, _ detail: String, _ reason: String, status: Int = 400
    ) -> Answer {
        var members: [JSON.Member] = [
            .init("schemas", ["urn:ietf:params:scim:api:messages:2.0:Error"]), .init("status", "\(status)"),
        ]
        if let type { members.append(.init("scimType", .string(type))) }
        members.append(.init("detail", .string(detail)))
        return correlated(Answer(status: status, json: .object(members), reason: reason), call)
    }

    /// The users that match a filter (RFC 7644 section 3.4.2.2), or nil for an unsupported filter. The official SDK documents the
    /// attributes.
    private func matches(_ filter: String?) -> Range<Int>? {
        let everybody = 0..<data.userCount
        guard let filter, !filter.isEmpty else { return everybody }
        let words = filter.split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count == 3, words[1].lowercased() == "eq", !words[2].dropFirst().dropLast().contains("\"") else {
            return nil
        }
        let value = words[2].filter { $0 != "\"" }
        func only(_ index: Int?) -> Range<Int> { index.map { $0..<$0 + 1 } ?? 0..<0 }
        switch words[0].lowercased() {
        case "id": return only(data.index(ofPerson: value))
        case "username", "email", "emails", "emails.value": return only(data.index(ofEmail: value))
        case "active": return value.lowercased() == "false" ? 0..<0 : everybody
        default: return nil
        }
    }

    private func user(_ index: Int) -> JSON {
        let person = data.person(index)
        return [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": .string(person.id),
            "userName": .string(person.email), "displayName": "\(person.firstName) \(person.lastName)",
            "title": .string(person.title), "active": true,
            "emails": [["value": .string(person.email), "type": "work", "primary": true]],
            "meta": [
                "resourceType": "User", "lastModified": "2026-11-01T08:00:00.000Z",
                "location": "/api/v2/scim/v2/users/\(person.id)", "version": "\"\(person.version)\"",
            ],
        ]
    }
}
