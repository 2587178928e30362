internal import RingdownCore

/// Report jobs, downloads of report data, and files (`cxone.md` section 5.2).
struct CXoneReports: CXoneFamily {
    let simulator: Simulator

    static let routes: [Route] = [
        route("POST", service("/report-jobs/{report}")) { family, call, values in
            var job = CXoneJob(
                call, from: call.now + .seconds(-86400), to: call.now, report: values[1], family.assumptions)
            job.fileName = call.queryValue("fileName")
            let number = family.world.withLock { $0.addReport(job).number }
            return Answer(status: 202, json: ["jobId": .int(number)], reason: "job submitted")
        },
        route("GET", service("/report-jobs/{job}")) { family, call, values in
            guard let job = Int(values[1]).flatMap({ id in family.world.withLock { $0.reportJobs[id] } }) else {
                return nil
            }
            return Answer(json: ["jobResult": family.jobResult(job, call)], reason: "valid token")
        },
        route("POST", service("/report-jobs/datadownload/{report}")) { $0.dataDownload($1, $2[1]) },
        route("GET", service("/files")) { family, call, _ in family.reportFile(call) },
    ]

    private func reportFile(_ call: Call) -> Answer? {
        guard let name = call.queryValue("fileName"),
            let job = world.withLock({ $0.reportJobs.values.filter { fileName($0) == name } })
                .max(by: { $0.number < $1.number }),
            job.isDone(at: call.now), job.outcome == nil
        else { return nil }
        let file = Base64.encode(Array(CXoneContacts(simulator: simulator).csv(job, call).utf8))
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
        var draft = CXoneJob(call, from: from, to: to, report: report, assumptions)
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

}
