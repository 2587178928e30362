internal import RingdownCore

/// The file of a report.
public struct ReportFile: Sendable {
    /// The name of the file.
    public let name: String
    /// The content of the file.
    public let bytes: [UInt8]
}

extension APIClient {
    private var reportRoot: String { "/incontactapi/services/\(profile.apiVersion ?? CXone.standardVersion)" }

    /// Runs a report job of CXone and returns its file (`cxone.md` section 5.2).
    ///
    /// - Parameters:
    ///   - id: The report ID.
    ///   - fileType: The file type (default: CSV).
    /// - Throws: ``APIError`` if the report fails or a call fails, `TokenError` if no token is available, `CancellationError` if
    ///   the task is cancelled.
    public func report(_ id: String, fileType: String = "CSV") async throws -> ReportFile {
        let started = try await post(
            "\(reportRoot)/report-jobs/\(percentEncoded(id))?fileType=\(percentEncoded(fileType))&includeHeaders=true",
            [:])
        guard let job = started["jobId"]?.text else {
            throw APIError(
                .malformedResponse, "the report returned no job ID", hint: "report it to the platform")
        }
        let reference = Polling.Job(
            title: "the report", id: job, path: "\(reportRoot)/report-jobs/\(percentEncoded(job))")
        let link = try await polling(reference, first: .seconds(2)).wait(time) { () -> JobState<String> in
            let answer = try await jobStatus(reference)
            // The API description contains the result without its wrapper.
            let result = answer["jobResult"] ?? answer
            let state = result["state"]?.string ?? ""
            // The state Finished is documented, the other states are UNVERIFIED.
            if state == "Finished" { return .complete(result["resultFileURL"]?.string ?? "") }
            guard !["fail", "error", "cancel", "abort"].contains(where: { state.lowercased().contains($0) }) else {
                throw APIError(
                    .serverFailed, "the report failed with state \(sanitized(state, limit: 40))",
                    hint: "run the report in CXone to see the reason")
            }
            return state.isEmpty ? .unknown(state) : .pending(state)
        }
        return try await file(at: link)
    }

    /// Returns the rows of a CXone report for an interval without a job, or nil if the interval has no rows.
    ///
    /// - Parameters:
    ///   - id: The report ID.
    ///   - interval: The interval.
    ///   - fileName: The name of the file.
    /// - Throws: As ``report(_:fileType:)``.
    public func reportDownload(_ id: String, in interval: Interval, fileName: String) async throws -> ReportFile? {
        let query =
            "fileName=\(percentEncoded(fileName))&startDate=\(percentEncoded(interval.start.rfc3339))"
            + "&endDate=\(percentEncoded(interval.end.rfc3339))&saveAsFile=true&includeHeaders=true"
        let answer = try await post("\(reportRoot)/report-jobs/datadownload/\(percentEncoded(id))?\(query)", [:])
        if answer == .null { return nil }
        // Errors are returned as 200 with a message.
        if let message = answer["errorMessage"]?.string, !message.isEmpty {
            throw APIError(
                .refused, "the report was rejected: \(sanitized(message))",
                hint: "check the report ID and the interval",
                status: 200)
        }
        guard let link = answer["URI"]?.string, !link.isEmpty else {
            guard let file = answer["file"]?.string.flatMap({ Base64.decode($0) }), !file.isEmpty else { return nil }
            return ReportFile(name: answer["fileName"]?.string ?? fileName, bytes: file)
        }
        // The file may be missing for up to a minute.
        let reference = Polling.Job(title: "the file of the report", id: id, path: sanitized(link))
        let polling = Polling(
            job: reference, first: .seconds(5), last: .seconds(10), limit: .seconds(90),
            secrets: { [self] in secretsInUse })
        return try await polling.wait(time) { () -> JobState<ReportFile> in
            do { return .complete(try await file(at: link)) } catch let error as APIError where error.code == .notFound
            {
                return .pending("not available yet")
            }
        }
    }

    /// Downloads the file of a link. The token is sent only if the link is on a host of the platform.
    private func file(at link: String) async throws -> ReportFile {
        let answer = try await get(link)
        let files = answer["files"] ?? answer
        guard let text = files["file"]?.string, let bytes = Base64.decode(text) else {
            throw APIError(.malformedResponse, "cannot read the file of the report", hint: "run the report again")
        }
        return ReportFile(name: files["fileName"]?.string ?? "report", bytes: bytes)
    }
}
