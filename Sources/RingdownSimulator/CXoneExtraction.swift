internal import RingdownCore

/// Data extraction (section 5.1): the job ID is a bare string, and the result is on another host.
struct CXoneExtraction: CXoneFamily {
    let simulator: Simulator

    static let routes: [Route] = [
        route("POST", "/data-extraction/v1/jobs") { family, call, _ in family.submit(call) },
        route("GET", "/data-extraction/v1/jobs") { family, call, _ in
            let jobs = family.world.withLock { $0.extractionJobs }
            let rows = jobs.map { id, job -> JSON in ["id": .string(id), "status": .string(job.status(at: call.now))] }
            return Answer(json: ["jobs": .array(rows)], reason: "valid token")
        },
        route("GET", "/data-extraction/v1/jobs/{id}") { $0.status($1, id: $2[0]) },
    ]

    private func status(_ call: Call, id: String) -> Answer {
        guard let job = world.withLock({ $0.extractionJobs[id] }) else {
            return Answer(status: 404, reason: "no such job")
        }
        let status = job.status(at: call.now)
        let result: JSON =
            switch status {
            case "SUCCEEDED": ["url": .string(signedLink(id, call))]
            case "FAILED": ["errorMessage": "Simulated failure"]
            default: [:]
            }
        return Answer(
            json: ["jobStatus": ["id": .string(id), "status": .string(status), "result": result]], reason: "valid token"
        )
    }

    private func submit(_ call: Call) -> Answer {
        let body = try? JSONReader.parse(call.bodyBytes)
        guard let from = body?["startDate"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let to = body?["endDate"]?.string.flatMap({ Timestamp(rfc3339: $0) }), from <= to,
            let entity = body?["entityName"]?.string, body?["version"]?.text != nil
        else {
            let json: JSON = [
                "code": "BAD_REQUEST", "details": "entityName, version, startDate and endDate are required",
                "errors": [],
            ]
            return Answer(status: 400, json: json, reason: "malformed job")
        }
        // The limit is one job in 30 seconds. The platform does not send a reliable Retry-After.
        let isTooSoon = world.withLock { world in
            let isTooSoon = world.lastExtraction.map { (.zero ..< .seconds(30)).contains(call.now - $0) } ?? false
            if !isTooSoon { world.lastExtraction = call.now }
            return isTooSoon
        }
        if isTooSoon {
            return Answer(status: 429, json: ["message": "Too Many Requests"], reason: "job limit: one in 30 seconds")
        }
        let id = simulator.correlationID()
        let job = CXoneJob(call, from: from, to: to + .seconds(86400), report: entity, assumptions)
        world.withLock { $0.addExtraction(job, id) }
        var answer = Answer(status: 202, reason: "job submitted")
        answer.response.body = JSON.string(id).bytes()
        return answer.with("Content-Type", "application/json")
    }

    /// The storage host of signed links. It requires the signature and refuses tokens, as such hosts do.
    func storage(_ call: Call) -> Answer {
        call.lookAtAll()
        let id = String((call.segments.last ?? "").prefix(36))
        guard call.request.method == "GET", let made = call.queryValue("X-Amz-Date"),
            call.queryValue("X-Amz-Signature") == signature(id, made),
            let job = world.withLock({ $0.extractionJobs[id] })
        else { return Answer(status: 403, reason: "no valid signature") }
        // The link states its lifetime.
        guard let start = time(basic: made), call.now < start + Self.linkLifetime, call.now < job.gone else {
            return Answer(status: 403, reason: "the link has expired")
        }
        if call.header("Authorization") != nil {
            return Answer(status: 400, reason: "a token was sent to a third-party host")
        }
        var answer = Answer(reason: "signed link")
        let file = Array(CXoneContacts(simulator: simulator).csv(job, call).utf8)
        answer.response.body = file
        let tag = hexadecimal(Sodium.sha256(file)).prefix(32)
        answer = answer.with("Content-Type", "text/csv").with("ETag", "\"\(tag)\"")
        return part(of: answer, call.header("Range"))
    }

    /// The bytes from the start of a range to the end, as storage services return them (RFC 9110 section 14).
    private func part(of answer: Answer, _ range: String?) -> Answer {
        let file = answer.response.body
        guard let range, range.hasPrefix("bytes="), range.hasSuffix("-"), let start = Int(range.dropFirst(6).dropLast())
        else { return answer }
        guard start < file.count else {
            return Answer(status: 416, reason: "no such range").with("Content-Range", "bytes */\(file.count)")
        }
        var part = answer
        part.response.status = 206
        part.response.body = Array(file[start...])
        return part.with("Content-Range", "bytes \(start)-\(file.count - 1)/\(file.count)")
    }

    private static let linkLifetime: Duration = .seconds(3600)

    /// A new signed link to the result of a job. Each status request returns a new one.
    private func signedLink(_ id: String, _ call: Call) -> String {
        let now = call.now.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
        return call.addresses.storage + "/extraction/\(id).csv?X-Amz-Date=\(now)"
            + "&X-Amz-Expires=\(Int(Self.linkLifetime.inSeconds))&X-Amz-Signature=\(signature(id, now))"
    }

    /// Parses a time in the format of signed links: `20261125T101500Z`.
    private func time(basic text: String) -> Timestamp? {
        let digits = text.filter(\.isNumber).map(String.init)
        guard digits.count == 14 else { return nil }
        func part(_ range: Range<Int>) -> String { digits[range].joined() }
        return Timestamp(
            rfc3339: "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z")
    }

    private func signature(_ id: String, _ made: String) -> String {
        hexadecimal(Sodium.sha256(Array("\(data.seed) \(id) \(made)".utf8)))
    }
}
