internal import RingdownCore

/// Agents, teams, skills and the business unit.
struct CXoneLists: CXoneFamily {
    let simulator: Simulator

    static let routes: [Route] = [
        route("GET", service("/agents")) { family, call, _ in family.agents(call) },
        route("GET", service("/agents/{id}")) { $0.agent($1, id: $2[1]) },
        route("GET", service("/teams")) { family, call, _ in family.teams(call) },
        route("GET", service("/skills")) { family, call, _ in family.skills(call) },
        route("GET", service("/business-unit")) { family, _, _ in
            Answer(json: ["businessUnits": [family.businessUnit]], reason: "valid token")
        },
        route("GET", service("/server-time")) { family, call, _ in
            Answer(json: ["ServerTime": .string(family.sevenDigits(call.now))], reason: "valid token")
        },
    ]

    /// The list of users that tutorials describe at `/api/v2/users`.
    func lenientUsers(_ call: Call) -> Answer {
        var answer = CXoneAPI(simulator: simulator).answer(
            call.at("/incontactapi/services/v34.0/server-time", accept: "application/json"))
        guard answer.response.isSuccess else { return answer }
        let users = (0..<data.userCount).map { index -> JSON in
            let person = data.person(index)
            return ["id": .int(firstAgentID + index), "name": "\(person.firstName) \(person.lastName)"]
        }
        answer.response.body = (["users": .array(users)] as JSON).bytes()
        return answer
    }

    private func agent(_ call: Call, id: String) -> Answer? {
        guard let id = Int(id) else { return nil }
        guard (firstAgentID..<firstAgentID + data.userCount).contains(id) else {
            return failure(404, "Agent not found", "no such agent")
        }
        return Answer(json: ["agents": [agent(id - firstAgentID)]], reason: "valid token")
    }

    private var firstAgentID: Int { 1001 }

    private var businessUnit: JSON {
        [
            "businessUnitId": .int(data.cxoneBusinessUnitID), "businessUnitName": "Simulated Business Unit",
            "tenantId": .string(credentials.cxoneTenantID),
        ]
    }

    private func agents(_ call: Call) -> Answer {
        let more: [JSON.Member] = [.init("hiddenAgents", 0)]
        guard let wanted = call.queryValue("isActive")?.lowercased() else {
            return listing(call, "agents", count: data.userCount, more: more, agent)
        }
        let chosen = (0..<data.userCount).filter { String(data.person($0).isActive) == wanted }
        return listing(call, "agents", count: chosen.count, more: more) { agent(chosen[$0]) }
    }

    private func teams(_ call: Call) -> Answer {
        listing(call, "teams", count: 7) { index in
            ["teamId": .int(1 + index), "teamName": "Team \(1 + index)", "isActive": true, "description": ""]
        }
    }

    private func skills(_ call: Call) -> Answer {
        listing(call, "skills", count: 12) { index in
            [
                "skillId": .int(4001 + index), "skillName": .string(index == 0 ? "Support" : "Skill \(1 + index)"),
                "mediaTypeId": 4, "mediaTypeName": "Call", "isActive": true, "isOutbound": false, "campaignId": 1,
            ]
        }
    }

    private func agent(_ index: Int) -> JSON {
        let person = data.person(index)
        return [
            "agentId": .int(firstAgentID + index), "userName": .string(person.email),
            "firstName": .string(person.firstName),
            "middleName": "", "lastName": .string(person.lastName), "userID": .string(person.id),
            "emailAddress": .string(person.email), "isActive": .bool(person.isActive), "teamId": .int(1 + index % 7),
            "teamName": "Team \(1 + index % 7)", "reportToId": 0, "reportToName": "",
            "isSupervisor": .bool(person.title == "Supervisor"),
            "lastLogin": "2026-11-01T08:00:00.000Z", "lastUpdated": "2026-11-01T08:00:00.000Z", "location": "",
            "profileId": 1, "profileName": "Administrator", "timeZone": "(GMT-05:00) Eastern Time (US & Canada)",
            "country": "USA", "state": "UT", "city": "Sandy", "userType": "", "ACWEnabled": false, "DivisionNo": "",
        ]
    }
}
