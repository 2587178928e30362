internal import RingdownCore

/// Report jobs, data downloads and completed contacts (`cxone.md` sections 3.1 and 5.2).
extension Simulator {
    // MARK: Report jobs (section 5.2)
    /// Report jobs, downloads of report data, and files.
    static let cxoneReportRoutes: [Route] = [
        Route("cxone", "POST", cxoneService("/report-jobs/{report}")) { simulator, call, values in
            var job = simulator.newJob(call, from: call.now + .seconds(-86400), to: call.now, report: values[1])
            job.fileName = call.queryValue("fileName")
            let number = simulator.world.withLock { $0.addReport(job).number }
            return Answer(status: 202, json: ["jobId": .int(number)], reason: "job submitted")
        },
        Route("cxone", "GET", cxoneService("/report-jobs/{job}")) { simulator, call, values in
            guard let job = Int(values[1]).flatMap({ id in simulator.world.withLock { $0.reportJobs[id] } }) else {
                return nil
            }
            return Answer(json: ["jobResult": simulator.jobResult(job, call)], reason: "valid token")
        },
        Route("cxone", "POST", cxoneService("/report-jobs/datadownload/{report}")) { $0.dataDownload($1, $2[1]) },
        Route("cxone", "GET", cxoneService("/files")) { simulator, call, _ in simulator.reportFile(call) },
    ]

    private func reportFile(_ call: Call) -> Answer? {
        guard let name = call.queryValue("fileName"),
            let job = world.withLock({ $0.reportJobs.values.filter { fileName($0) == name } })
                .max(by: { $0.number < $1.number }),
            job.isDone(at: call.now), job.outcome == nil
        else { return nil }
        let file = Base64.encode(Array(contactsCSV(job, call).utf8))
        return Answer(json: ["files": ["file": .string(file), "fileName": .string(name)]], reason: "valid token")
    }

    /// The status of a report job. The states other than `Finished` are UNVERIFIED.
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

    /// A URL with another host and another version than the request, as the real server returns it.
    private func fileURL(_ job: CXoneJob, _ call: Call) -> String {
        call.addresses.cxoneCluster + "/inContactAPI/services/V35.0/files?fileName=" + percentEncoded(fileName(job))
    }

    /// A data download. Errors have status 200 and a message. An empty result has status 204.
    private func dataDownload(_ call: Call, _ report: String) -> Answer {
        guard let from = call.queryValue("startDate").flatMap({ Timestamp(rfc3339: $0) }),
            let to = call.queryValue("endDate").flatMap({ Timestamp(rfc3339: $0) })
        else { return downloadRefusal("startDate and endDate are required", "malformed download, with status 200") }
        let name = call.queryValue("fileName")
        if let name, world.withLock({ $0.reportJobs.values.contains { $0.fileName == name } }) {
            return downloadRefusal("fileName must be unique", "duplicate fileName, with status 200")
        }
        if Conversations.numbers(from: from, to: to, now: call.now).isEmpty {
            return Answer(status: 204, reason: "no data")
        }
        // The file is available immediately.
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

    /// The maximum number of rows in a file, which limits memory use: almost three years of contacts.
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
