internal import RingdownCore

extension Simulator {
    /// The divisions of the organisation. The first is home; a fifth of the queues belong to the second.
    static let divisionNames = ["Home", "Support"]

    private func divisionID(_ number: Int) -> String {
        number == 0 ? data.genesysDivisionID : data.id(0xD1, number)
    }

    /// What other resources say of their division.
    private func division(_ number: Int) -> JSON {
        let id = divisionID(number)
        return [
            "id": .string(id), "name": .string(Self.divisionNames[number]),
            "selfUri": "/api/v2/authorization/divisions/\(id)",
        ]
    }

    var divisions: Resource {
        Resource(count: Self.divisionNames.count, id: divisionID, name: { Self.divisionNames[$0] }) { number in
            guard case .object(let members) = self.division(number) else { return .null }
            let more: [JSON.Member] = [
                .init("description", ""), .init("homeDivision", .bool(number == 0)), .init("objectCounts", [:]),
            ]
            return .object(members + more)
        }
    }

    /// Where the client has its role: an asterisk stands for all divisions (section 2).
    var roleDivisions: JSON {
        let names = world.withLock { $0.client.divisions }
        let chosen = Self.divisionNames.indices.filter { names?.contains(Self.divisionNames[$0]) == true }
        let ids = names == nil ? ["*"] : chosen.map(divisionID)
        return .array(ids.map { ["roleId": .string(data.genesysRoleID), "divisionId": .string($0)] })
    }

    private func queueDivision(_ index: Int) -> Int { index % 5 == 4 ? 1 : 0 }

    /// The queues that the client's roles reach; nil for all. Those of other divisions are left out of the list: attested for
    /// division-scoped lists, UNVERIFIED for each of them.
    var visibleQueues: [Int]? {
        world.withLock { $0.client.divisions }.map { names in
            (0..<data.queueCount).filter { names.contains(Self.divisionNames[queueDivision($0)]) }
        }
    }

    var queues: Resource {
        Resource(count: data.queueCount, id: data.queueID, name: { "Queue \($0 + 1)" }, json: queue)
    }

    /// Skills belong to no division.
    var skills: Resource {
        func id(_ index: Int) -> String { data.id(0xD_0000, index) }
        return Resource(count: 40, id: id, name: { "Skill \($0 + 1)" }) { index in
            [
                "id": .string(id(index)), "name": "Skill \(index + 1)", "dateModified": "2026-11-01T08:00:00.000Z",
                "state": "active", "version": "1", "selfUri": "/api/v2/routing/skills/\(id(index))",
            ]
        }
    }

    /// One queue; one of another division is refused as a missing permission, in words of ours.
    func queue(_ call: Call, id: String) -> Answer {
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
