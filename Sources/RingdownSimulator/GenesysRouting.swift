internal import RingdownCore

/// Divisions, queues and skills.
struct GenesysRouting: GenesysFamily {
    let simulator: Simulator

    static let routes: [Route] = [
        // Every client can list divisions (section 3).
        route("GET", "/api/v2/authorization/divisions") { family, call, _ in family.list(call, family.divisions) },
        route("GET", "/api/v2/authorization/divisions/{id}") { $0.one($1, $0.divisions, id: $2[0]) },
        route("GET", "/api/v2/routing/queues", permissions: ["routing:queue:view"]) { family, call, _ in
            family.list(call, family.queues, chosen: family.visibleQueues)
        },
        route("GET", "/api/v2/routing/queues/{id}", permissions: ["routing:queue:view"]) { $0.queue($1, id: $2[0]) },
        route("GET", "/api/v2/routing/skills", permissions: ["routing:skill:view"]) { family, call, _ in
            family.list(call, family.skills)
        },
        route("GET", "/api/v2/routing/skills/{id}", permissions: ["routing:skill:view"]) {
            $0.one($1, $0.skills, id: $2[0])
        },
    ]

    /// The divisions of the organisation. The first is the home division. A fifth of the queues belong to the second.
    static let divisionNames = ["Home", "Support"]

    private func divisionID(_ number: Int) -> String {
        number == 0 ? data.genesysDivisionID : data.id(0xD1, number)
    }

    /// A division as a member of other resources.
    private func division(_ number: Int) -> JSON {
        let id = divisionID(number)
        return [
            "id": .string(id), "name": .string(Self.divisionNames[number]),
            "selfUri": "/api/v2/authorization/divisions/\(id)",
        ]
    }

    private var divisions: Resource {
        Resource(count: Self.divisionNames.count, id: divisionID, name: { Self.divisionNames[$0] }) { number in
            guard case .object(let members) = self.division(number) else { return .null }
            let more: [JSON.Member] = [
                .init("description", ""), .init("homeDivision", .bool(number == 0)), .init("objectCounts", [:]),
            ]
            return .object(members + more)
        }
    }

    /// The divisions of the client's role. An asterisk means all divisions (section 2).
    var roleDivisions: JSON {
        let names = world.withLock { $0.client.divisions }
        let chosen = Self.divisionNames.indices.filter { names?.contains(Self.divisionNames[$0]) == true }
        let ids = names == nil ? ["*"] : chosen.map(divisionID)
        return .array(ids.map { ["roleId": .string(data.genesysRoleID), "divisionId": .string($0)] })
    }

    private func queueDivision(_ index: Int) -> Int { index % 5 == 4 ? 1 : 0 }

    /// The indices of the queues that the client's roles can access; nil for all. Lists omit the queues of other divisions: this is
    /// documented for division-scoped lists in general, and UNVERIFIED for each of them.
    private var visibleQueues: [Int]? {
        world.withLock { $0.client.divisions }.map { names in
            (0..<data.queueCount).filter { names.contains(Self.divisionNames[queueDivision($0)]) }
        }
    }

    private var queues: Resource {
        Resource(count: data.queueCount, id: data.queueID, name: { "Queue \($0 + 1)" }, json: queue)
    }

    /// Skills belong to no division.
    private var skills: Resource {
        func id(_ index: Int) -> String { data.id(0xD_0000, index) }
        return Resource(count: 40, id: id, name: { "Skill \($0 + 1)" }) { index in
            [
                "id": .string(id(index)), "name": "Skill \(index + 1)", "dateModified": "2026-11-01T08:00:00.000Z",
                "state": "active", "version": "1", "selfUri": "/api/v2/routing/skills/\(id(index))",
            ]
        }
    }

    /// A queue by ID. A queue of another division is refused as a missing permission. The message is not documented.
    private func queue(_ call: Call, id: String) -> Answer {
        if let index = queues.number(of: id), visibleQueues?.contains(index) == false {
            let status = assumptions.number(.genesysOtherDivisionStatus)
            if status == 404 { return genesysNotFound(call, reason: "missing division") }
            return genesysError(
                call, status, genesysCode(status),
                "Unable to perform the requested action. You are missing the following permission(s): "
                    + "routing:queue:view in division \(Self.divisionNames[queueDivision(index)])",
                reason: "missing division"
            )
        }
        return one(call, queues, id: id)
    }

    private func queue(_ index: Int) -> JSON {
        let id = data.queueID(index)
        var random = SeededRandom(seed: data.seed &+ 0xA_0000 &+ UInt64(index))
        return [
            "id": .string(id), "name": "Queue \(index + 1)", "division": division(queueDivision(index)),
            "dateCreated": "2026-01-05T09:00:00.000Z", "dateModified": "2026-10-01T09:00:00.000Z",
            "memberCount": .int(5 + random.below(40)), "acwSettings": ["wrapupPrompt": "OPTIONAL"],
            "skillEvaluationMethod": "BEST", "autoAnswerOnly": true, "enableTranscription": false,
            "enableManualAssignment": false, "selfUri": "/api/v2/routing/queues/\(id)",
        ]
    }
}
