import CVirtualTime
import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// Serialized: concurrent tests would keep the process busy, and then the clock does not jump.
@Suite(.serialized) struct VirtualTimeTests {
    private let directory: ScratchDirectory
    private let time: VirtualTime

    init() throws {
        directory = try ScratchDirectory()
        time = try VirtualTime(file: directory.path + "/time")
    }

    @Test func `a wait of a day returns immediately and advances both clocks by a day`() async throws {
        let start = time.now()
        try await time.sleep(for: .seconds(86400))
        let end = time.now()
        #expect(end.wall - start.wall >= .seconds(86400))
        #expect(end.uptime - start.uptime >= .seconds(86400))
        #expect(end.uptime - start.uptime < .seconds(86500))
    }

    @Test func `waits end in the order of their deadlines`() throws {
        let shared = try #require(rd_time_create(directory.path + "/order"))
        var waits = [3, 1, 2].map { hours in
            (hours, rd_wait_begin(shared, rd_time_now(shared) + Int64(hours) * 3_600_000_000_000, 100_000))
        }
        var order: [Int] = []
        while !waits.isEmpty {
            for index in waits.indices.reversed() where rd_wait_is_over(&waits[index].1) {
                rd_wait_end(&waits[index].1)
                order.append(waits.remove(at: index).0)
            }
        }
        #expect(order == [1, 2, 3])
    }

    @Test func `the clock does not jump while a process is runnable`() throws {
        let shared = try #require(rd_time_create(directory.path + "/work"))
        let worker = try busyProcess()
        rd_time_take_part(shared, worker)
        var wait = rd_wait_begin(shared, rd_time_now(shared) + 3_600_000_000_000, 0)
        for _ in 0..<1000 { #expect(!rd_wait_is_over(&wait)) }
        kill(worker, SIGKILL)
        while !rd_wait_is_over(&wait) {}
        waitpid(worker, nil, 0)
        #expect(rd_time_offset(shared) > 3_500_000_000_000)
    }

    private func busyProcess() throws -> pid_t {
        var process: pid_t = 0
        let words = (["sh", "-c", "while :; do :; done"] as [String]).map { strdup($0) }
        defer { words.forEach { free($0) } }
        #expect(posix_spawn(&process, "/bin/sh", nil, nil, words + [nil], environ) == 0)
        return process
    }

    @Test func `tokens expire while programs sleep`() async throws {
        var options = Simulator.Options()
        options.tokenLifetime = .seconds(3600)
        let simulator = Simulator(options, time: time)
        let transport = InMemoryTransport(simulator)
        var request = Request("POST", try HTTPURL("https://login.mypurecloud.com/oauth/token"))
        let pair = simulator.credentials.genesysClientID + ":" + simulator.credentials.genesysClientSecret
        try request.headers.set("Authorization", "Basic " + Base64.encode(Array(pair.utf8)))
        request.body = .bytes(Array("grant_type=client_credentials".utf8))
        let token = try #require(try JSONReader.parse(try await transport.send(request).body)["access_token"]?.string)
        var call = Request("GET", try HTTPURL("https://api.mypurecloud.com/api/v2/tokens/me"))
        try call.headers.set("Authorization", "Bearer " + token)
        #expect(try await transport.send(call).status == 200)
        try await time.sleep(for: .seconds(3601))
        #expect(try await transport.send(call).status == 401)
    }

    @Test func `rejects an existing file`() {
        #expect(throws: FileError.self) { try VirtualTime(file: directory.path + "/time") }
    }
}
