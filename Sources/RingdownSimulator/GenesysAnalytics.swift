internal import RingdownCore

/// A job on conversation details, as it was submitted; its state follows from the clock.
struct AnalyticsJob: Sendable {
    var submitted: Timestamp
    /// When it is done, and when its results are gone.
    var done: Timestamp
    var gone: Timestamp
    var numbers: Range<Int>
    var isCancelled = false
    /// How it ends, where a fault says so.
    var outcome: String?

    /// In the queue, at work, done, gone: the times are ours, the order and the names are the platform's (`genesys-cloud.md`
    /// section 6).
    func state(at now: Timestamp) -> String {
        if isCancelled { return "CANCELLED" }
        if now >= gone { return "EXPIRED" }
        if now >= done { return outcome ?? "FULFILLED" }
        return (now - submitted).inSeconds < (done - submitted).inSeconds * 0.4 ? "QUEUED" : "PENDING"
    }
}

extension Simulator {
    /// `/api/v2/analytics/conversations/details/…`; nil where there is no such resource.
    func analytics(_ call: Call, _ parts: [String]) -> Answer? {
        guard parts.starts(with: ["analytics", "conversations", "details"]) else { return nil }
        switch (call.request.method, Array(parts.dropFirst(3))) {
        case ("POST", ["query"]): return query(call)
        case ("POST", ["jobs"]): return submit(call)
        case ("GET", ["jobs", "availability"]):
            return valid(call, ["dataAvailabilityDate": .string(available(call.now).rfc3339)])
        case ("GET", let rest) where rest.count == 2: return withJob(call, rest[1]) { status(call, $0) }
        case ("GET", let rest) where rest.count == 3 && rest[2] == "results":
            return withJob(call, rest[1]) { results(call, $0) }
        case ("DELETE", let rest) where rest.count == 2:
            return withJob(call, rest[1]) { _ in
                world.withLock { $0.analyticsJobs[rest[1]]?.isCancelled = true }
                return correlated(Answer(status: 204, reason: "job cancelled"), call)
            }
        default: return nil
        }
    }

    // MARK: The query

    /// The largest window of pages, whose error is attested.
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
                reason: "interval too long ago")
        }
        // A page that is no whole number must not pass for the first one.
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
                reason: "beyond the window"
            )
        }
        let whole = Conversations.days(from: interval.start, to: interval.end)
        let numbers = Conversations.numbers(from: whole.from, to: whole.to, now: call.now)
        var order = Array(numbers.lowerBound..<numbers.upperBound)
        if body["order"]?.string == "desc" { order.reverse() }
        let items = order.dropFirst(reached - size).prefix(size)
        // Of an interval that is still going on the total is only nearly right, and differs from page to page.
        let drift = interval.end > call.now ? page % 3 - 1 : 0
        var members: [JSON.Member] = [.init("totalHits", .int(max(0, numbers.count + drift)))]
        // Past the end the member is not there at all.
        if !items.isEmpty {
            members.insert(.init("conversations", conversations(items, at: call.now, withAttributes: false)), at: 0)
        }
        var answer = valid(call, .object(members))
        answer.hint = notLookedAt(unknownMembers(body))
        return answer
    }

    /// What a query says beyond the interval, the order and the page: filters above all.
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

    /// A body that says it is something else than JSON; one that says nothing is read.
    private func refusalOfContentType(_ call: Call) -> Answer? {
        guard call.header("Content-Type") != nil, !call.isJSON else { return nil }
        return genesysError(
            call, 415, "unsupported.media.type", "The Content-Type must be application/json.", reason: "no JSON")
    }

    private func malformed(_ call: Call, _ field: String) -> Answer {
        genesysError(
            call, 400, "invalid.value", "Value is not valid for field type [\(field)].", reason: "malformed \(field)"
        )
    }

    // MARK: Jobs

    /// What is there for jobs is older than this: the data lake is behind (section 6; by how much is ours).
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
        let id = correlationID()
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
            .init("state", .string(state)), .init("submissionDate", .string(job.submitted.rfc3339)),
            .init("expirationDate", .string(job.gone.rfc3339)),
        ]
        if !["QUEUED", "PENDING", "CANCELLED"].contains(state) {
            members.append(.init("completionDate", .string(job.done.rfc3339)))
        }
        if state == "FAILED" { members.append(.init("errorMessage", "Simulated failure")) }
        return valid(call, .object(members))
    }

    /// Results by cursor.
    private func results(_ call: Call, _ job: AnalyticsJob) -> Answer {
        let state = job.state(at: call.now)
        guard state == "FULFILLED" else {
            let status = assumptions.number(.genesysUnfinishedResultsStatus)
            return genesysError(
                call, status, genesysCode(status), "The job is \(state).", reason: "job is \(state.lowercased())")
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
