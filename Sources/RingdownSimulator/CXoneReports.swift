internal import RingdownCore

/// Report jobs, data downloads and completed contacts (`cxone.md` sections 3.1 and 5.2).
extension Simulator {
    // MARK: Report jobs (section 5.2)

    /// `…/report-jobs/…`; nil where there is no such resource.
    func reportJobs(_ call: Call, _ parts: [String]) -> Answer? {
        switch (call.request.method, parts) {
        case ("POST", let parts) where parts.count == 2 && parts[0] == "report-jobs":
            var job = newJob(call, from: call.now + .seconds(-86400), to: call.now, report: parts[1])
            job.fileName = call.queryValue("fileName")
            let number = world.withLock { $0.addReport(job).number }
            return Answer(status: 202, json: ["jobId": .int(number)], reason: "job submitted")
        case ("GET", let parts) where parts.count == 2 && parts[0] == "report-jobs":
            guard let job = Int(parts[1]).flatMap({ id in world.withLock { $0.reportJobs[id] } }) else { return nil }
            return Answer(json: ["jobResult": jobResult(job, call)], reason: "valid token")
        case ("POST", let parts) where parts.count == 3 && parts.starts(with: ["report-jobs", "datadownload"]):
            return dataDownload(call, parts[2])
        case ("GET", ["files"]):
            guard let name = call.queryValue("fileName"),
                let job = world.withLock({ $0.reportJobs.values.filter { fileName($0) == name } })
                    .max(by: { $0.number < $1.number }),
                job.isDone(at: call.now), job.outcome == nil
            else { return nil }
            let file = Base64.encode(Array(contactsCSV(job, call).utf8))
            return Answer(json: ["files": ["file": .string(file), "fileName": .string(name)]], reason: "valid token")
        default: return nil
        }
    }

    /// The literals besides `Finished` are UNVERIFIED.
    private func jobResult(_ job: CXoneJob, _ call: Call) -> JSON {
        let isDone = job.isDone(at: call.now)
        let isThere = isDone && job.outcome == nil
        return [
            "jobId": .int(job.number), "reportId": .string(job.report), "reportName": "Simulated report",
            "jobStart": .string(job.submitted.rfc3339),
            "jobEnd": isDone ? .string(job.done.rfc3339) : .null,
            "fileName": isThere ? .string(fileName(job)) : .null,
            "resultFileURL": isThere ? .string(fileURL(job, call)) : .null,
            "state": .string(isDone ? job.outcome ?? "Finished" : assumptions.text(.cxoneReportState)),
            "deleteTime": .null,
        ]
    }

    private func fileName(_ job: CXoneJob) -> String { "Reports\\" + (job.fileName ?? "report_\(job.number).csv") }

    /// On another host and in another version than what was asked: the real server does so.
    private func fileURL(_ job: CXoneJob, _ call: Call) -> String {
        call.addresses.cxoneCluster + "/inContactAPI/services/V35.0/files?fileName=" + percentEncoded(fileName(job))
    }

    /// Mistakes arrive as 200 with a message, and nothing as 204.
    private func dataDownload(_ call: Call, _ report: String) -> Answer {
        guard let from = call.queryValue("startDate").flatMap({ Timestamp(rfc3339: $0) }),
            let to = call.queryValue("endDate").flatMap({ Timestamp(rfc3339: $0) })
        else { return downloadRefusal("startDate and endDate are required", "malformed download, as 200") }
        let name = call.queryValue("fileName")
        if let name, world.withLock({ $0.reportJobs.values.contains { $0.fileName == name } }) {
            return downloadRefusal("fileName must be unique", "a file of this name is there, as 200")
        }
        if Conversations.numbers(from: from, to: to, now: call.now).isEmpty {
            return Answer(status: 204, reason: "no data")
        }
        // Its file is there at once.
        var draft = newJob(call, from: from, to: to, report: report)
        (draft.done, draft.fileName) = (call.now, name)
        draft.hasHeader = call.queryValue("includeHeaders")?.lowercased() != "false"
        let job = world.withLock { $0.addReport(draft) }
        let json: JSON = [
            "errorMessage": "", "fileName": .string(fileName(job)), "file": "", "fileType": "CSV",
            "URI": .string(fileURL(job, call)),
        ]
        return Answer(json: json, reason: "valid token")
    }

    private func downloadRefusal(_ message: String, _ reason: String) -> Answer {
        let json: JSON = [
            "errorMessage": .string(message), "fileName": "", "file": "", "fileType": "CSV", "URI": "",
        ]
        return Answer(json: json, reason: reason)
    }

    /// Files end here, so that no interval can fill the memory: almost three years of contacts.
    private static let rowLimit = 100_000

    func contactsCSV(_ job: CXoneJob, _ call: Call) -> String {
        let numbers = Conversations.numbers(from: job.from, to: job.to, now: call.now).prefix(Self.rowLimit)
        let rows = numbers.map { number in
            let contact = completedContact(number)
            return
                "\(contact["contactId"]?.text ?? ""),\(contact["contactStartDate"]?.string ?? ""),\(contact["agentId"]?.text ?? "")"
        }
        return ((job.hasHeader ? ["contactId,contactStartDate,agentId"] : []) + rows).joined(separator: "\r\n") + "\r\n"
    }

    // MARK: Completed contacts (section 3.1)

    func completedContacts(_ call: Call) -> Answer {
        func time(_ name: String) -> Timestamp? { call.queryValue(name).flatMap { Timestamp(rfc3339: $0) } }
        guard let from = time("startDate") ?? time("updatedSince") else {
            return Answer(status: 400, reason: "malformed query").with(
                "icStatusDescription", "startDate and endDate are required")
        }
        let numbers = Conversations.numbers(from: from, to: time("endDate") ?? call.now, now: call.now)
        return listing(call, "completedContacts", path: "contacts/completed", count: numbers.count) {
            completedContact(numbers.lowerBound + $0)
        }
    }

    private func completedContact(_ number: Int) -> JSON {
        var random = SeededRandom(seed: data.seed &* 37 &+ UInt64(truncatingIfNeeded: number))
        let start = Timestamp(secondsSince1970: Double(number * Conversations.spacing))
        let person = data.person(random.below(max(1, data.userCount)))
        let (queue, talk) = (random.below(60), 30 + random.below(600))
        return [
            "contactId": .int(number), "masterContactId": .int(number), "contactStartDate": .string(start.rfc3339),
            "lastUpdateTime": .string((start + .seconds(queue + talk)).rfc3339), "agentId": .int(1001 + person.index),
            "firstName": .string(person.firstName), "lastName": .string(person.lastName), "skillId": 4001,
            "skillName": "Support",
            "mediaTypeId": 4, "mediaTypeName": "Call", "fromAddress": "+1317555\(1000 + random.below(9000))",
            "toAddress": "+13175550000", "isOutbound": false, "abandoned": false, "agentSeconds": .int(talk),
            "inQueueSeconds": .int(queue), "totalDurationSeconds": .int(queue + talk), "tags": [],
        ]
    }
}
