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
        let polling = Polling(first: .seconds(2), last: .seconds(15), limit: .seconds(3600))
        let link = try await polling.wait(for: "the extraction", time) { () -> String? in
            let job = try await get("\(jobs)/\(percentEncoded(id))")["jobStatus"]
            let (state, result) = (job?["status"]?.string ?? "", job?["result"])
            Logger.current.debug("job.state", "the extraction is \(sanitized(state, limit: 40))")
            if state == "RUNNING" || state == "QUEUED" { return nil }
            // The API description contains errorMessage, but the server sends messageError.
            let reason = (result?["errorMessage"] ?? result?["messageError"])?.string.map { ": \(sanitized($0))" } ?? ""
            guard state == "SUCCEEDED" else {
                throw APIError(
                    .serverFailed, "the extraction failed with state \(sanitized(state, limit: 40))\(reason)",
                    hint: "check the entity, its version and the permissions of the role")
            }
            guard let url = result?["url"]?.string else {
                throw APIError(
                    .malformedResponse, "the extraction succeeded without a file\(reason)",
                    hint: "run the command again")
            }
            return url
        }
        return try await download(link)
    }

    /// Downloads the file of a signed link. The token is not sent, because signed links are on third-party hosts.
    private func download(_ link: String) async throws -> [UInt8] {
        let url: HTTPURL
        do { url = try HTTPURL(link) } catch {
            throw APIError(.malformedResponse, "the link to the file is not a URL", hint: "run the command again")
        }
        guard url.origin.scheme == "https" || url.origin.isLoopback else {
            throw APIError(
                .untrustedHost, "the link to the file uses plain HTTP: the file would be sent unencrypted",
                hint: "report it to the platform")
        }
        let limits = Request.Limits(total: .seconds(600), responseInBytes: 1 << 30)
        let response: Response
        do { response = try await transport.send(Request("GET", url, limits: limits)) } catch {
            throw APIError.unanswered(error)
        }
        guard response.isSuccess else {
            throw APIError(
                .refused, "cannot download the file: \(url.origin) returned \(response.status)",
                hint: "the link may have expired: run the command again", status: response.status)
        }
        return response.body
    }
}
