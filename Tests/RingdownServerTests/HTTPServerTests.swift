import RingdownCore
import RingdownServer
import RingdownTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The server against clients that violate HTTP, are slow, or disconnect. The test writes every byte.
@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
    /// A handler whose responses depend on the path.
    private struct Site: Handler {
        let seen = Locked<[Request]>([])
        /// The clock of `/wait`, which responds after one second of it.
        let gate = ManualTime()

        var paths: [String] { seen.withLock { $0.map(\.url.path) } }

        func handle(_ request: Request) -> Reply {
            seen.withLock { $0.append(request) }
            var response = Response(status: 200, headers: ["X-Path": request.url.path], body: Array("0123456789".utf8))
            switch request.url.path {
            case "/wait":
                return .deferred { [gate] in
                    try? await gate.sleep(for: .seconds(1))
                    return Response(status: 200, body: Array("waited".utf8))
                }
            case "/echo":
                if case .bytes(let body) = request.body { response.body = body } else { response.body = [] }
            case "/count": response.body = Array("\(request.body.count)".utf8)
            case "/large": response.body = [UInt8](repeating: 120, count: 16 << 20)
            case "/date": response.headers = ["Date": "Sat, 21 Nov 2026 08:00:00 GMT"]
            case "/cut-before", "/cut-within", "/cut-after":
                response.faultInjection = .init(cut: .init(rawValue: String(request.url.path.dropFirst(5))))
            case "/reset-before", "/reset-within", "/reset-after":
                response.faultInjection = .init(
                    cut: .init(rawValue: String(request.url.path.dropFirst(7))), isReset: true)
            case "/longer": response.faultInjection = .init(contentLength: 20)
            case "/shorter": response.faultInjection = .init(contentLength: 4)
            case "/slow": response.faultInjection = .init(bytesPerSecond: 2)
            default: break
            }
            return .ready(response)
        }
    }

    private let site = Site()
    private let server: HTTPServer

    init() throws {
        server = try HTTPServer(time: site.gate, handler: site)
    }

    /// Sends bytes on a new connection and returns the first response; nil if the connection closes first.
    private func response(to bytes: [UInt8]) async throws -> RawResponse? {
        let port = server.port
        return try await Thread.run { () -> Result<RawResponse?, any Error> in
            Result {
                let client = try RawClient(port: port)
                client.send(bytes)
                return client.readResponse()
            }
        }.get()
    }

    private func response(to text: String) async throws -> RawResponse? { try await response(to: Array(text.utf8)) }

    /// Runs a blocking exchange on its own thread.
    private func exchange<Value: Sendable>(
        _ body: @escaping @Sendable (RawClient) -> Value
    ) async throws -> Value {
        let client = try RawClient(port: server.port)
        return try await Thread.run { body(client) }
    }

    private func expectService() async throws {
        #expect(try await response(to: "GET /next HTTP/1.1\r\nHost: localhost\r\n\r\n")?.status == 200)
    }

    // MARK: Malformed requests

    private static let host = "Host: localhost\r\n"
    private static let post = "POST /echo HTTP/1.1\r\nHost: localhost\r\n"
    private static let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

    private static let malformed: [(String, Int)] = [
        ("GET /\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\(host)\r\n", 505),
        ("GET / HTTP/1.1\r\n\(host)no colon\r\n\r\n", 400),
        ("GET x HTTP/1.1\r\n\(host)\r\n", 400), ("OPTIONS * HTTP/1.1\r\n\(host)\r\n", 400),
        ("CONNECT evil.example:443 HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET ftp://localhost/ HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET http://a@localhost/ HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: localhost:99999\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: é\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        ("GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\n\(host)\r\n", 414),
        ("GET / HTTP/1.1\r\n\(host)X: \(String(repeating: "x", count: 20_000))\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\n\(host)\(String(repeating: "X: y\r\n", count: 3000))\r\n", 431),
        (post + "Content-Length: x\r\n\r\n", 400), (post + "Content-Length: -1\r\n\r\n", 400),
        (post + "Content-Length: +5\r\n\r\nhello", 400), (post + "Content-Length: 5, 5\r\n\r\nhello", 400),
        (post + "Content-Length: 99999999999999999999999\r\n\r\nhello", 413),
        (chunked + "zz\r\nhello\r\n0\r\n\r\n", 400), (chunked + "-1\r\nhello\r\n0\r\n\r\n", 400),
        (chunked + "0x5\r\nhello\r\n0\r\n\r\n", 400), (chunked + "5\r\nhelloXX0\r\n\r\n", 400),
        (chunked + "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", 413),
    ]

    @Test(arguments: malformed.indices)
    func `a malformed or oversized request is refused and does not reach the handler`(index: Int) async throws {
        let (text, status) = Self.malformed[index]
        #expect(try await response(to: text)?.status == status, "\(text.prefix(80).debugDescription)")
        #expect(site.paths.isEmpty)
        try await expectService()
    }

    @Test func `bytes that are not HTTP are refused`() async throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<50 {
            // The first byte is the type of a TLS record.
            let bytes =
                [0x16] + (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) } + Array("\r\n\r\n".utf8)
            let ending = try await exchange { client in
                client.send(bytes)
                client.finish()
                return client.readResponse()?.status ?? 400
            }
            #expect((400...505).contains(ending))
        }
        #expect(site.paths.isEmpty)
        try await expectService()
    }

    @Test func `a request without a Host field is for localhost`() async throws {
        #expect(try await response(to: "GET / HTTP/1.0\r\n\r\n")?.status == 200)
        #expect(site.seen.withLock { $0.map(\.url.origin.description) } == ["http://localhost"])
        // HTTP/1.1 requires the field, and a server may refuse the request.
        let status = try await response(to: "GET / HTTP/1.1\r\n\r\n")?.status
        #expect(status == 200 || status == 400)
        #expect(site.seen.withLock { $0.allSatisfy { $0.url.host == "localhost" } })
    }

    @Test func `the host of the request determines the URL of the handler`() async throws {
        for (head, url) in [
            ("GET /a?b=c#d HTTP/1.1\r\nHost: EXAMPLE.com:8080\r\n", "http://example.com:8080/a?b=c"),
            ("GET http://other.example/a HTTP/1.1\r\nHost: localhost\r\n", "http://other.example/a"),
            ("GET //evil.example/a HTTP/1.1\r\nHost: localhost\r\n", "http://localhost//evil.example/a"),
            ("GET /%2e%2E/a\\b HTTP/1.1\r\nHost: [::1]:5\r\n", "http://[::1]:5/%2e%2E/a%5Cb"),
            ("GET /\u{E9} HTTP/1.1\r\nHost: 127.0.0.1\r\n", "http://127.0.0.1/%C3%A9"),
        ] {
            #expect(try await response(to: head + "\r\n")?.status == 200)
            #expect(site.seen.withLock { $0.last?.url.description } == url)
        }
    }

    @Test func `fields reach the handler with their values`() async throws {
        let long = String(repeating: "x", count: 12_000)
        _ = try await response(
            to: "GET / HTTP/1.1\r\n\(Self.host)X-A:  padded \t\r\nx-b:\r\nX-Long: \(long)\r\nX-A: second\r\n\r\n")
        let headers = try #require(site.seen.withLock { $0.first?.headers })
        #expect(headers["x-a"] == "padded" && headers["X-B"] == "" && headers["x-long"] == long)
        #expect(headers.fields.count { $0.name == "X-A" } == 2)
    }

    // MARK: Bodies

    @Test(arguments: [
        "5\r\nhello\r\n0\r\n\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "5;name=value\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n", "00005\r\nhello\r\n0\r\n\r\n",
    ])
    func `a chunked body is decoded, and the next request follows it`(body: String) async throws {
        let statuses = try await exchange { client in
            client.send(Array((Self.chunked + body + "GET /next HTTP/1.1\r\n\(Self.host)\r\n").utf8))
            return [client.readResponse(), client.readResponse()].map { $0.map { "\($0.status) \($0.text)" } }
        }
        #expect(statuses == ["200 hello", "200 0123456789"])
        #expect(site.paths == ["/echo", "/next"])
    }

    /// RFC 9112 section 6.1: a server may refuse the request, or ignore `Content-Length`.
    @Test(arguments: ["3", "0", "100"])
    func `a Content-Length beside a Transfer-Encoding does not move the end of the body`(length: String) async throws {
        let first = try await exchange { client in
            client.send(
                Array(
                    (Self.post
                        + "Content-Length: \(length)\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                        + "GET /next HTTP/1.1\r\n\(Self.host)\r\n").utf8))
            let first = client.readResponse()
            _ = client.readResponse()
            return first
        }
        if first?.status == 400 {
            #expect(site.paths == [])
        } else {
            #expect(first?.text == "hello")
            #expect(site.paths == ["/echo", "/next"])
        }
    }

    @Test(arguments: [false, true])
    func `a body of up to 16 MiB is accepted and a larger one is refused`(isChunked: Bool) async throws {
        for (count, status, answer) in [(16 << 20, 200, "16777216"), (16 << 20 + 1, 413, "")] {
            let head =
                "POST /count HTTP/1.1\r\n\(Self.host)"
                + (isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: \(count)\r\n\r\n")
            let body = [UInt8](repeating: 120, count: count)
            let response = try await exchange { client in
                client.send(Array(head.utf8))
                if isChunked { client.send(Array("\(String(count, radix: 16))\r\n".utf8)) }
                client.send(body)
                if isChunked { client.send(Array("\r\n0\r\n\r\n".utf8)) }
                return client.readResponse()
            }
            #expect(response?.status == status)
            #expect(response?.text == answer)
        }
        #expect(site.paths == ["/count"])
    }

    @Test func `a client that waits for 100 Continue receives it`() async throws {
        let (interim, final) = try await exchange { client in
            client.send(Array((Self.post + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n").utf8))
            let interim = client.readResponse()
            client.send(Array("hello".utf8))
            return (interim?.status, client.readResponse()?.text)
        }
        #expect(interim == 100 && final == "hello")
    }

    // MARK: Connections

    @Test func `pipelined requests are answered in order`() async throws {
        let requests = (0..<100).map { "GET /\($0) HTTP/1.1\r\n\(Self.host)\r\n" }.joined()
        let paths = try await exchange { client in
            client.send(Array(requests.utf8))
            return (0..<100).map { _ in client.readResponse()?.field("x-path") }
        }
        #expect(paths == (0..<100).map { "/\($0)" })
    }

    @Test func `a request behind a deferred response waits for it`() async throws {
        let client = try RawClient(port: server.port)
        async let texts = Thread.run {
            client.send(
                Array(
                    ("GET /wait HTTP/1.1\r\n\(Self.host)\r\nGET /next HTTP/1.1\r\n\(Self.host)\r\n").utf8))
            return [client.readResponse()?.text, client.readResponse()?.text]
        }
        await site.gate.waitForSleepers(1)
        try await expectService()
        #expect(site.paths.count == 2)
        site.gate.advance(by: .seconds(1))
        #expect(try await texts == ["waited", "0123456789"])
    }

    @Test func `a response to HEAD has no body`() async throws {
        let (head, next) = try await exchange { client in
            client.send(
                Array(("HEAD /a HTTP/1.1\r\n\(Self.host)\r\nGET /b HTTP/1.1\r\n\(Self.host)\r\n").utf8))
            return (client.readResponse(hasBody: false), client.readResponse())
        }
        #expect(head?.status == 200 && head?.field("content-length") == "10" && head?.field("x-path") == "/a")
        #expect(next?.field("x-path") == "/b" && next?.text == "0123456789")
    }

    @Test(arguments: ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"])
    func `the connection closes after the response if the client requires it`(text: String) async throws {
        let (bytes, ending) = try await exchange { client in
            client.send(Array((text + text).utf8))
            return client.readToEnd()
        }
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("\r\n\r\n0123456789"))
        #expect(ending != .timeout)
        #expect(site.paths.count == 1)
    }

    @Test func `every response has one Date field`() async throws {
        let fixed = try await response(to: "GET /date HTTP/1.1\r\n\(Self.host)\r\n")
        #expect(fixed?.fields("date") == ["Sat, 21 Nov 2026 08:00:00 GMT"])
        let current = try await response(to: "GET / HTTP/1.1\r\n\(Self.host)\r\n")
        #expect(current?.fields("date").count == 1)
        #expect(current?.field("date").flatMap { Timestamp(httpDate: $0) } != nil)
    }

    // MARK: Slow clients and disconnections

    @Test func `a client that sends one byte at a time does not delay others`() async throws {
        let slow = try RawClient(port: server.port)
        let request = Array((Self.post + "Content-Length: 5\r\n\r\nhello").utf8)
        for (index, byte) in request.enumerated() {
            slow.send([byte])
            if index % 20 == 0 { try await expectService() }
        }
        #expect(try await Thread.run { slow.readResponse()?.text } == "hello")
    }

    @Test func `a client that does not read does not delay others`() async throws {
        let stalled = try RawClient(port: server.port)
        stalled.send(Array("GET /large HTTP/1.1\r\n\(Self.host)\r\n".utf8))
        while site.paths.isEmpty { await Task.yield() }
        for _ in 0..<20 { try await expectService() }
        #expect(try await Thread.run { stalled.readResponse()?.body.count } == 16 << 20)
    }

    @Test func `100 suspended requests do not delay others`() async throws {
        let clients = try (0..<100).map { _ in try RawClient(port: server.port) }
        for client in clients { client.send(Array("GET /wait HTTP/1.1\r\n\(Self.host)\r\n".utf8)) }
        await site.gate.waitForSleepers(100)
        try await expectService()
        site.gate.advance(by: .seconds(1))
        let texts = try await Thread.run { clients.map { $0.readResponse()?.text } }
        #expect(texts == Array(repeating: "waited", count: 100))
    }

    @Test func `an incomplete request ends when the idle time is over`() async throws {
        let server = try HTTPServer(idleSeconds: 1, handler: site)
        let parts = ["", "GET / HT", "GET / HTTP/1.1\r\n\(Self.host)", Self.post + "Content-Length: 5\r\n\r\nhel"]
        let clients = try parts.map { _ in try RawClient(port: server.port) }
        for (client, part) in zip(clients, parts) { client.send(Array(part.utf8)) }
        let endings = try await Thread.run { clients.map { $0.readToEnd().ending } }
        #expect(!endings.contains(.timeout))
        #expect(site.paths.isEmpty)
        withExtendedLifetime(server) {}
    }

    /// The position in an exchange at which a client disconnects.
    enum Position: CaseIterable, Sendable { case beforeRequest, withinHead, withinBody, beforeResponse, withinResponse }

    @Test(arguments: Position.allCases, [false, true])
    func `a client that disconnects does not affect others`(position: Position, isReset: Bool) async throws {
        for _ in 0..<10 {
            let client = try RawClient(port: server.port)
            switch position {
            case .beforeRequest: break
            case .withinHead: client.send(Array("GET / HTTP/1.1\r\nHo".utf8))
            case .withinBody: client.send(Array((Self.post + "Content-Length: 50\r\n\r\nhello").utf8))
            case .beforeResponse:
                client.send(Array("GET /wait HTTP/1.1\r\n\(Self.host)\r\n".utf8))
                await site.gate.waitForSleepers(1)
            case .withinResponse:
                client.send(Array("GET /large HTTP/1.1\r\n\(Self.host)\r\n".utf8))
                _ = try await Thread.run { client.read(count: 100) }
            }
            if isReset { client.resetOnClose() }
            client.close()
            site.gate.advance(by: .seconds(1))
        }
        try await expectService()
        #expect(!site.paths.contains("/echo") && !site.paths.contains("/"))
    }

    // MARK: Faults

    @Test(arguments: ["before", "within", "after"])
    func `a cut connection ends at the position of the fault`(position: String) async throws {
        let (bytes, ending) = try await exchange { client in
            client.send(Array("GET /cut-\(position) HTTP/1.1\r\n\(Self.host)\r\n".utf8))
            return client.readToEnd()
        }
        let text = String(decoding: bytes, as: UTF8.self)
        switch position {
        case "before": #expect(text == "")
        case "within": #expect(text.contains("Content-Length: 10\r\n") && text.hasSuffix("\r\n\r\n01234"))
        default: #expect(text.hasSuffix("\r\n\r\n0123456789") && !text.contains("Connection: close"))
        }
        #expect(ending == .closed)
        try await expectService()
    }

    @Test(arguments: ["before", "within", "after"])
    func `a reset connection ends with an error of the system`(position: String) async throws {
        let ending = try await exchange { client in
            client.send(Array("GET /reset-\(position) HTTP/1.1\r\n\(Self.host)\r\n".utf8))
            return client.readToEnd().ending
        }
        #expect(ending == .reset)
        try await expectService()
    }

    @Test func `a declared length can differ from the length of the body`() async throws {
        let (longer, ending) = try await exchange { client in
            client.send(Array("GET /longer HTTP/1.1\r\n\(Self.host)\r\n".utf8))
            return client.readToEnd()
        }
        #expect(String(decoding: longer, as: UTF8.self).contains("Content-Length: 20\r\n"))
        #expect(longer.suffix(14) == Array("\r\n\r\n0123456789".utf8)[...] && ending != .timeout)
        let (declared, surplus) = try await exchange { client in
            client.send(Array("GET /shorter HTTP/1.1\r\n\(Self.host)\r\n".utf8))
            return (client.readResponse()?.text, client.read(count: 6))
        }
        #expect(declared == "0123" && surplus == Array("456789".utf8))
    }

    @Test func `a slow body arrives at its rate on the clock of the server`() async throws {
        let client = try RawClient(port: server.port)
        client.send(Array("GET /slow HTTP/1.1\r\n\(Self.host)\r\n".utf8))
        #expect(try await Thread.run { client.readHead() != nil && client.read(count: 1) == [0x30] })
        // Two bytes in each second.
        for end in [3, 5, 7, 9] {
            await site.gate.waitForSleepers(1)
            site.gate.advance(by: .seconds(1))
            let next = try await Thread.run { client.read(count: 2) }
            #expect(next == Array("\(end - 2)\(end - 1)".utf8))
        }
        await site.gate.waitForSleepers(1)
        site.gate.advance(by: .seconds(1))
        #expect(try await Thread.run { client.read(count: 1) } == [0x39])
        try await expectService()
    }

    // MARK: Start and end

    @Test func `a server that stops completes suspended requests and closes all connections`() async throws {
        var server: HTTPServer? = try HTTPServer(handler: site)
        let port = try #require(server?.port)
        let clients = try (0..<10).map { _ in try RawClient(port: port) }
        for client in clients { client.send(Array("GET /wait HTTP/1.1\r\n\(Self.host)\r\n".utf8)) }
        let idle = try RawClient(port: port)
        idle.send(Array("GET / HT".utf8))
        await site.gate.waitForSleepers(10)
        server = nil
        // Each request has the status 503 or no response, but does not hang.
        for client in clients + [idle] {
            let (bytes, ending) = try await Thread.run { client.readToEnd() }
            #expect(bytes.isEmpty || bytes.starts(with: "HTTP/1.1 503".utf8))
            #expect(ending != .timeout)
        }
        #expect(throws: FileError.self) { try RawClient(port: port) }
    }

    @Test func `waits until all connections are closed, but no longer than the limit`() async throws {
        let client = try RawClient(port: server.port)
        client.send(Array("GET / HTTP/1.1\r\n\(Self.host)\r\n".utf8))
        #expect(try await Thread.run { client.readResponse()?.status } == 200)
        // The connection is still open.
        await server.drain(within: .zero)
        client.close()
        let start = SystemTime().now().uptime
        await server.drain(within: .seconds(50))
        #expect(SystemTime().now().uptime - start < .seconds(40))
    }

    @Test(arguments: [("127.0.0.1", -1), ("127.0.0.1", 65536), ("localhost", 0), ("", 0), ("::1", 0), ("256.0.0.1", 0)])
    func `an invalid address is refused`(address: String, port: Int) throws {
        let error = #expect(throws: HTTPServer.StartError.self) {
            try HTTPServer(address: address, port: port, handler: site)
        }
        #expect(error?.reason.contains("IPv4 address") == true)
    }

    @Test func `a port in use is refused`() throws {
        let error = #expect(throws: HTTPServer.StartError.self) { try HTTPServer(port: server.port, handler: site) }
        #expect(error?.description == "cannot listen on 127.0.0.1:\(server.port): the port is in use")
    }
}

/// The server on Unix domain sockets.
@Suite(.timeLimit(.minutes(1))) struct UnixSocketTests {
    private struct Site: Handler {
        func handle(_ request: Request) -> Reply { .ready(Response(status: 200, body: Array(request.url.host.utf8))) }
    }

    private let directory: ScratchDirectory
    private var path: String { directory.path + "/socket" }

    init() throws {
        directory = try ScratchDirectory()
    }

    private func answer() async throws -> String? {
        let client = try RawClient(path: path)
        return try await Thread.run {
            client.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            return client.readResponse()?.text
        }
    }

    @Test func `a socket is private and deleted with its server`() async throws {
        var server: HTTPServer? = try HTTPServer(socketPath: path, handler: Site())
        #expect(server?.port == 0)
        #expect(directory.permissions("socket") == 0o600)
        #expect(try await answer() == "localhost")
        server = nil
        #expect(directory.names == [])
    }

    @Test func `200 concurrent clients receive their responses`() async throws {
        let server = try HTTPServer(socketPath: path, handler: Site())
        let clients = try (0..<200).map { _ in try RawClient(path: path) }
        for (index, client) in clients.enumerated() {
            client.send(Array("GET / HTTP/1.1\r\nHost: host-\(index)\r\n\r\n".utf8))
        }
        let texts = try await Thread.run { clients.map { $0.readResponse()?.text } }
        #expect(texts == (0..<200).map { "host-\($0)" })
        withExtendedLifetime(server) {}
    }

    @Test func `a socket in use is refused and continues to be served`() async throws {
        let server = try HTTPServer(socketPath: path, handler: Site())
        let error = #expect(throws: HTTPServer.StartError.self) { try HTTPServer(socketPath: path, handler: Site()) }
        #expect(error?.reason == "another process serves this socket")
        #expect(try await answer() == "localhost")
        withExtendedLifetime(server) {}
    }

    @Test func `a socket that a killed process left is replaced`() async throws {
        try RawClient.leaveSocket(path)
        #expect(throws: FileError.self) { try RawClient(path: path) }
        let server = try HTTPServer(socketPath: path, handler: Site())
        #expect(directory.permissions("socket") == 0o600)
        #expect(try await answer() == "localhost")
        withExtendedLifetime(server) {}
    }

    @Test func `a file, a directory or a symbolic link is not replaced`() async throws {
        try File.replace(directory.path + "/file", with: Array("kept".utf8))
        try File.makeDirectory(directory.path + "/directory")
        try RawClient.leaveSocket(path)
        directory.link("link", to: path)
        for name in ["file", "directory", "link"] {
            let error = #expect(throws: HTTPServer.StartError.self) {
                try HTTPServer(socketPath: directory.path + "/" + name, handler: Site())
            }
            #expect(error?.reason == "the path exists and is not a socket of this user")
        }
        #expect(try File.read(directory.path + "/file") == Array("kept".utf8))
        #expect(directory.names == ["directory", "file", "link", "socket"])
    }

    @Test func `an empty or long path and a missing directory are refused`() throws {
        for (path, reason) in [
            ("", "expected a path"), (directory.path + "/" + String(repeating: "x", count: 120), "expected a path"),
            (directory.path + "/absent/socket", "No such file"),
        ] {
            let error = #expect(throws: HTTPServer.StartError.self) {
                try HTTPServer(socketPath: path, handler: Site())
            }
            #expect(error?.reason.contains(reason) == true)
        }
    }
}

/// A response as a client reads it.
private struct RawResponse: Sendable {
    let status: Int
    let head: String
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The values of all fields with a name in lower case.
    func fields(_ name: String) -> [String] {
        head.split(separator: "\r\n").dropFirst().compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == name ? String(parts[1]).trimmed : nil
        }
    }

    func field(_ name: String) -> String? { fields(name).first }
}

/// A connection whose every byte the test writes. Reading blocks, so it runs on a thread of its own.
private final class RawClient: Sendable {
    /// The end of a connection. A timeout means that the server neither sent bytes nor closed the connection for 30 s.
    enum Ending: Sendable { case closed, reset, timeout }

    private let descriptor: Int32
    private let isClosed = Locked(false)

    /// Connects to a port of 127.0.0.1.
    init(port: Int) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        descriptor = try Self.open(AF_INET, &address, connect)
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Connects to a Unix domain socket.
    init(path: String) throws {
        var address = Self.address(path)
        descriptor = try Self.open(AF_UNIX, &address, connect)
    }

    /// Creates a socket file without a server, as a killed process leaves it.
    static func leaveSocket(_ path: String) throws {
        var address = address(path)
        systemClose(try open(AF_UNIX, &address, bind))
    }

    private static func address(_ path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }

    private static func open<Address>(
        _ family: Int32, _ address: inout Address,
        _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let descriptor = socket(family, stream, 0)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            systemClose(descriptor)
            throw FileError(path: "socket", code: code)
        }
        return descriptor
    }

    deinit { close() }

    /// Closes the connection.
    func close() {
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        if isFirst { systemClose(descriptor) }
    }

    /// Makes the connection close with a reset.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    /// Sends all bytes, unless the server closes the connection first.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { systemSend(descriptor, UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Ends the direction to the server.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads up to `count` bytes. Returns none at the end.
    private func receive(_ count: Int) -> (bytes: [UInt8], ending: Ending?) {
        var bytes = [UInt8](repeating: 0, count: count)
        while true {
            let read = recv(descriptor, &bytes, count, 0)
            if read > 0 { return (Array(bytes.prefix(read)), nil) }
            if read == 0 { return ([], .closed) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return ([], .timeout)
            default: return ([], .reset)
            }
        }
    }

    /// Reads exactly `count` bytes. Returns nil if the connection ends first.
    func read(count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let next = receive(min(count - bytes.count, 65536)).bytes
            if next.isEmpty { return nil }
            bytes += next
        }
        return bytes
    }

    /// Reads the head of a response, one byte at a time, so that later bytes remain in the socket.
    func readHead() -> RawResponse? {
        let end = Array("\r\n\r\n".utf8)
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual(end) {
            guard let next = read(count: 1) else { return nil }
            bytes += next
        }
        let head = String(decoding: bytes, as: UTF8.self)
        let words = head.split(separator: " ", maxSplits: 2)
        guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        return RawResponse(status: status, head: head)
    }

    /// Reads a response with a body of `Content-Length` bytes. Returns nil if the connection ends first.
    func readResponse(hasBody: Bool = true) -> RawResponse? {
        guard var response = readHead() else { return nil }
        if hasBody, let count = response.field("content-length").flatMap({ Int($0) }) {
            guard let body = read(count: count) else { return nil }
            response.body = body
        }
        return response
    }

    /// Reads until the connection ends.
    func readToEnd() -> (bytes: [UInt8], ending: Ending) {
        var bytes: [UInt8] = []
        while true {
            let (next, ending) = receive(65536)
            if let ending { return (bytes, ending) }
            bytes += next
        }
    }
}

// The class has methods with the names of these system functions.
private func systemClose(_ descriptor: Int32) { close(descriptor) }

private func systemSend(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
        send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    #else
        send(descriptor, bytes.baseAddress, bytes.count, 0)
    #endif
}
