internal import Foundations
internal import HTTPModel

extension Simulator {
    /// SCIM users by index, counted from 1 (`genesys-cloud.md` section 5, style G). Errors have SCIM's own form.
    func scimUsers(_ call: Call) -> Answer {
        guard let start = Int(call.url.queryValue("startIndex") ?? "1"),
            let count = Int(call.url.queryValue("count") ?? "25"),
            start >= 1, count >= 0
        else {
            let json: JSON = [
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "scimType": "invalidValue",
                "detail": "startIndex and count must be numbers",
            ]
            return correlated(Answer(status: 400, json: json, reason: "malformed paging"), call)
        }
        let first = min(start - 1, data.userCount)
        let range = first..<min(first + min(count, 100), data.userCount)
        return valid(
            call,
            [
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": .int(data.userCount),
                "startIndex": .int(start), "itemsPerPage": .int(range.count),
                "Resources": .array(range.map { scimUser($0) }),
            ]
        )
    }

    private func scimUser(_ index: Int) -> JSON {
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
