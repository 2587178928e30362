import RingdownCore
import RingdownOAuth
import RingdownStores
import RingdownTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct FileStoreTests {
    private let directory: ScratchDirectory
    private let time = ManualTime()
    private let key = CacheKey(fields: [[1]])

    init() throws {
        directory = try ScratchDirectory()
    }

    private func store(keys: String? = nil, at path: String? = nil) -> FileStore {
        FileStore(directory: path ?? directory.path, keys: keys.map { Secret($0) })
    }

    private var record: String { directory.names.first { $0.count == 32 } ?? "" }

    @Test func `another store on the same directory loads the token`() async throws {
        let token = Token(
            value: Secret("value"), scope: "a b", lifetime: .seconds(3600), requested: time.now(),
            refreshJitter: .seconds(12)
        )
        await store().save(StoredState(token: token), for: key)
        time.advance(by: .seconds(600))
        let loaded = try #require(await store().load(key, at: time.now())?.token)
        #expect(loaded == token)
        #expect(loaded.remaining(at: time.now()) == .seconds(3000))
    }

    @Test func `files are private and encrypted`() async throws {
        await store(at: directory.path + "/a/b").save(
            StoredState(token: .sample("plainly-visible", at: time.now())), for: key)
        await store().save(StoredState(token: .sample("plainly-visible", at: time.now())), for: key)
        #expect(directory.permissions("a/b") == 0o700)
        #expect(directory.permissions(record) == 0o600)
        #expect(directory.permissions("key") == 0o600)
        let bytes = try File.read(directory.path + "/" + record)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("visible"))
        #expect(directory.names.allSatisfy { !$0.contains(".") || $0.hasSuffix(".lock") })
    }

    @Test func `a record with another key, damage or another name is a miss`() async throws {
        let other = CacheKey(fields: [[2]])
        await store(keys: "one").save(StoredState(token: .sample(at: time.now())), for: key)
        #expect(await store(keys: "two").load(key, at: time.now())?.token == nil)
        #expect(await store(keys: "one").load(other, at: time.now())?.token == nil)
        let path = directory.path + "/" + record
        let bytes = try File.read(path)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1
            try File.replace(path, with: damaged)
            #expect(await store(keys: "one").load(key, at: time.now())?.token == nil)
        }
        try File.replace(path, with: Array(bytes.prefix(20)))
        #expect(await store(keys: "one").load(key, at: time.now())?.token == nil)
    }

    @Test func `a replaced key is still accepted`() async throws {
        await store(keys: "old").save(StoredState(token: .sample("kept", at: time.now())), for: key)
        #expect(await store(keys: "new,old").load(key, at: time.now())?.token?.value.reveal() == "kept")
    }

    @Test func `an expired token and one from the future are misses`() async throws {
        await store().save(StoredState(token: .sample(lifetime: .seconds(60), at: time.now())), for: key)
        time.advance(by: .seconds(61))
        #expect(await store().load(key, at: time.now())?.token == nil)
        time.jumpWall(by: .seconds(-86400))
        #expect(await store().load(key, at: time.now())?.token == nil)
    }

    @Test func `a removed token is a miss`() async throws {
        await store().save(StoredState(token: .sample(at: time.now())), for: key)
        await store().remove(key)
        #expect(await store().load(key, at: time.now())?.token == nil)
    }

    @Test func `a directory that other users can write is not used and reported once`() async throws {
        directory.changePermissions(0o777)
        let log = MemoryLog()
        let store = store()
        await Logger.$current.withValue(log.logger) {
            await store.save(StoredState(token: .sample(at: time.now())), for: key)
            #expect(await store.load(key, at: time.now())?.token == nil)
            guard case .unavailable = await store.lock(key, time: time, isWaiting: true) else {
                Issue.record("unexpected outcome")
                return
            }
        }
        #expect(log.warnings.count == 1)
        #expect(directory.names == [])
    }

    @Test func `a directory that is a symbolic link or a file is not used`() async throws {
        directory.link("link", to: "/tmp")
        try File.replace(directory.path + "/file", with: [])
        for name in ["link", "file", "file/below"] {
            let log = MemoryLog()
            await Logger.$current.withValue(log.logger) {
                await store(at: directory.path + "/" + name).save(StoredState(token: .sample(at: time.now())), for: key)
            }
            #expect(log.warnings.count == 1)
        }
    }

    @Test func `files that other users can read are not used`() async throws {
        await store(keys: "k").save(StoredState(token: .sample(at: time.now())), for: key)
        directory.changePermissions(0o644, of: record)
        #expect(await store(keys: "k").load(key, at: time.now())?.token == nil)
        await store().save(StoredState(token: .sample(at: time.now())), for: key)
        directory.changePermissions(0o644, of: "key")
        let log = MemoryLog()
        await Logger.$current.withValue(log.logger) { #expect(await store().load(key, at: time.now())?.token == nil) }
        #expect(log.warnings.count == 1)
    }

    @Test func `an invalid key is reported without a crash`() async throws {
        let log = MemoryLog()
        await Logger.$current.withValue(log.logger) {
            await store(keys: ",,").save(StoredState(token: .sample(at: time.now())), for: key)
        }
        #expect(log.warnings.count == 1)
    }

    @Test func `a symbolic link in place of a record is not followed`() async throws {
        await store(keys: "k").save(StoredState(token: .sample(at: time.now())), for: key)
        let name = record
        let target = directory.path + "/elsewhere"
        try File.replace(target, with: try File.read(directory.path + "/" + name))
        await store(keys: "k").remove(key)
        directory.link(name, to: target)
        #expect(await store(keys: "k").load(key, at: time.now())?.token == nil)
    }

    @Test func `callers wait until the lock is released`() async throws {
        let (store, time, key) = (store(), time, key)
        guard case .locked(let first) = await store.lock(key, time: time, isWaiting: true) else {
            Issue.record("unexpected outcome")
            return
        }
        guard case .taken = await store.lock(key, time: time, isWaiting: false) else {
            Issue.record("unexpected outcome")
            return
        }
        let second = Task {
            guard case .locked = await store.lock(key, time: time, isWaiting: true) else { return false }
            return true
        }
        await time.waitForSleepers(1)
        await first.release()
        #expect(await second.value)
    }

    @Test func `cancelling a caller ends its wait for the lock`() async throws {
        let (store, time, key) = (store(), time, key)
        guard case .locked(let first) = await store.lock(key, time: time, isWaiting: true) else {
            Issue.record("unexpected outcome")
            return
        }
        let second = Task {
            guard case .unavailable = await store.lock(key, time: time, isWaiting: true) else { return false }
            return true
        }
        await time.waitForSleepers(1)
        second.cancel()
        #expect(await second.value)
        await first.release()
    }

    @Test func `a caller continues without the lock after the maximum wait`() async throws {
        let (store, time, key) = (store(), time, key)
        guard case .locked(let first) = await store.lock(key, time: time, isWaiting: true) else {
            Issue.record("unexpected outcome")
            return
        }
        let second = Task {
            guard case .unavailable = await store.lock(key, time: time, isWaiting: true) else { return false }
            return true
        }
        await time.waitForSleepers(1)
        time.advance(by: .seconds(30))
        #expect(await second.value)
        await first.release()
    }

    @Test func `a backoff state is loaded with and without a token`() async throws {
        var error = TokenError(.credentialsRefused, "refused", status: 401)
        error.oauthError = "invalid_client"
        let now = time.now()
        let backoff = BackoffState(
            error: error, failures: 3, time: now.wall, retryAt: now.wall + .seconds(40), until: now.wall + .seconds(30))
        for token in [Token.sample(at: now), nil] {
            let state = StoredState(token: token, backoff: backoff)
            await store().save(state, for: key)
            #expect(await store().load(key, at: now) == state)
        }
    }

    @Test func `the request log has a line per request and its size is bounded`() async throws {
        let store = store()
        let record = TokenRequestRecord(
            time: time.now().wall, account: "genesys client", reason: .cold, error: nil, status: nil,
            lifetime: .seconds(3600), duration: .milliseconds(120), callers: 3)
        for _ in 0..<4000 { await store.note(record) }
        let records = RequestLog(directory: directory.path).records()
        #expect(records.last == record)
        #expect((1000..<4000).contains(records.count))
        #expect(directory.permissions("requests") == 0o600)
    }
}

/// Files in a store that were written by other versions, other programs or attackers.
@Suite(.timeLimit(.minutes(1))) struct StoredFormatTests {
    private let directory: ScratchDirectory
    private let time = ManualTime()
    private let key = CacheKey(fields: [[1]])

    init() throws {
        directory = try ScratchDirectory()
    }

    private func store() -> FileStore { FileStore(directory: directory.path) }
    private var record: String { directory.names.first { $0.utf8.count == 32 } ?? "" }

    private func logged(_ body: () async -> Void) async -> [String] {
        let log = MemoryLog()
        await Logger.$current.withValue(log.logger) { await body() }
        return log.events
    }

    @Test func `a record of another version is a miss and logged once`() async throws {
        await store().save(StoredState(token: .sample(at: time.now())), for: key)
        let path = directory.path + "/" + record
        try File.replace(path, with: Array("ringdown9".utf8) + File.read(path).dropFirst(9))
        let store = store()
        let events = await logged {
            for _ in 0..<3 { #expect(await store.load(key, at: time.now()) == nil) }
        }
        #expect(events == ["cache.version"])
    }

    @Test func `a key of another version is not used`() async throws {
        try File.replace(directory.path + "/key", with: [UInt8](repeating: 7, count: 32))
        let events = await logged {
            await store().save(StoredState(token: .sample(at: time.now())), for: key)
        }
        #expect(events == ["cache.unusable"])
        #expect(record == "")
    }

    @Test func `FIFOs instead of key, record, lock, pause and log do not block`() async throws {
        await store().save(StoredState(token: .sample(at: time.now())), for: key)
        await store().pause(key, until: Timestamp.now() + .seconds(60))
        for name in directory.names {
            unlink(directory.path + "/" + name)
            mkfifo(directory.path + "/" + name, 0o600)
            let (token, pause) = await (store().load(key, at: time.now()), store().pause(key))
            #expect(token == nil || pause == nil)
            unlink(directory.path + "/" + name)
        }
        mkfifo(directory.path + "/requests", 0o600)
        #expect(RequestLog(directory: directory.path).records() == [])
        await store().note(
            TokenRequestRecord(
                time: .now(), account: "a", reason: .cold, error: nil, status: nil, lifetime: nil, duration: .zero,
                callers: 1))
    }

    @Test func `a pause and a token cannot be exchanged`() async throws {
        await store().save(StoredState(token: .sample(at: time.now())), for: key)
        await store().pause(key, until: Timestamp.now() + .seconds(60))
        #expect(await store().pause(key) != nil)
        let token = try File.read(directory.path + "/" + record)
        let pause = try File.read(directory.path + "/" + record + ".pause")
        #expect(pause.starts(with: "ringdown2".utf8))
        try File.replace(directory.path + "/" + record, with: pause)
        try File.replace(directory.path + "/" + record + ".pause", with: token)
        #expect(await store().load(key, at: time.now()) == nil)
        #expect(await store().pause(key) == nil)
        try File.replace(directory.path + "/" + record + ".pause", with: Array("2099-01-01T00:00:00Z".utf8))
        #expect(await store().pause(key) == nil)
    }
}
