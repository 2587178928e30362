internal import RingdownCore

extension APIClient {
    /// Every conversation that had *activity* during an interval, by Genesys Cloud's asynchronous query: for long intervals, and
    /// with participants' attributes (`genesys-cloud.md` section 6). The data may be up to a day late.
    ///
    /// Returns once the job is done, which may take minutes; tokens that end meanwhile are replaced. When the calling task is
    /// cancelled so is the job. Throws ``APIError``, `TokenError` and `CancellationError`.
    public func conversationJob(in interval: Interval) async throws -> Items<Conversation> {
        guard profile.platform.name == "genesys" else {
            throw APIError(
                .configuration, "\(profile.platform.title) has no jobs on conversations",
                hint: "ask for them without a job, or with 'ringdown jobs'")
        }
        let jobs = "/api/v2/analytics/conversations/details/jobs"
        let answer = try await post(jobs, ["interval": .string(interval.description)])
        guard let id = answer["jobId"]?.string else {
            throw APIError(
                .malformedResponse, "POST \(jobs) answered without a jobId", hint: "report it to the platform")
        }
        let path = "\(jobs)/\(percentEncoded(id))"
        do { try await finish(path) } catch is CancellationError {
            // In a task of its own: this one may not wait any more.
            await Task { try? await self.delete(path) }.value
            throw CancellationError()
        }
        return conversationResults(at: [APICall("\(path)/results?pageSize=1000")])
    }

    /// The results of a job that is done: from where they were left, or from the beginning.
    public func conversationResults(at remaining: [APICall]) -> Items<Conversation> {
        let pages = Pages(client: self, calls: remaining, itemsMember: "conversations", identity: "conversationId")
        return Items(pages: pages) { Conversation($0) }
    }

    /// Waits until a job has results.
    private func finish(_ path: String) async throws {
        let polling = Polling(first: .seconds(1), last: .seconds(15), limit: .seconds(6 * 3600))
        try await polling.wait(for: "the job", time) { () -> Void? in
            let status = try await get(path)
            let state = status["state"]?.string ?? ""
            Logger.current.debug("job.state", "the job is \(state)")
            switch state {
            case "FULFILLED": return ()
            case "QUEUED", "PENDING": return nil
            case "FAILED":
                let reason = status["errorMessage"]?.string.map { ": \(sanitized($0))" } ?? ""
                throw APIError(
                    .serverFailed, "the job failed\(reason)", hint: "try again, or ask for a shorter interval")
            case "CANCELLED":
                throw APIError(.refused, "the job was cancelled by somebody", hint: "run it again")
            case "EXPIRED":
                throw APIError(
                    .refused, "the results of the job have expired", hint: "run it again, and fetch them sooner")
            default:
                throw APIError(
                    .malformedResponse, "the job has the unknown state '\(sanitized(state, limit: 40))'",
                    hint: "a newer version of this program may know it")
            }
        }
    }
}
