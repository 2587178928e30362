internal import RingdownCore

/// Lists with cursors: teams and external contacts.
struct GenesysCursors: GenesysFamily {
    let simulator: Simulator

    static let routes: [Route] = [
        route("GET", "/api/v2/teams", permissions: ["groups:team:view"]) { family, call, _ in family.teams(call) },
        route("GET", "/api/v2/teams/{id}", permissions: ["groups:team:view"]) { $0.one($1, $0.teams, id: $2[0]) },
        route("GET", "/api/v2/externalcontacts/scan/contacts", permissions: ["externalContacts:contact:view"]) {
            family, call, _ in family.scanContacts(call)
        },
        route("GET", "/api/v2/externalcontacts/contacts/{id}", permissions: ["externalContacts:contact:view"]) {
            $0.one($1, $0.contacts, id: $2[0])
        },
    ]

    // MARK: Style B: keyset

    private static let teamCount = 60

    /// Keyset paging without a total or a page count. `nextUri` contains the next key (`genesys-cloud.md` section 5).
    private func teams(_ call: Call) -> Answer {
        guard let size = limit(call, "pageSize", 25, 1...100), let after = position(call, "after"),
            let before = position(call, "before")
        else { return malformedCursor(call) }
        let start = call.queryValue("before") == nil ? after : max(0, before - size)
        return lasting(call) {
            let range = min(start, Self.teamCount)..<min(start + size, Self.teamCount)
            let (path, rest) = (call.url.path, call.query(without: "pageSize", "after", "before"))
            var members: [JSON.Member] = [
                .init("entities", .array(range.map(teams.json))), .init("selfUri", .string(path)),
            ]
            if range.upperBound < Self.teamCount {
                members.append(.init("nextUri", "\(path)?after=\(range.upperBound)&pageSize=\(size)\(rest)"))
            }
            if start > 0 {
                members.append(.init("previousUri", "\(path)?before=\(range.lowerBound)&pageSize=\(size)\(rest)"))
            }
            return .object(members)
        }
    }

    private var teams: Resource {
        Resource(count: Self.teamCount, id: teamID) { index in
            var random = SeededRandom(seed: self.data.seed &+ 0xB_8000 &+ UInt64(index))
            let id = self.teamID(index)
            return [
                "id": .string(id), "name": "Team \(index + 1)", "memberCount": .int(3 + random.below(20)),
                "selfUri": "/api/v2/teams/\(id)",
            ]
        }
    }

    private func teamID(_ index: Int) -> String { data.id(0xB_0000, index) }

    // MARK: Style D: scan

    private static let contactCount = 1000
    private static let cursorLifetime: Duration = .seconds(86400)

    /// Scan paging. A page can be empty before the end; the last page has no cursor. A cursor is valid for a day.
    private func scanContacts(_ call: Call) -> Answer {
        guard let size = limit(call, "limit", 100, 10...200), let start = position(call, "cursor") else {
            return malformedCursor(call)
        }
        guard !isOld(call) else { return malformedCursor(call) }
        // The second page and every fourth page after it are empty.
        let (page, isEmpty) = (start / 1_000_000, start / 1_000_000 % 4 == 1)
        let first = min(start % 1_000_000, Self.contactCount)
        let end = isEmpty ? first : min(first + size, Self.contactCount)
        let next = "\((page + 1) * 1_000_000 + end).\(Int(call.now.secondsSince1970))"
        let hasMore = end < Self.contactCount
        var members: [JSON.Member] = [.init("entities", .array((first..<end).map(contacts.json)))]
        members.append(.init("cursors", hasMore ? ["after": .string(next)] : [:]))
        if hasMore {
            members.append(
                .init(
                    "nextUri", "\(call.url.path)?limit=\(size)&cursor=\(next)\(call.query(without: "limit", "cursor"))")
            )
        }
        return valid(call, .object(members))
    }

    private var contacts: Resource {
        // Contacts are persons with indices above those of users.
        let first = 5_000_000
        return Resource(count: Self.contactCount, id: { self.data.person(first + $0).id }) { index in
            let person = self.data.person(first + index)
            return [
                "id": .string(person.id), "type": "contact", "firstName": .string(person.firstName),
                "lastName": .string(person.lastName), "workEmail": .string(person.email),
                "selfUri": "/api/v2/externalcontacts/contacts/\(person.id)",
            ]
        } number: { id in
            self.data.index(ofAnyone: id).map { $0 - first }.flatMap { (0..<Self.contactCount).contains($0) ? $0 : nil }
        }
    }

    // MARK: Parameters

    private func limit(_ call: Call, _ name: String, _ standard: Int, _ range: ClosedRange<Int>) -> Int? {
        guard let text = call.queryValue(name) else { return standard }
        return Int(text).flatMap { range.contains($0) ? $0 : nil }
    }

    /// The position of a cursor, 0 without a cursor, or nil for a cursor that was not issued.
    private func position(_ call: Call, _ name: String) -> Int? {
        guard let text = call.queryValue(name) else { return 0 }
        return Int(text.split(separator: ".", omittingEmptySubsequences: false)[0]).flatMap {
            (0..<1_000_000_000_000).contains($0) ? $0 : nil
        }
    }

    /// Whether a cursor has expired or was never issued.
    private func isOld(_ call: Call) -> Bool {
        guard let cursor = call.queryValue("cursor") else { return false }
        guard let text = cursor.split(separator: ".").last, let made = Int(text), (0..<100_000_000_000).contains(made)
        else {
            return true
        }
        return call.now - Timestamp(secondsSince1970: Double(made)) > Self.cursorLifetime
    }

    private func malformedCursor(_ call: Call) -> Answer {
        genesysError(
            call, 400, "invalid.value", "Value is not valid for field type [cursor or page size].",
            reason: "malformed paging")
    }
}
