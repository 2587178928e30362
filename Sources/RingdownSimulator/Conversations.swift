internal import RingdownCore

/// Generated conversations: one every `spacing` seconds since 1970. Any interval has conversations, and none is stored.
struct Conversations: Sendable {
    let data: DataSet
    /// The time between the starts of two conversations, in seconds.
    static let spacing = 900

    /// The numbers of the conversations that started in an interval and not after `now`.
    static func numbers(from start: Timestamp, to end: Timestamp, now: Timestamp) -> Range<Int> {
        func number(_ time: Timestamp) -> Int { Int((time.secondsSince1970 / Double(spacing)).rounded(.up)) }
        let first = number(start)
        return first..<max(first, number(min(end, now)))
    }

    /// The whole days that contain an interval, which a query covers (`genesys-cloud.md` section 6).
    static func days(from start: Timestamp, to end: Timestamp) -> (from: Timestamp, to: Timestamp) {
        let day = 86400.0
        let first = (start.secondsSince1970 / day).rounded(.down) * day
        let last = (end.secondsSince1970 / day).rounded(.up) * day
        return (Timestamp(secondsSince1970: first), Timestamp(secondsSince1970: last))
    }

    private func random(_ number: Int) -> SeededRandom {
        SeededRandom(seed: data.seed &* 31 &+ UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15)
    }

    /// The times at which a conversation started, reached an agent and ended. It ends before the next one starts.
    private func times(_ number: Int, _ random: inout SeededRandom) -> (
        start: Timestamp, connected: Timestamp, end: Timestamp
    ) {
        let start = Timestamp(secondsSince1970: Double(number * Self.spacing))
        let connected = start + .seconds(5 + random.below(60))
        return (start, connected, connected + .seconds(30 + random.below(600)))
    }

    /// The numbers of the conversations that were active in an interval, including one that started before the interval.
    func numbers(activeFrom start: Timestamp, to end: Timestamp, now: Timestamp) -> Range<Int> {
        let started = Self.numbers(from: start, to: end, now: now)
        let former = started.lowerBound - 1
        var random = random(former)
        let times = times(former, &random)
        return times.end > start && times.start < now ? former..<started.upperBound : started
    }

    /// A conversation as of a point in time: a caller waits in a queue, then talks to an agent. Members without a value are
    /// omitted, so an active conversation does not have an end.
    func json(_ number: Int, at time: Timestamp, withAttributes: Bool) -> JSON {
        var random = random(number)
        let (start, connected, end) = times(number, &random)
        let isOver = end <= time
        let agent = data.person(random.below(max(1, data.userCount)))
        let (queueID, ani) = (data.queueID(random.below(data.queueCount)), "tel:+1317555\(1000 + random.below(9000))")
        let customer = participant(
            &random, purpose: "customer", name: "Caller", userID: nil, ani: ani, attributes: withAttributes,
            segments: [segment("interact", start, isOver ? end : nil, queueID: nil)]
        )
        let handler = participant(
            &random, purpose: "agent", name: "\(agent.firstName) \(agent.lastName)", userID: agent.id, ani: ani,
            attributes: withAttributes,
            segments: [segment("interact", connected, isOver ? end : nil, queueID: queueID)]
        )
        var members: [JSON.Member] = [
            .init("conversationId", .string(random.uuid())), .init("conversationStart", .string(start.rfc3339)),
        ]
        if isOver { members.append(.init("conversationEnd", .string(end.rfc3339))) }
        members += [
            .init("divisionIds", [.string(data.genesysDivisionID)]),
            .init("originatingDirection", random.below(4) == 0 ? "outbound" : "inbound"),
            .init("mediaStatsMinConversationMos", .number("4.\(10 + random.below(80))")),
            .init("participants", .array(connected <= time ? [customer, handler] : [customer])),
        ]
        return .object(members)
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

    private func segment(_ type: String, _ start: Timestamp, _ end: Timestamp?, queueID: String?) -> JSON {
        var members: [JSON.Member] = [
            .init("segmentStart", .string(start.rfc3339)), .init("segmentType", .string(type)),
            .init("conference", false),
        ]
        if let end { members += [.init("segmentEnd", .string(end.rfc3339)), .init("disconnectType", "peer")] }
        if let queueID { members.append(.init("queueId", .string(queueID))) }
        return .object(members)
    }
}
