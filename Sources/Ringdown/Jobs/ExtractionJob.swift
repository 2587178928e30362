internal import RingdownCore

extension APIClient {
    /// Runs a data extraction of CXone and returns its CSV file (`cxone.md` section 5.1).
    ///
    /// The platform allows a client to start one extraction every 30 seconds.
    ///
    /// - Parameters:
    ///   - entity: The entity, such as `recording-interaction-metadata`.
    ///   - version: The version of the entity, such as `7`.
    ///   - interval: The interval, in whole days.
    /// - Throws: ``APIError`` if the extraction fails or a call fails, `TokenError` if no token is available, `CancellationError`
    ///   if the task is cancelled.
    public func dataExtraction(entity: String, version: String, in interval: Interval) async throws -> [UInt8] {
        let file = Locked<[UInt8]>([])
        try await dataExtraction(entity: entity, version: version, in: interval) { part in file.withLock { $0 += part }
        }
        return file.withLock { $0 }
    }

    /// Runs a data extraction of CXone and passes its CSV file on in parts, in constant memory.
    ///
    /// The download is retried after temporary failures. It continues where it ended, so each byte is passed on once.
    ///
    /// - Parameters:
    ///   - entity: The entity, such as `recording-interaction-metadata`.
    ///   - version: The version of the entity, such as `7`.
    ///   - interval: The interval, in whole days.
    ///   - receive: Receives the parts of the file in order, on a thread of the transport. An error ends the download.
    /// - Throws: As ``dataExtraction(entity:version:in:)``, and the errors of `receive`.
    public func dataExtraction(
        entity: String, version: String, in interval: Interval, receive: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        let jobs = "/data-extraction/v1/jobs"
        let order: JSON = [
            "entityName": .string(entity), "version": .string(version),
            "startDate": .string(String(interval.start.rfc3339.prefix(10))),
            "endDate": .string(String(interval.end.rfc3339.prefix(10))),
        ]
        // The response is the job ID as a JSON string.
        guard let id = try await post(jobs, order).string, !id.isEmpty else {
            throw APIError(
                .malformedResponse, "POST \(jobs) returned no job ID", hint: "report it to the platform")
        }
        let job = Polling.Job(title: "the extraction", id: id, path: "\(jobs)/\(percentEncoded(id))")
        try await download(job, receive) { try await extractionLink(job) }
    }

    /// Waits until an extraction is complete, and returns the link to its file. Each call returns a new link.
    private func extractionLink(_ job: Polling.Job) async throws -> String {
        try await polling(job, first: .seconds(2)).wait(time) { () -> JobState<String> in
            let status = try await jobStatus(job)["jobStatus"]
            let (state, result) = (status?["status"]?.string ?? "", status?["result"])
            // The API description contains errorMessage, but the server sends messageError.
            let reason = (result?["errorMessage"] ?? result?["messageError"])?.string.map { ": \(sanitized($0))" } ?? ""
            switch state {
            case "SUCCEEDED":
                guard let url = result?["url"]?.string else {
                    throw APIError(
                        .malformedResponse, "the extraction succeeded without a file\(reason)",
                        hint: "run the extraction again")
                }
                return .complete(url)
            case "FAILED", "CANCELLED", "CANCELED", "EXPIRED":
                throw APIError(
                    .serverFailed, "the extraction failed with state \(sanitized(state, limit: 40))\(reason)",
                    hint: "check the entity, its version and the permissions of the role")
            case "RUNNING", "QUEUED": return .pending(state)
            default: return .unknown(state)
            }
        }
    }
}
