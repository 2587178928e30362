internal import RingdownCore

/// Conversation details, by query and by job.
struct GenesysAnalytics: GenesysFamily {
    let simulator: Simulator

    static let routes: [Route] = {
        let permissions = ["analytics:conversationDetail:view", "analytics:agentConversationDetail:view"]
        func details(
            _ method: String, _ path: String, handle: @escaping @Sendable (Self, Call, [String]) -> Answer?
        ) -> Route {
            route(
                method, "/api/v2/analytics/conversations/details" + path, permissions: permissions, handle: handle)
        }
        return [
            details("POST", "/query") { family, call, _ in family.query(call) },
            details("POST", "/jobs") { family, call, _ in family.submit(call) },
            details("GET", "/jobs/availability") { family, call, _ in
                family.valid(call, ["dataAvailabilityDate": .string(family.available(call.now).rfc3339)])
            },
            details("GET", "/jobs/{id}") { family, call, values in
                family.withJob(call, values[0]) { family.status(call, $0) }
            },
            details("GET", "/jobs/{id}/results") { family, call, values in
                family.withJob(call, values[0]) { family.results(call, $0) }
            },
            details("DELETE", "/jobs/{id}") { family, call, values in
                family.withJob(call, values[0]) { _ in
                    family.world.withLock { $0.analyticsJobs[values[0]]?.isCancelled = true }
                    return family.correlated(Answer(status: 204, reason: "job cancelled"), call)
                }
            },
        ]
    }()

    // MARK: The query

    /// The maximum number of results that pages can reach. The error message is documented.
    private static let windowLimit = 100_000

    private func query(_ call: Call) -> Answer {
        if let refusal = refusalOfContentType(call) { return refusal }
        guard let body = try? JSONReader.parse(call.bodyBytes), case .object = body else {
            return malformed(call, "body")
        }
        guard let interval = interval(body["interval"]?.string) else { return malformed(call, "interval") }
        let days = assumptions.number(.genesysQueryDays)
        guard interval.end - interval.start <= .seconds(days * 86400) else {
            return genesysError(
                call, 400, "bad.request", "The interval may not exceed \(days) days.", reason: "interval too long")
        }
        let daysBack = assumptions.number(.genesysQueryDaysBack)
        guard daysBack == 0 || call.now - interval.start <= .seconds(daysBack * 86400) else {
            return genesysError(
                call, 400, "bad.request", "The interval may not start more than \(daysBack) days ago.",
                reason: "interval starts too long ago")
        }
        // A page that is not a whole number must not be treated as the first page.
        func number(_ name: String, _ standard: Int) -> Int? {
            guard let paging = body["paging"], paging != .null else { return standard }
            guard paging.members != nil else { return nil }
            return paging[name].map { $0.int ?? 0 } ?? standard
        }
        guard let size = number("pageSize", 25), let page = number("pageNumber", 1),
            (1...assumptions.number(.genesysQueryPageSize)).contains(size), page >= 1
        else { return malformed(call, "paging") }
        guard ["asc", "desc"].contains(body["order"]?.text ?? "asc") else { return malformed(call, "order") }
        let (reached, isOverflown) = size.multipliedReportingOverflow(by: page)
        guard !isOverflown, reached <= Self.windowLimit else {
            return genesysError(
                call, 400, "bad.request",
                "Pagination may not exceed 100000 results. Tip: When extracting large chunks of data, use smaller intervals",
                reason: "beyond the paging window"
            )
        }
        let whole = Conversations.days(from: interval.start, to: interval.end)
        let numbers = Conversations.numbers(from: whole.from, to: whole.to, now: call.now)
        var order = Array(numbers.lowerBound..<numbers.upperBound)
        if body["order"]?.string == "desc" { order.reverse() }
        let items = order.dropFirst(reached - size).prefix(size)
        // For an interval that has not ended, the total is approximate and differs between pages.
        let drift = interval.end > call.now ? page % 3 - 1 : 0
        var members: [JSON.Member] = [.init("totalHits", .int(max(0, numbers.count + drift)))]
        // Past the end, the response does not contain the member.
        if !items.isEmpty {
            members.insert(.init("conversations", conversations(items, at: call.now, withAttributes: false)), at: 0)
        }
        var answer = valid(call, .object(members))
        answer.hint = notLookedAt(unknownMembers(body))
        return answer
    }

    /// The names of the members other than interval, order and paging, such as filters.
    private func unknownMembers(_ body: JSON) -> [String] {
        guard case .object(let members) = body else { return [] }
        return members.map(\.name).filter { !["interval", "order", "orderBy", "paging"].contains($0) }
    }

    private func conversations(_ numbers: some Sequence<Int>, at time: Timestamp, withAttributes: Bool) -> JSON {
        let source = Conversations(data: data)
        return .array(numbers.map { source.json($0, at: time, withAttributes: withAttributes) })
    }

    private func interval(_ text: String?) -> (start: Timestamp, end: Timestamp)? {
        let parts = (text ?? "").split(separator: "/").map(String.init)
        guard parts.count == 2, let start = Timestamp(rfc3339: parts[0]), let end = Timestamp(rfc3339: parts[1]),
            start < end
        else { return nil }
        return (start, end)
    }

    /// The refusal of a Content-Type other than JSON, or nil. A missing Content-Type is accepted.
    private func refusalOfContentType(_ call: Call) -> Answer? {
        guard call.header("Content-Type") != nil, !call.isJSON else { return nil }
        return genesysError(
            call, 415, "unsupported.media.type", "The Content-Type must be application/json.", reason: "not JSON")
    }

    private func malformed(_ call: Call, _ field: String) -> Answer {
        genesysError(
            call, 400, "invalid.value", "Value is not valid for field type [\(field)].", reason: "malformed \(field)"
        )
    }

    // MARK: Jobs

    /// The time up to which data is available to jobs. The data lake is delayed (section 6). The delay is an assumption.
    private func available(_ time: Timestamp) -> Timestamp { time + .seconds(-3600) }

    private func submit(_ call: Call) -> Answer {
        if let refusal = refusalOfContentType(call) { return refusal }
        guard let body = try? JSONReader.parse(call.bodyBytes), case .object = body else {
            return malformed(call, "body")
        }
        if body["paging"] != nil || body["aggregations"] != nil { return malformed(call, "paging") }
        guard let interval = interval(body["interval"]?.string) else { return malformed(call, "interval") }
        let numbers = Conversations(data: data).numbers(
            activeFrom: interval.start, to: interval.end, now: available(call.now))
        let id = simulator.correlationID()
        let done = call.now + .seconds(assumptions.number(.jobSeconds))
        let gone = call.now + .seconds(assumptions.number(.jobLifetime))
        let job = AnalyticsJob(submitted: call.now, done: done, gone: gone, numbers: numbers)
        world.withLock { $0.add(job, id) }
        var answer = correlated(Answer(status: 202, json: ["jobId": .string(id)], reason: "job submitted"), call)
        answer.hint = notLookedAt(unknownMembers(body))
        return answer
    }

    private func withJob(_ call: Call, _ id: String, _ answer: (AnalyticsJob) -> Answer) -> Answer {
        world.withLock { $0.analyticsJobs[id] }.map(answer) ?? genesysNotFound(call, reason: "no such job")
    }

    private func status(_ call: Call, _ job: AnalyticsJob) -> Answer {
        let state = job.state(at: call.now)
        var members: [JSON.Member] = [
            .init("state", .string(state.name)), .init("submissionDate", .string(job.submitted.rfc3339)),
            .init("expirationDate", .string(job.gone.rfc3339)),
        ]
        if state.hasCompletionDate {
            members.append(.init("completionDate", .string(job.done.rfc3339)))
        }
        if state == .outcome("FAILED") { members.append(.init("errorMessage", "Simulated failure")) }
        return valid(call, .object(members))
    }

    /// The results of a job, with a cursor for the next page.
    private func results(_ call: Call, _ job: AnalyticsJob) -> Answer {
        let state = job.state(at: call.now)
        guard state == .fulfilled else {
            let status = assumptions.number(.genesysUnfinishedResultsStatus)
            return genesysError(
                call, status, genesysCode(status), "The job is \(state.name).",
                reason: "job is \(state.name.lowercased())")
        }
        guard let size = Int(call.queryValue("pageSize") ?? "1000"),
            (1...assumptions.number(.genesysJobPageSize)).contains(size),
            let start = position(call.queryValue("cursor"))
        else { return malformed(call, "cursor or pageSize") }
        let items = job.numbers.dropFirst(start).prefix(size)
        var members: [JSON.Member] = [
            .init("conversations", conversations(items, at: available(job.submitted), withAttributes: true)),
            .init("dataAvailabilityDate", .string(available(job.submitted).rfc3339)),
        ]
        if start + items.count < job.numbers.count {
            members.append(.init("cursor", .string(Base64.encode(Array("at \(start + items.count)".utf8)))))
        }
        return valid(call, .object(members))
    }

    private func position(_ cursor: String?) -> Int? {
        guard let cursor else { return 0 }
        guard let bytes = Base64.decode(cursor),
            let position = Int(String(decoding: bytes.dropFirst(3), as: UTF8.self)),
            position >= 0
        else { return nil }
        return position
    }
}
