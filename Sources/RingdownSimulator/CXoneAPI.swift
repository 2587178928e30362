internal import RingdownCore

extension Simulator {
    /// The API host and the cluster host: `/incontactapi/services/vN.0/…`, in any case (`cxone.md` section 3).
    func cxoneAPI(_ call: Call) -> Answer {
        let verdict = world.withLock { $0.judge(call.authorization("bearer"), on: .cxone, now: call.now) }
        if let reason = verdict.refusal {
            // Section 4: the message is in a header field and the body is empty. The wording is not documented.
            return Answer(status: 401, reason: reason).of(verdict)
                .with("icStatusDescription", "Token is invalid or has expired")
        }
        return routed(call).of(verdict)
    }

    /// The list of users that tutorials describe at `/api/v2/users`.
    func lenientUsers(_ call: Call) -> Answer {
        var answer = cxoneAPI(call.at("/incontactapi/services/v34.0/server-time", accept: "application/json"))
        guard answer.response.isSuccess else { return answer }
        let users = (0..<data.userCount).map { index -> JSON in
            let person = data.person(index)
            return ["id": .int(firstAgentID + index), "name": "\(person.firstName) \(person.lastName)"]
        }
        answer.response.body = (["users": .array(users)] as JSON).bytes()
        return answer
    }

    private func routed(_ call: Call) -> Answer {
        let parts = call.segments.map { $0.lowercased() }
        if parts.starts(with: ["data-extraction", "v1"]) {
            return Self.match(call, parts).flatMap { $0.route.handle(self, call, $0.values) }
                ?? Answer(status: 404, reason: Self.noSuchResource)
        }
        guard parts.count >= 4, parts[0] == "incontactapi", parts[1] == "services", isVersion(parts[2]) else {
            return failure(404, "Resource not found", Self.noSuchResource)
        }
        // `*/*` is the default of many programs. The API requires application/json by name.
        guard call.header("Accept")?.contains("application/json") == true else {
            var answer = Answer(
                status: assumptions.number(.cxoneMissingAcceptStatus), reason: "no Accept: application/json")
            answer.response.body = Array("No known way to render data".utf8)
            return answer.with("Content-Type", "text/plain")
        }
        return Self.match(call, parts).flatMap { $0.route.handle(self, call, $0.values) }
            ?? failure(404, "Resource not found", Self.noSuchResource)
    }

    /// Paths are matched in lower case: the platform's own links spell them in several ways. Values keep their case.
    private static func match(_ call: Call, _ parts: [String]) -> (route: Route, values: [String])? {
        guard let (route, _) = cxoneRouter.match(call.request.method, parts) else { return nil }
        let names = Router.segments(of: route.path)
        return (route, zip(names, call.segments).filter { $0.0.hasPrefix("{") }.map(\.1))
    }

    /// The path of an operation of a version of the API.
    static func cxoneService(_ path: String) -> String { "/incontactapi/services/{version}" + path }

    static let cxoneListRoutes: [Route] = [
        Route("cxone", "GET", cxoneService("/agents")) { simulator, call, _ in simulator.agents(call) },
        Route("cxone", "GET", cxoneService("/agents/{id}")) { $0.agent($1, id: $2[1]) },
        Route("cxone", "GET", cxoneService("/teams")) { simulator, call, _ in simulator.cxoneTeams(call) },
        Route("cxone", "GET", cxoneService("/skills")) { simulator, call, _ in simulator.cxoneSkills(call) },
        Route("cxone", "GET", cxoneService("/business-unit")) { simulator, _, _ in
            Answer(json: ["businessUnits": [simulator.businessUnit]], reason: "valid token")
        },
        Route("cxone", "GET", cxoneService("/server-time")) { simulator, call, _ in
            Answer(json: ["ServerTime": .string(simulator.sevenDigits(call.now))], reason: "valid token")
        },
        Route("cxone", "GET", cxoneService("/contacts/completed")) { simulator, call, _ in
            simulator.completedContacts(call)
        },
    ]

    private func agent(_ call: Call, id: String) -> Answer? {
        guard let id = Int(id) else { return nil }
        guard (firstAgentID..<firstAgentID + data.userCount).contains(id) else {
            return failure(404, "Agent not found", "no such agent")
        }
        return Answer(json: ["agents": [agent(id - firstAgentID)]], reason: "valid token")
    }

    private func isVersion(_ text: String) -> Bool {
        text.hasPrefix("v") && text.hasSuffix(".0") && Int(text.dropFirst().dropLast(2)) != nil
    }

    private func failure(_ status: Int, _ description: String, _ reason: String) -> Answer {
        Answer(status: status, reason: reason).with("icStatusDescription", description)
    }

    // MARK: Resources

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

    private func cxoneTeams(_ call: Call) -> Answer {
        listing(call, "teams", count: 7) { index in
            ["teamId": .int(1 + index), "teamName": "Team \(1 + index)", "isActive": true, "description": ""]
        }
    }

    private func cxoneSkills(_ call: Call) -> Answer {
        listing(call, "skills", count: 12) { index in
            [
                "skillId": .int(4001 + index), "skillName": .string(index == 0 ? "Support" : "Skill \(1 + index)"),
                "mediaTypeId": 4, "mediaTypeName": "Call", "isActive": true, "isOutbound": false, "campaignId": 1,
            ]
        }
    }

    /// Paging with `skip` and `top`: an absolute link to the next page on the cluster host, and 204 past the end (section 3.2).
    func listing(
        _ call: Call, _ name: String, path: String? = nil, count: Int, more: [JSON.Member] = [], _ item: (Int) -> JSON
    ) -> Answer {
        guard let skip = Int(call.queryValue("skip") ?? "0"), skip >= 0,
            let top = Int(call.queryValue("top") ?? "50"), top > 0
        else { return failure(400, "skip and top must be numbers", "malformed paging") }
        guard skip < count else { return Answer(status: 204, reason: "past the end") }
        let rest = call.query(without: "skip", "top")
        let range = skip..<min(skip + min(top, assumptions.number(.cxonePageSize)), count)
        let path = call.addresses.cxoneCluster + "/inContactAPI/services/\(call.segments[2])/\(path ?? name)"
        func link(_ skip: Int) -> JSON { "\(path)?skip=\(skip)&top=\(top)\(rest)" }
        var links: [JSON.Member] = [.init("self", link(skip))]
        if range.upperBound < count { links.append(.init("next", link(range.upperBound))) }
        if skip > 0 { links.append(.init("previous", link(max(0, skip - top)))) }
        let members: [JSON.Member] = [
            .init("businessUnitId", .int(data.cxoneBusinessUnitID)),
            .init("lastPollTime", .string(sevenDigits(call.now))),
            .init("totalRecords", .int(count)), .init("_links", .object(links)), .init(name, .array(range.map(item))),
        ]
        return Answer(json: .object(members + more), reason: "valid token")
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

    /// A time with seven fractional digits, as in API responses (section 3.2).
    private func sevenDigits(_ time: Timestamp) -> String {
        String(time.rfc3339.dropLast()) + "0000Z"
    }
}
