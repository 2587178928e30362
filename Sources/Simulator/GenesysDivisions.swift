internal import Foundations
internal import HTTPModel

extension Simulator {
    /// The divisions of the organisation. The first is home; a fifth of the queues belong to the second.
    static let divisionNames = ["Home", "Support"]
    private static let queueCount = 12

    private func divisionID(_ number: Int) -> String {
        if number == 0 { return data.genesysDivisionID }
        var random = SeededRandom(seed: data.seed &+ 0xD1 &+ UInt64(number))
        return random.uuid()
    }

    private func division(_ number: Int) -> JSON {
        let id = divisionID(number)
        return [
            "id": .string(id), "name": .string(Self.divisionNames[number]),
            "selfUri": "/api/v2/authorization/divisions/\(id)",
        ]
    }

    /// Every client may list them (`genesys-cloud.md` section 3).
    func divisions(_ call: Call) -> Answer {
        listing(call, count: Self.divisionNames.count) { number in
            guard case .object(let members) = division(number) else { return .null }
            let more: [JSON.Member] = [
                .init("description", ""), .init("homeDivision", .bool(number == 0)), .init("objectCounts", [:]),
            ]
            return .object(members + more)
        }
    }

    private func queueDivision(_ index: Int) -> Int { index % 5 == 4 ? 1 : 0 }

    /// The queues that the client's roles reach.
    private var visibleQueues: [Int] {
        guard let names = world.withLock({ $0.client.divisions }) else { return Array(0..<Self.queueCount) }
        return (0..<Self.queueCount).filter { names.contains(Self.divisionNames[queueDivision($0)]) }
    }

    /// Queues of other divisions are left out of the list: attested for division-scoped lists, UNVERIFIED for each of them.
    func queues(_ call: Call) -> Answer {
        let indices = visibleQueues
        return listing(call, count: indices.count) { queue(indices[$0]) }
    }

    /// Skills belong to no division.
    func skills(_ call: Call) -> Answer {
        listing(call, count: 40) { index in
            var random = SeededRandom(seed: data.seed &+ 0xD_0000 &+ UInt64(index))
            let id = random.uuid()
            return [
                "id": .string(id), "name": "Skill \(index + 1)", "dateModified": "2026-11-01T08:00:00.000Z",
                "state": "active", "version": "1", "selfUri": "/api/v2/routing/skills/\(id)",
            ]
        }
    }

    /// One queue; one of another division is refused as a missing permission, in words of ours.
    func queue(_ call: Call, id: String) -> Answer {
        guard let index = (0..<Self.queueCount).first(where: { queueID($0) == id }) else {
            return genesysNotFound(call)
        }
        guard visibleQueues.contains(index) else {
            return genesysError(
                call, assumptions.number(.genesysOtherDivisionStatus), "missing.permissions",
                "Unable to perform the requested action. You are missing the following permission(s): "
                    + "routing:queue:view in division \(Self.divisionNames[queueDivision(index)])",
                reason: "missing division"
            )
        }
        return lasting(call) { queue(index) }
    }

    private func queueID(_ index: Int) -> String {
        var random = SeededRandom(seed: data.seed &+ 0x9_0000 &+ UInt64(index))
        return random.uuid()
    }

    private func queue(_ index: Int) -> JSON {
        let id = queueID(index)
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
