import RingdownCore
import RingdownCurl
import RingdownOAuth
import RingdownStores
import RingdownTestSupport
import Testing

/// The client against a server on loopback that reads commands and writes the replies of the test.
@Suite struct RedisClientTests {
    /// The commands that a server received, by connection.
    private let log = Locked<[(connection: Int, command: [String])]>([])

    private var received: [[String]] { log.withLock { $0.map(\.command) } }
    private var connections: Set<Int> { Set(log.withLock { $0.map(\.connection) }) }

    private func server(
        _ serve: @escaping @Sendable (_ server: RawConnectionToClient, _ next: () -> [String]?, _ number: Int) -> Void
    ) throws -> RawServer {
        try RawServer { [log] connection, number in
            serve(
                connection,
                {
                    let command = connection.readCommand()
                    if let command { log.withLock { $0.append((number, command)) } }
                    return command
                }, number)
        }
    }

    private func client(_ server: RawServer, _ credentials: String = "", database: String = "") throws -> RedisClient {
        RedisClient(
            try RedisAddress("redis://\(credentials)127.0.0.1:\(server.port)\(database)"),
            CurlTransport.Configuration())
    }

    private func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test func `commands that wait are sent together over one connection`() async throws {
        let gate = BlockingGate()
        let server = try server { server, next, _ in
            _ = next()
            gate.pass()
            server.write("+first\r\n")
            // No reply is written before all commands have arrived.
            let commands = (0..<100).compactMap { _ in next() }
            for command in commands { server.write("$\(command[1].utf8.count)\r\n\(command[1])\r\n") }
        }
        let client = try client(server)
        async let first = client.send("PING")
        await until { received.count == 1 }
        try await withThrowingTaskGroup { group in
            for number in 0..<100 {
                group.addTask {
                    let reply = try await client.send("GET", "key\(number)")
                    #expect(reply == .bytes(Array("key\(number)".utf8)))
                }
            }
            await until { client.waitingCount == 100 }
            gate.open()
            try await group.waitForAll()
        }
        #expect(try await first == .text("first"))
        #expect(received.count == 101)
        #expect(connections == [0])
    }

    @Test func `an error reply fails only its command`() async throws {
        let server = try server { server, next, _ in
            while let command = next() { server.write(command[0] == "BAD" ? "-ERR unknown command\r\n" : "+OK\r\n") }
        }
        let client = try client(server)
        async let good = client.send("GOOD")
        let error = await #expect(throws: RedisClient.Failure.self) { try await client.send("BAD") }
        #expect(error?.isRefusal == true)
        #expect(error?.description == "Redis refused: ERR unknown command")
        #expect(try await good == .text("OK"))
        #expect(try await client.send("GOOD") == .text("OK"))
        #expect(connections == [0])
    }

    @Test func `a command is sent again if the server has closed the connection`() async throws {
        let server = try server { server, next, _ in
            _ = next()
            server.write("+OK\r\n")
        }
        let client = try client(server)
        for _ in 0..<3 { #expect(try await client.send("PING") == .text("OK")) }
        #expect(connections == [0, 1, 2])
    }

    @Test func `a new connection that fails ends all waiting commands`() async throws {
        let gate = BlockingGate()
        let server = try server { _, next, _ in
            _ = next()
            gate.pass()
        }
        let client = try client(server)
        let failure: @Sendable (Int) async -> RedisClient.Failure? = { number in
            await #expect(throws: RedisClient.Failure.self) { try await client.send("GET", "\(number)") }
        }
        let first = Task { await failure(0) }
        await until { received.count == 1 }
        let others = (1..<10).map { number in Task { await failure(number) } }
        await until { client.waitingCount == 9 }
        gate.open()
        for call in [first] + others { #expect(await call.value?.isRefusal == false) }
        #expect(connections == [0])
    }

    @Test func `a server that is not Redis is named as such`() async throws {
        let server = try server { server, next, _ in
            _ = next()
            server.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let error = await #expect(throws: RedisClient.Failure.self) { try await client(server).send("PING") }
        #expect(error?.description.contains("is not a Redis server") == true)
    }

    @Test func `authenticates and selects the database before the first command`() async throws {
        let server = try server { server, next, _ in
            while next() != nil { server.write("+OK\r\n") }
        }
        _ = try await client(server, "user:p%40ss@", database: "/2").send("PING")
        #expect(received == [["AUTH", "user", "p@ss"], ["SELECT", "2"], ["PING"]])
    }

    @Test func `a rejected password is an error without the password`() async throws {
        let server = try server { server, next, _ in
            while let command = next() { server.write("-WRONGPASS \(command[1]) is wrong\r\n") }
        }
        let error = await #expect(throws: RedisClient.Failure.self) {
            try await client(server, ":sekret@").send("PING")
        }
        #expect(error?.isRefusal == true)
        #expect(error?.description.contains("sekret") == false)
    }

    @Test func `releasing a lock ends when the server has released it`() async throws {
        let server = try server { server, next, _ in
            while let command = next() { server.write(command[0] == "SET" ? "+OK\r\n" : ":1\r\n") }
        }
        let store = try #require(RedisStore(try client(server), keys: Secret("a key of the test")))
        let key = CacheKey(fields: [Array("key".utf8)])
        guard case .locked(let lock) = await store.lock(key, time: ManualTime(), isWaiting: false) else {
            Issue.record("the lock was expected")
            return
        }
        await lock.release()
        #expect(received.map { $0[0] } == ["SET", "EVAL"])
        let (set, release) = (received[0], received[1])
        #expect(release.suffix(2) == set[1...2])
        #expect(release[1].contains("del"))
    }
}

extension RawConnectionToClient {
    /// Reads a command in the Redis protocol; nil if the connection closes first.
    fileprivate func readCommand() -> [String]? {
        func number() -> Int? {
            guard let line = read(until: "\r\n") else { return nil }
            return Int(String(decoding: line.dropFirst().dropLast(2), as: UTF8.self))
        }
        guard let count = number() else { return nil }
        var words: [String] = []
        for _ in 0..<count {
            guard let length = number(), let word = read(count: length), read(count: 2) != nil else { return nil }
            words.append(String(decoding: word, as: UTF8.self))
        }
        return words
    }
}
