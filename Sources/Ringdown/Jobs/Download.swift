internal import RingdownCore

extension APIClient {
    /// Downloads the file of a signed link and passes it on in parts, in constant memory. The token is not sent, because signed
    /// links are on third-party hosts.
    ///
    /// Temporary failures are retried. The download continues with the missing bytes if the server supports ranges, and skips the
    /// bytes that were passed on otherwise. If the link has expired, `link` is called again.
    func download(
        _ job: Polling.Job, _ receive: @escaping @Sendable ([UInt8]) throws -> Void,
        link: () async throws -> String
    ) async throws {
        let (policy, sink) = (RetryPolicy(settings: scheduler.settings), DownloadSink(receive))
        var url = try self.url(of: try await link())
        var (attempt, links, written) = (1, 1, 0)
        var firstFailure: Duration?
        while true {
            let (failure, error) = try await attemptDownload(url, sink)
            guard let error else { return }
            let progress = sink.progress
            if progress.written > written { (attempt, links, firstFailure) = (1, 1, nil) }
            written = progress.written
            let first = firstFailure ?? time.now().uptime
            firstFailure = first
            let isExpired = error.status.map { [403, 404, 410].contains($0) } ?? false
            // A link that has expired is replaced, which also takes the time that a new file may need to appear.
            let kind: CallFailure? = isExpired && links < 3 ? .status(503, asked: nil, reset: nil) : failure
            guard let kind,
                case .retry(let wait) = policy.decide(
                    kind, attempt: attempt, elapsed: time.now().uptime - first, mayBeRetried: true,
                    draw: .random(in: 0..<1))
            else { throw unfinished(error, job) }
            let reason = error.status.map { "status \($0)" } ?? "connection lost after \(written) bytes"
            scheduler.tell(.retrying(method: "GET", path: url.path, after: wait, reason: reason))
            try await time.sleep(for: wait)
            attempt += 1
            guard isExpired else { continue }
            links += 1
            url = try self.url(of: try await link())
        }
    }

    private func url(of link: String) throws(APIError) -> HTTPURL {
        let url: HTTPURL
        do { url = try HTTPURL(link) } catch {
            throw APIError(.malformedResponse, "the link to the file is not a URL", hint: "request the job again")
        }
        guard url.origin.scheme == "https" || url.origin.isLoopback else {
            throw APIError(
                .untrustedHost, "the link to the file uses plain HTTP: the file would be sent unencrypted",
                hint: "report it to the platform")
        }
        return url
    }

    /// Sends one request. Returns no error if the file is complete, otherwise the error, and the failure if it allows a retry.
    private func attemptDownload(_ url: HTTPURL, _ sink: DownloadSink) async throws -> (CallFailure?, APIError?) {
        let progress = sink.progress
        var request = Request("GET", url, headers: progress.headers, limits: Self.downloadLimits)
        sink.start()
        request.bodyReceiver = { head, part in sink.take(head, part) }
        let response: Response
        do throws(TransportError) { response = try await transport.send(request) } catch {
            if let failure = sink.failure { throw failure }
            if error.code == .cancelled { throw CancellationError() }
            let isUnsent = [.connection, .nameResolution, .proxy].contains(error.code)
            let isLost = error.code == .timeout || error.code == .brokenResponse
            return (isUnsent ? .unsent : isLost ? .interrupted : nil, .unreachable(error))
        }
        if response.status == 200 || response.status == 206 {
            // A transport that does not support receivers returns the whole body. An empty body is never passed on.
            if !sink.take(response, response.body), let failure = sink.failure { throw failure }
            if sink.progress.isComplete != false { return (nil, nil) }
            return (.interrupted, APIError(.refused, "the file is incomplete", hint: "request the job again"))
        }
        if response.status == 416, sink.endsHere(response) { return (nil, nil) }
        let asked = RetryAfter.read(from: response.headers, now: time.now().wall)
        // Storage services also report temporary failures with status 500.
        let status = response.status == 500 || response.status == 416 ? 503 : response.status
        let error = APIError(
            status >= 500 ? .serverFailed : .refused,
            "cannot download the file: \(url.origin) returned \(response.status)",
            hint: "the link may have expired: request the job again", status: response.status)
        return (status == 429 || status >= 500 ? .status(status, asked: asked, reset: nil) : nil, error)
    }

    private static let downloadLimits = Request.Limits(total: .seconds(600), responseInBytes: .max)

    private func unfinished(_ error: APIError, _ job: Polling.Job) -> APIError {
        var error = error
        error.hint = "the job \(sanitized(job.id, limit: 80)) is complete: GET \(job.path) returns a new link"
        return error
    }
}

/// Passes the new bytes of each response on. The transport calls it in order, from any thread.
private final class DownloadSink: Sendable {
    private struct State: Sendable {
        var progress = DownloadProgress()
        var hasBegun = false
        var failure: (any Error)?
    }

    private let receive: @Sendable ([UInt8]) throws -> Void
    private let state = Locked(State())

    init(_ receive: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.receive = receive
    }

    var progress: DownloadProgress { state.withLock { $0.progress } }
    /// The error of the receiver, or of a file that changed.
    var failure: (any Error)? { state.withLock { $0.failure } }

    /// Starts another response.
    func start() { state.withLock { $0.hasBegun = false } }

    func endsHere(_ response: Response) -> Bool { state.withLock { $0.progress.endsHere(response) } }

    /// Passes on the new bytes of a part. Returns false to end the transfer.
    func take(_ head: Response, _ part: [UInt8]) -> Bool {
        let new = state.withLock { state -> ArraySlice<UInt8>? in
            if !state.hasBegun {
                state.hasBegun = true
                do throws(DownloadProgress.Changed) { try state.progress.begin(head) } catch {
                    state.failure = APIError(
                        .refused, "the file changed during the download", hint: "run the job again")
                    return nil
                }
            }
            return state.progress.take(part)
        }
        guard let new else { return false }
        if new.isEmpty { return true }
        do { try receive(Array(new)) } catch {
            state.withLock { $0.failure = error }
            return false
        }
        return true
    }
}
