internal import RingdownCore

extension APIClient {
    /// Returns the conversations with *activity* in an interval, using the asynchronous job of Genesys Cloud.
    ///
    /// A job supports long intervals and returns the attributes of participants (`genesys-cloud.md` section 6). Its data may be up
    /// to a day old. The method returns when the job is complete, which may take minutes. If the task is cancelled, the job is
    /// cancelled too.
    ///
    /// - Throws: ``APIError`` if the job fails or a call fails, `TokenError` if no token is available, `CancellationError` if the
    ///   task is cancelled.
    public func conversationJob(in interval: Interval) async throws -> Items<Conversation> {
        guard profile.platform.capabilities.jobs.contains(.conversations) else {
            throw APIError(
                .configuration, "\(profile.platform.title) does not support conversation jobs",
                hint: "request the conversations without a job, or as a data extraction")
        }
        let jobs = "/api/v2/analytics/conversations/details/jobs"
        let answer = try await post(jobs, ["interval": .string(interval.description)])
        guard let id = answer["jobId"]?.string else {
            throw APIError(
                .malformedResponse, "POST \(jobs) returned no jobId", hint: "report it to the platform")
        }
        let path = "\(jobs)/\(percentEncoded(id))"
        do { try await finish(Polling.Job(title: "the job", id: id, path: path)) } catch is CancellationError {
            // In a separate task, because this task is cancelled.
            await lifetime.tasks.start { try? await self.delete(path) }.value
            throw CancellationError()
        }
        return conversationResults(at: [APICall("\(path)/results?pageSize=1000")])
    }

    /// Returns the results of a completed job.
    ///
    /// - Parameter remaining: The calls for the pages that are not read yet.
    public func conversationResults(at remaining: [APICall]) -> Items<Conversation> {
        let pages = Pages(client: self, calls: remaining, itemsMember: "conversations", identity: "conversationId")
        return Items(pages: pages) { Conversation($0) }
    }

    /// Waits until a job is complete.
    private func finish(_ job: Polling.Job) async throws {
        try await polling(job, first: .seconds(1)).wait(time) { () -> JobState<Void> in
            let status = try await jobStatus(job)
            let state = status["state"]?.string ?? ""
            switch state {
            case "FULFILLED": return .complete(())
            case "QUEUED", "PENDING": return .pending(state)
            case "FAILED":
                let reason = status["errorMessage"]?.string.map { ": \(sanitized($0))" } ?? ""
                throw APIError(
                    .serverFailed, "the job failed\(reason)", hint: "retry, or use a shorter interval")
            case "CANCELLED":
                throw APIError(.refused, "the job was cancelled on the platform", hint: "run the job again")
            case "EXPIRED":
                throw APIError(
                    .refused, "the results of the job have expired",
                    hint: "run the job again, and read the results sooner")
            default: return .unknown(state)
            }
        }
    }
}

extension APIClient {
    /// The polling of a job with the time limit of this client.
    func polling(_ job: Polling.Job, first: Duration) -> Polling {
        let limit = scheduler.settings.jobLimit
        return Polling(
            job: job, first: first, last: .seconds(15), limit: limit,
            observe: { [scheduler] wait, reason in scheduler.tell(.waiting(wait, reason: reason)) },
            secrets: { [self] in secretsInUse })
    }

    /// Returns the response to a poll; `null` if the body is not JSON, as gateways return it once in a while.
    func jobStatus(_ job: Polling.Job) async throws -> JSON {
        do { return try await get(job.path) } catch let error as APIError where error.code == .malformedResponse {
            return .null
        }
    }
}
