import RingdownCore
import RingdownOAuth
import RingdownSimulator
import RingdownTestSupport
import Testing

@testable import Ringdown

@Suite struct PollingTests {
    private let time = SkippingTime()
    private let polling = Polling(
        job: Polling.Job(title: "the job", id: "job-1", path: "/jobs/job-1"), first: .seconds(1), last: .seconds(15),
        limit: .seconds(7200))

    /// Polls a job with these states, and returns the number of polls.
    private func polls(_ states: [JobState<Void>]) async throws -> Int {
        var count = 0
        try await polling.wait(time) { () -> JobState<Void> in
            defer { count += 1 }
            return states[min(count, states.count - 1)]
        }
        return count
    }

    @Test func `unknown states and empty responses are polled again, with one warning`() async throws {
        let log = MemoryLog()
        let count = try await Logger.$current.withValue(log.logger) {
            try await polls([.unknown(""), .pending("RUNNING"), .unknown("PUZZLED"), .unknown(""), .complete(())])
        }
        #expect(count == 5)
        #expect(log.events == ["job.unknown_state"])
    }

    @Test func `a job that does not end names its ID and the call that continues it`() async throws {
        let start = time.now().uptime
        let error = await #expect(throws: APIError.self) { try await polls([.pending("RUNNING")]) }
        #expect(time.now().uptime - start == .seconds(7200))
        #expect(error?.message.contains("job-1") == true)
        #expect(error?.hint.contains("GET /jobs/job-1") == true)
    }

    @Test func `a job is not found for at most 30 s after its creation`() async throws {
        let start = time.now().uptime
        let missing = APIError(.notFound, "GET /jobs/job-1 returned 404", hint: "", status: 404)
        var count = 0
        try await polling.wait(time) { () -> JobState<Void> in
            count += 1
            if count < 3 { throw missing }
            return .complete(())
        }
        #expect(count == 3)
        await #expect(throws: APIError.self) {
            try await polling.wait(time) { () -> JobState<Void> in throw missing }
        }
        #expect(time.now().uptime - start < .seconds(60))
    }
}

@Suite struct DownloadProgressTests {
    private func head(_ status: Int, _ fields: [String: String]) -> Response {
        var response = Response(status: status)
        for (name, value) in fields { response.headers.addParsed(name, value) }
        return response
    }

    @Test func `continues with a range, and only for the same file`() throws {
        var progress = DownloadProgress()
        #expect(!progress.headers.has("Range"))
        try progress.begin(head(200, ["ETag": "\"1\"", "Content-Length": "4"]))
        #expect(Array(progress.take([1, 2])) == [1, 2])
        #expect(progress.isComplete == false)
        #expect(progress.headers["Range"] == "bytes=2-")
        #expect(progress.headers["If-Range"] == "\"1\"")
        try progress.begin(head(206, ["ETag": "\"1\"", "Content-Range": "bytes 2-3/4"]))
        #expect(Array(progress.take([3, 4])) == [3, 4])
        #expect(progress.isComplete == true)
    }

    @Test func `skips the bytes that were passed on if the server ignores the range`() throws {
        var progress = DownloadProgress()
        try progress.begin(head(200, [:]))
        _ = progress.take([1, 2, 3])
        try progress.begin(head(200, [:]))
        #expect(progress.take([1, 2]).isEmpty)
        #expect(progress.isComplete == false)
        #expect(Array(progress.take([3, 4])) == [4])
        #expect(progress.written == 4)
    }

    @Test(arguments: [
        (200, ["ETag": "\"2\"", "Content-Length": "4"]), (200, ["ETag": "\"1\"", "Content-Length": "5"]),
        (206, ["ETag": "\"1\"", "Content-Range": "bytes 3-3/4"]), (206, ["ETag": "\"1\""]),
        (206, ["ETag": "\"1\"", "Content-Range": "bytes 2-4/5"]),
    ])
    func `a file that changed is an error`(status: Int, fields: [String: String]) throws {
        var progress = DownloadProgress()
        try progress.begin(head(200, ["ETag": "\"1\"", "Content-Length": "4"]))
        _ = progress.take([1, 2])
        #expect(throws: DownloadProgress.Changed.self) { try progress.begin(head(status, fields)) }
    }

    @Test func `a compressed file is not continued with a range`() throws {
        var progress = DownloadProgress()
        try progress.begin(head(200, ["Content-Encoding": "gzip", "Content-Length": "2"]))
        _ = progress.take([1, 2, 3])
        #expect(progress.isComplete == nil)
        #expect(!progress.headers.has("Range"))
    }
}

@Suite struct DownloadTests {
    private let time = SkippingTime()
    private let simulator: Simulator

    init() {
        simulator = Simulator(Simulator.Options(), time: time)
    }

    private func file(_ faults: String...) async throws -> [UInt8] {
        simulator.addFaults(try faults.map { try FaultRule($0) })
        let credentials = simulator.credentials
        let profile = try Profile(
            Settings(environment: [
                "CXONE_CLIENT_ID": credentials.cxoneClientID, "CXONE_CLIENT_SECRET": credentials.cxoneClientSecret,
                "CXONE_ACCESS_KEY_ID": credentials.cxoneAccessKeyID,
                "CXONE_ACCESS_KEY_SECRET": credentials.cxoneAccessKeySecret, "RINGDOWN_PLATFORM": "cxone",
            ]))
        let client = APIClient(profile, transport: InMemoryTransport(simulator), time: time)
        let end = Timestamp(rfc3339: "2026-11-20T00:00:00Z") ?? .now()
        let interval = try Interval(from: end + .seconds(-2 * 86400), to: end)
        return try await client.dataExtraction(entity: "recordings", version: "7", in: interval)
    }

    @Test(arguments: [
        "path=/extraction/*,nth=1,status=503", "path=/extraction/*,nth=1,status=500",
        "path=/extraction/*,nth=1,status=403", "path=/extraction/*,times=3,cut=within",
        "path=/data-extraction/v1/jobs/*,nth=1,status=404", "path=/data-extraction/v1/jobs/*,nth=2,body=empty",
        "path=/data-extraction/v1/jobs/*,nth=1,body=invalid",
    ])
    func `one failure does not lose the file`(fault: String) async throws {
        let whole = try await DownloadTests().file()
        #expect(try await file(fault) == whole)
        let records = simulator.requests(since: 0)
        #expect(records.allSatisfy { $0.reason != "a token was sent to a third-party host" })
        #expect(records.count { $0.method == "POST" && $0.path == "/data-extraction/v1/jobs" } == 1)
    }

    @Test func `a failure that lasts names the finished job`() async throws {
        let error = await #expect(throws: APIError.self) { try await file("path=/extraction/*,status=503") }
        #expect(error?.hint.contains("GET /data-extraction/v1/jobs/") == true)
    }

    @Test func `an error of the receiver ends the download`() async throws {
        var request = Request("GET", try HTTPURL("https://storage.example/file"))
        let parts = Locked(0)
        request.bodyReceiver = { _, _ in
            parts.withLock { $0 += 1 }
            return false
        }
        let transport = InMemoryTransport(LargeFile())
        let refused = request
        await #expect(throws: TransportError.self) { try await transport.send(refused) }
        #expect(parts.withLock { $0 } == 1)
    }
}

private struct LargeFile: Handler {
    func handle(_ request: Request) -> Reply {
        .ready(Response(status: 200, body: [UInt8](repeating: 0, count: 1 << 20)))
    }
}
