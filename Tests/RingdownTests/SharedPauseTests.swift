import RingdownCore
import RingdownOAuth
import RingdownTestSupport
import Testing

@testable import Ringdown

@Suite struct SharedPauseTests {
    private let time = ManualTime()
    private let store = CountingStore()
    private let key = CacheKey(fields: [Array("key".utf8)])

    private func pause() -> SharedPause { SharedPause(store, key, tasks: TaskOwner()) }

    private func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test func `1,000 calls read the store at most every 250 ms`() async throws {
        let pause = pause()
        for _ in 0..<1000 {
            _ = try await pause.end(at: time.now().uptime)
            time.advance(by: .milliseconds(1))
        }
        #expect((1...4).contains(store.reads))
    }

    @Test func `calls of a client read the store once while the clock stands still`() async throws {
        let transport = ScriptedTransport { request in
            request.url.path == "/oauth/token"
                ? Response(json: ["access_token": "t", "expires_in": 600]) : Response(json: [:])
        }
        let profile = try Profile(Settings(environment: ["GENESYS_CLIENT_ID": "i", "GENESYS_CLIENT_SECRET": "s"]))
        let client = APIClient(profile, transport: transport, store: store, time: time)
        try await withThrowingTaskGroup { group in
            for _ in 0..<1000 { group.addTask { _ = try await client.get("/api/v2/users") } }
            try await group.waitForAll()
        }
        #expect(client.counts.successes == 1000)
        #expect(store.reads == 1)
    }

    @Test func `a call uses the last known pause while a read is in progress`() async throws {
        let pause = pause()
        let end = time.now().wall + .seconds(30)
        await store.pause(key, until: end)
        #expect(try await pause.end(at: time.now().uptime) == end)
        store.close()
        await store.pause(key, until: end + .seconds(60))
        time.advance(by: .milliseconds(250))
        for _ in 0..<10 { #expect(try await pause.end(at: time.now().uptime) == end) }
        await until { store.reads == 2 }
        time.advance(by: .seconds(10))
        #expect(try await pause.end(at: time.now().uptime) == end)
        store.open()
        await until { store.pending == 0 }
        while try await pause.end(at: time.now().uptime) == end { await Task.yield() }
        // The read in progress was the only one while the store was closed.
        #expect((2...3).contains(store.reads))
    }

    @Test func `the first calls wait for the first read, and a cancelled one ends at once`() async throws {
        store.close()
        let (pause, now) = (pause(), time.now().uptime)
        let end = time.now().wall + .seconds(30)
        await store.pause(key, until: end)
        let (first, second) = (Task { try await pause.end(at: now) }, Task { try await pause.end(at: now) })
        await until { store.pending == 1 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        store.open()
        #expect(try await second.value == end)
        #expect(store.reads == 1)
    }

    @Test func `a pause is shared once unless it becomes longer`() async throws {
        let pause = pause()
        let end = time.now().wall + .seconds(5)
        for _ in 0..<10 { await pause.share(until: end) }
        #expect(store.writes == 1)
        await pause.share(until: end + .seconds(1))
        #expect(store.writes == 2)
    }
}

/// A store that counts the operations on pauses, and whose reads wait while it is closed.
private final class CountingStore: TokenStore {
    private struct State {
        var (reads, writes) = (0, 0)
        var end: Timestamp?
        var isClosed = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())

    var reads: Int { state.withLock { $0.reads } }
    var writes: Int { state.withLock { $0.writes } }
    var pending: Int { state.withLock { $0.waiting.count } }

    func close() { state.withLock { $0.isClosed = true } }
    func open() {
        let waiting = state.withLock { state in
            defer { (state.isClosed, state.waiting) = (false, []) }
            return state.waiting
        }
        waiting.forEach { $0.resume() }
    }

    func pause(_ key: CacheKey) async -> Timestamp? {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                state.reads += 1
                if state.isClosed { state.waiting.append(continuation) }
                return !state.isClosed
            }
            if isOpen { continuation.resume() }
        }
        return state.withLock { $0.end }
    }
    func pause(_ key: CacheKey, until end: Timestamp) async {
        state.withLock { ($0.end, $0.writes) = (end, $0.writes + 1) }
    }

    func load(_ key: CacheKey, at now: Instant) async -> StoredState? { nil }
    func save(_ state: StoredState, for key: CacheKey) async {}
    func remove(_ key: CacheKey) async {}
    func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome { .unavailable }
    func note(_ record: TokenRequestRecord) async {}
}
