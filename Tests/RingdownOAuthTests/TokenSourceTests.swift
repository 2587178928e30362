import RingdownCore
import RingdownOAuth
import RingdownStores
import RingdownTestSupport
import Testing

@Suite struct TokenSourceTests {
    private let time = ManualTime()
    private let requester = GatedRequester()

    private func source(store: any TokenStore = .memory) -> TokenSource {
        TokenSource(requester, key: CacheKey(fields: [[1]]), store: store, time: time)
    }

    @Test func `ten thousand tasks share one request on a cold start`() async throws {
        let source = source()
        let requester = requester, time = time
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<10_000 { group.addTask { try await source.token().value.reveal() } }
            await requester.waitForRequests(1)
            requester.answer(.success(.sample("only", at: time.now())))
            for try await text in group { #expect(text == "only") }
        }
        #expect(requester.requests == 1)
    }

    @Test func `simultaneous rejections of one token cause one request`() async throws {
        let source = source()
        let requester = requester, time = time
        async let first = source.token()
        await requester.waitForRequests(1)
        requester.answer(.success(.sample("first", at: time.now())))
        let rejected = try await first
        time.advance(by: .seconds(60))
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    #expect(source.reject(rejected) == .retry)
                    return try await source.token().value.reveal()
                }
            }
            await requester.waitForRequests(2)
            requester.answer(.success(.sample("second", at: time.now())))
            for try await text in group { #expect(text == "second") }
        }
        #expect(requester.requests == 2)
    }

    @Test func `all waiting callers share a failure, and a later call succeeds`() async throws {
        let source = source()
        let requester = requester, time = time
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { (try? await source.token()) == nil } }
            await requester.waitForRequests(1)
            requester.answer(.failure(TokenError(.serverFailed, "503")))
            for await failed in group { #expect(failed) }
        }
        #expect(requester.requests == 1)
        time.advance(by: .seconds(6))
        async let token = source.token()
        await requester.waitForRequests(2)
        requester.answer(.success(.sample("back", at: time.now())))
        #expect(try await token.value.reveal() == "back")
    }

    @Test func `a cancelled caller returns immediately and the others receive the token`() async throws {
        let source = source()
        let requester = requester
        let cancelled = Task { try await source.token() }
        await requester.waitForRequests(1)
        let patient = Task { try await source.token() }
        cancelled.cancel()
        let error = await #expect(throws: TokenError.self) { try await cancelled.value }
        #expect(error?.code == .cancelled)
        requester.answer(.success(.sample("token", at: time.now())))
        #expect(try await patient.value.value.reveal() == "token")
        #expect(requester.requests == 1)
    }

    @Test func `a background refresh replaces the token while callers receive the cached one`() async throws {
        let source = source()
        let requester = requester, time = time
        async let first = source.token()
        await requester.waitForRequests(1)
        requester.answer(.success(.sample("first", at: time.now())))
        _ = try await first
        time.advance(by: .seconds(2800))
        #expect(try await source.token().value.reveal() == "first")
        await requester.waitForRequests(2)
        #expect(try await source.token().value.reveal() == "first")
        requester.answer(.success(.sample("second", at: time.now())))
        while try await source.token().value.reveal() == "first" { await Task.yield() }
        #expect(requester.requests == 2)
    }

    @Test func `another source with the same store sends no request`() async throws {
        let directory = try ScratchDirectory()
        let store = FileStore(directory: directory.path)
        let requester = requester, time = time
        async let first = source(store: store).token()
        await requester.waitForRequests(1)
        requester.answer(.success(.sample("stored", at: time.now())))
        _ = try await first
        let again = source(store: FileStore(directory: directory.path))
        #expect(try await again.token().value.reveal() == "stored")
        #expect(requester.requests == 1)
    }

    @Test func `does not load a rejected token from the store`() async throws {
        let directory = try ScratchDirectory()
        let source = source(store: FileStore(directory: directory.path))
        let requester = requester, time = time
        async let first = source.token()
        await requester.waitForRequests(1)
        requester.answer(.success(.sample("stored", at: time.now())))
        let token = try await first
        time.advance(by: .seconds(60))
        #expect(source.reject(token) == .retry)
        async let second = source.token()
        await requester.waitForRequests(2)
        requester.answer(.success(.sample("second", at: time.now())))
        #expect(try await second.value.reveal() == "second")
    }
}
