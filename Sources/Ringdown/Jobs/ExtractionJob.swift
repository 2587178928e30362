internal import RingdownCore

extension APIClient {
    /// The CSV file of a data extraction of CXone's, such as `recording-interaction-metadata` of version 7, for whole days
    /// (`cxone.md` section 5.1). Returns once it is there; the platform lets a client begin one in 30 seconds.
    ///
    /// Throws ``APIError``, `TokenError` and `CancellationError`.
    public func dataExtraction(entity: String, version: String, in interval: Interval) async throws -> [UInt8] {
        let jobs = "/data-extraction/v1/jobs"
        let order: JSON = [
            "entityName": .string(entity), "version": .string(version),
            "startDate": .string(String(interval.start.rfc3339.prefix(10))),
            "endDate": .string(String(interval.end.rfc3339.prefix(10))),
        ]
        // The identifier is a bare JSON string.
        guard let id = try await post(jobs, order).string, !id.isEmpty else {
            throw APIError(
                .malformedResponse, "POST \(jobs) answered without a job's id", hint: "report it to the platform")
        }
        let polling = Polling(first: .seconds(2), last: .seconds(15), limit: .seconds(3600))
        let link = try await polling.wait(for: "the extraction", time) { () -> String? in
            let job = try await get("\(jobs)/\(percentEncoded(id))")["jobStatus"]
            let (state, result) = (job?["status"]?.string ?? "", job?["result"])
            Logger.current.debug("job.state", "the extraction is \(state)")
            if state == "RUNNING" || state == "QUEUED" { return nil }
            // The description says errorMessage, the server messageError.
            let reason = (result?["errorMessage"] ?? result?["messageError"])?.string.map { ": \(sanitized($0))" } ?? ""
            guard state == "SUCCEEDED" else {
                throw APIError(
                    .serverFailed, "the extraction ended as \(sanitized(state, limit: 40))\(reason)",
                    hint: "check the entity, its version and the role's permission for it")
            }
            guard let url = result?["url"]?.string else {
                throw APIError(
                    .malformedResponse, "the extraction succeeded without a file\(reason)", hint: "run it again")
            }
            return url
        }
        return try await download(link)
    }

    /// Fetches what a signed link leads to. The token stays here: such links lead to other people's hosts.
    private func download(_ link: String) async throws -> [UInt8] {
        let url: HTTPURL
        do { url = try HTTPURL(link) } catch {
            throw APIError(.malformedResponse, "the link to the file is none", hint: "run it again")
        }
        guard url.origin.scheme == "https" || url.origin.isLoopback else {
            throw APIError(
                .untrustedHost, "the link to the file is plain HTTP: anyone on the way could read it",
                hint: "report it to the platform")
        }
        let limits = Request.Limits(total: .seconds(600), responseInBytes: 1 << 30)
        let response: Response
        do { response = try await transport.send(Request("GET", url, limits: limits)) } catch {
            throw APIError.unreachable(error)
        }
        guard response.isSuccess else {
            throw APIError(
                .refused, "\(url.origin) answered \(response.status) to the link to the file",
                hint: "such links end after a while: run it again", status: response.status)
        }
        return response.body
    }
}
