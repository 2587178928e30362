internal import RingdownCore

/// A file that a report made.
public struct ReportFile: Sendable {
    public let name: String
    public let bytes: [UInt8]
}

extension APIClient {
    private var reportRoot: String { "/incontactapi/services/\(profile.apiVersion ?? CXone.standardVersion)" }

    /// Runs a report of CXone's as a job and returns its file (`cxone.md` section 5.2). Throws ``APIError``, `TokenError` and
    /// `CancellationError`.
    public func report(_ id: String, fileType: String = "CSV") async throws -> ReportFile {
        let started = try await post(
            "\(reportRoot)/report-jobs/\(percentEncoded(id))?fileType=\(percentEncoded(fileType))&includeHeaders=true",
            [:])
        guard let job = started["jobId"]?.text else {
            throw APIError(
                .malformedResponse, "the report started without a job's number", hint: "report it to the platform")
        }
        let polling = Polling(first: .seconds(2), last: .seconds(15), limit: .seconds(3600))
        let link = try await polling.wait(for: "the report", time) { () -> String? in
            let answer = try await get("\(reportRoot)/report-jobs/\(percentEncoded(job))")
            // The description shows the result without its wrapper.
            let result = answer["jobResult"] ?? answer
            let state = result["state"]?.string ?? ""
            Logger.current.debug("job.state", "the report is \(state)")
            // Finished is attested, the other words are UNVERIFIED.
            if state == "Finished" { return result["resultFileURL"]?.string ?? "" }
            guard !["fail", "error", "cancel", "abort"].contains(where: { state.lowercased().contains($0) }) else {
                throw APIError(
                    .serverFailed, "the report ended as \(sanitized(state, limit: 40))",
                    hint: "run it in CXone to see why")
            }
            return nil
        }
        return try await file(at: link)
    }

    /// The rows of a report of CXone's for an interval, at once; nil where there are none.
    public func reportDownload(_ id: String, in interval: Interval, fileName: String) async throws -> ReportFile? {
        let query =
            "fileName=\(percentEncoded(fileName))&startDate=\(percentEncoded(interval.start.rfc3339))"
            + "&endDate=\(percentEncoded(interval.end.rfc3339))&saveAsFile=true&includeHeaders=true"
        let answer = try await post("\(reportRoot)/report-jobs/datadownload/\(percentEncoded(id))?\(query)", [:])
        if answer == .null { return nil }
        // Mistakes arrive as 200 with a message.
        if let message = answer["errorMessage"]?.string, !message.isEmpty {
            throw APIError(
                .refused, "the report was refused: \(sanitized(message))", hint: "check its number and the interval",
                status: 200)
        }
        guard let link = answer["URI"]?.string, !link.isEmpty else {
            guard let file = answer["file"]?.string.flatMap({ Base64.decode($0) }), !file.isEmpty else { return nil }
            return ReportFile(name: answer["fileName"]?.string ?? fileName, bytes: file)
        }
        // The file may be missing for up to a minute.
        let polling = Polling(first: .seconds(5), last: .seconds(10), limit: .seconds(90))
        return try await polling.wait(for: "the file", time) {
            do { return try await file(at: link) } catch let error as APIError where error.code == .notFound {
                return nil
            }
        }
    }

    /// The link leads to another host of the platform's, which gets the token only if it is one.
    private func file(at link: String) async throws -> ReportFile {
        let answer = try await get(link)
        let files = answer["files"] ?? answer
        guard let text = files["file"]?.string, let bytes = Base64.decode(text) else {
            throw APIError(.malformedResponse, "the report's file cannot be read", hint: "run it again")
        }
        return ReportFile(name: files["fileName"]?.string ?? "report", bytes: bytes)
    }
}
