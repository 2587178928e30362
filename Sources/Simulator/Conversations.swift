internal import Foundations

/// Made-up conversations: one every `spacing` since 1970, so that any interval has its own and none is stored.
struct Conversations: Sendable {
    let data: DataSet
    static let spacing = 900

    /// The numbers of the conversations that started in an interval, none in the future.
    static func numbers(from start: Timestamp, to end: Timestamp, now: Timestamp) -> Range<Int> {
        func number(_ time: Timestamp) -> Int { Int((time.secondsSince1970 / Double(spacing)).rounded(.up)) }
        let first = number(start)
        return first..<max(first, number(min(end, now)))
    }

    /// The days that an interval touches: what a query of started conversations covers (`genesys-cloud.md` section 6).
    static func days(from start: Timestamp, to end: Timestamp) -> (from: Timestamp, to: Timestamp) {
        let day = 86400.0
        let first = (start.secondsSince1970 / day).rounded(.down) * day
        let last = (end.secondsSince1970 / day).rounded(.up) * day
        return (Timestamp(secondsSince1970: first), Timestamp(secondsSince1970: last))
    }

    /// One conversation: a caller who waited in a queue and talked to an agent. Members without a value are left out.
    func json(_ number: Int, withAttributes: Bool) -> JSON {
        var random = SeededRandom(seed: data.seed &* 31 &+ UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15)
        let start = Timestamp(secondsSince1970: Double(number * Self.spacing))
        let connected = start + .seconds(5 + random.below(60))
        let end = connected + .seconds(30 + random.below(600))
        let agent = data.person(random.below(max(1, data.userCount)))
        let (queueID, ani) = (data.queueID(random.below(data.queueCount)), "tel:+1317555\(1000 + random.below(9000))")
        let customer = participant(
            &random, purpose: "customer", name: "Caller", userID: nil, ani: ani, attributes: withAttributes,
            segments: [segment("interact", start, end, queueID: nil)]
        )
        let handler = participant(
            &random, purpose: "agent", name: "\(agent.firstName) \(agent.lastName)", userID: agent.id, ani: ani,
            attributes: withAttributes, segments: [segment("interact", connected, end, queueID: queueID)]
        )
        return [
            "conversationId": .string(random.uuid()), "conversationStart": .string(start.rfc3339),
            "conversationEnd": .string(end.rfc3339), "divisionIds": [.string(data.genesysDivisionID)],
            "originatingDirection": random.below(4) == 0 ? "outbound" : "inbound",
            "mediaStatsMinConversationMos": .number("4.\(10 + random.below(80))"), "participants": [customer, handler],
        ]
    }

    private func participant(
        _ random: inout SeededRandom, purpose: String, name: String, userID: String?, ani: String, attributes: Bool,
        segments: [JSON]
    ) -> JSON {
        var members: [JSON.Member] = [
            .init("participantId", .string(random.uuid())), .init("participantName", .string(name)),
            .init("purpose", .string(purpose)),
        ]
        if let userID { members.append(.init("userId", .string(userID))) }
        if attributes { members.append(.init("attributes", ["origin": "simulated"])) }
        let session: JSON = [
            "sessionId": .string(random.uuid()), "mediaType": "voice", "direction": "inbound", "ani": .string(ani),
            "dnis": "tel:+13175550000", "provider": "Edge", "edgeId": .string(random.uuid()),
            "segments": .array(segments),
        ]
        return .object(members + [.init("sessions", [session])])
    }

    private func segment(_ type: String, _ start: Timestamp, _ end: Timestamp, queueID: String?) -> JSON {
        var members: [JSON.Member] = [
            .init("segmentStart", .string(start.rfc3339)), .init("segmentEnd", .string(end.rfc3339)),
            .init("segmentType", .string(type)), .init("conference", false), .init("disconnectType", "peer"),
        ]
        if let queueID { members.append(.init("queueId", .string(queueID))) }
        return .object(members)
    }
}
