import RingdownCore
import RingdownCurl
import RingdownServer
import RingdownTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The transport over real sockets, against `HTTPServer`.
@Suite(.timeLimit(.minutes(1))) struct CurlTransportTests {
    /// A handler whose responses depend on the path.
    private struct Site: Handler {
        let seen = Locked<[Request]>([])
        /// The number of requests that are being answered, and the largest number so far.
        let counts = Locked((now: 0, most: 0))
        /// A clock that never advances.
        private static let stopped = ManualTime()

        func handle(_ request: Request) -> Reply {
            seen.withLock { $0.append(request) }
            switch request.url.path {
            case "/echo":
                guard case .bytes(let body) = request.body else { return .ready(Response(status: 200)) }
                return .ready(Response(status: 200, headers: ["Content-Type": "text/plain"], body: body))
            case "/large": return .ready(Response(status: 200, body: [UInt8](repeating: 120, count: 1 << 20)))
            case "/cut-before", "/cut-within", "/cut-after", "/longer", "/slow":
                var response = Response(status: 200, body: Array(repeating: 120, count: 1000))
                switch request.url.path {
                case "/longer": response.faultInjection = .init(contentLength: 2000)
                case "/slow": response.faultInjection = .init(bytesPerSecond: 20_000)
                case let path: response.faultInjection = .init(cut: .init(rawValue: String(path.dropFirst(5))))
                }
                return .ready(response)
            case "/redirect": return .ready(Response(status: 302, headers: ["Location": "/echo"]))
            case "/never":
                return .deferred {
                    try? await Self.stopped.sleep(for: .seconds(1))
                    return Response(status: 200)
                }
            case "/counted":
                counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                return .deferred {
                    // Long enough for the other connections to deliver their requests, in steps rather than in time.
                    for _ in 0..<200 { await Task.yield() }
                    counts.withLock { $0.now -= 1 }
                    return Response(status: 200)
                }
            case "/later":
                return .deferred {
                    await Task.yield(); return Response(status: 201, body: Array("later".utf8))
                }
            default: return .ready(Response(status: 404, headers: ["X-Odd": "  padded  "], body: Array("nothing".utf8)))
            }
        }
    }

    private let site = Site()
    private let server: HTTPServer
    private let transport = CurlTransport()

    init() throws {
        server = try HTTPServer(handler: site)
    }

    private func url(_ path: String) throws -> HTTPURL { try HTTPURL("http://127.0.0.1:\(server.port)\(path)") }

    private func failure(_ request: Request) async -> TransportError? {
        await #expect(throws: TransportError.self) { try await transport.send(request) }
    }

    @Test func `requests beyond the connection limit wait for a free connection`() async throws {
        let transport = CurlTransport(.init(connectionLimit: 4))
        let requests = try (0..<100).map { _ in try Request("GET", url("/counted")) }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for request in requests { group.addTask { try await transport.send(request).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 100))
        #expect(site.counts.withLock { $0.most } <= 4)
    }

    @Test func `a request that waits for a connection ends when its time is over, or when it is cancelled`()
        async throws
    {
        let transport = CurlTransport(.init(connectionLimit: 1))
        let (never, echo) = (try url("/never"), try url("/echo"))
        let first = Task { try await transport.send(Request("GET", never)) }
        while site.seen.withLock({ $0.isEmpty }) { await Task.yield() }
        var second = Request("GET", echo)
        second.limits.total = .milliseconds(50)
        let error = await #expect(throws: TransportError.self) { try await transport.send(second) }
        #expect(error?.code == .timeout)
        let third = Task { try await transport.send(Request("GET", echo)) }
        third.cancel()
        #expect(await #expect(throws: TransportError.self) { try await third.value }?.code == .cancelled)
        first.cancel()
        _ = await first.result
        #expect(try await transport.send(Request("GET", echo)).status == 200)
    }

    @Test func `status, headers and body are returned unchanged`() async throws {
        let response = try await transport.send(Request("GET", url("/nothing?x=1")))
        #expect(response.status == 404)
        #expect(response.headers["x-odd"] == "padded")
        #expect(response.body == Array("nothing".utf8))
        #expect(response.httpVersion == "1.1")
        #expect(site.seen.withLock { $0[0].url.query } == "x=1")
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func `a binary body is sent from plain memory and from a secret`(method: String) async throws {
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for kind in [Request.Body.bytes(body), .secret(Secret(bytes: body))] {
            let response = try await transport.send(Request(method, url("/echo"), body: kind))
            #expect(response.body == body)
        }
        #expect(site.seen.withLock { $0.allSatisfy { $0.method == method } })
    }

    @Test func `a request without a body has Content-Length 0 and no added headers`() async throws {
        _ = try await transport.send(Request("POST", url("/echo")))
        let headers = try #require(site.seen.withLock { $0.first?.headers })
        #expect(headers["Content-Length"] == "0")
        #expect(headers["Content-Type"] == nil)
        #expect(headers["Expect"] == nil)
        #expect(headers["User-Agent"] == "ringdown")
    }

    @Test func `secret headers are sent`() async throws {
        var request = Request("GET", try url("/echo"))
        try request.headers.set("Authorization", Secret("Bearer abc"))
        _ = try await transport.send(request)
        #expect(site.seen.withLock { $0[0].headers["Authorization"] } == "Bearer abc")
    }

    @Test func `redirects are not followed`() async throws {
        let response = try await transport.send(Request("GET", url("/redirect")))
        #expect(response.status == 302)
        #expect(site.seen.withLock { $0.count } == 1)
    }

    @Test func `a response above the size limit is refused`() async throws {
        var request = Request("GET", try url("/large"))
        request.limits.responseInBytes = 1000
        #expect(await failure(request)?.code == .responseTooLarge)
        request.limits.responseInBytes = 1 << 20
        #expect(try await transport.send(request).body.count == 1 << 20)
    }

    @Test(arguments: ["/cut-before", "/cut-within", "/longer"])
    func `a truncated response is an error`(path: String) async throws {
        #expect(await failure(Request("GET", try url(path)))?.code == .brokenResponse)
        #expect(try await transport.send(Request("GET", url("/later"))).status == 201)
    }

    @Test func `a connection that closes after a response affects neither it nor the next one`() async throws {
        for _ in 0..<3 { #expect(try await transport.send(Request("GET", url("/cut-after"))).body.count == 1000) }
        #expect(try await transport.send(Request("GET", url("/later"))).status == 201)
    }

    @Test func `a slow body is received completely`() async throws {
        #expect(try await transport.send(Request("GET", url("/slow"))).body.count == 1000)
        var hurried = Request("GET", try url("/slow"))
        hurried.limits.total = .milliseconds(20)
        #expect(await failure(hurried)?.code == .timeout)
    }

    @Test func `a request to an unresponsive server times out`() async throws {
        var request = Request("GET", try url("/never"))
        request.limits.total = .milliseconds(50)
        #expect(await failure(request)?.code == .timeout)
    }

    @Test func `a cancelled task returns immediately and the transport continues`() async throws {
        let (transport, request) = (transport, Request("GET", try url("/never")))
        let task = Task { try await transport.send(request) }
        while site.seen.withLock({ $0.isEmpty }) { await Task.yield() }
        task.cancel()
        let error = await #expect(throws: TransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(try await transport.send(Request("GET", url("/later"))).status == 201)
    }

    @Test func `a task that is cancelled before it starts sends nothing`() async throws {
        let (transport, request) = (transport, Request("GET", try url("/echo")))
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await transport.send(request)
        }
        task.cancel()
        await #expect(throws: TransportError.self) { try await task.value }
        _ = try await transport.send(Request("GET", url("/later")))
        #expect(site.seen.withLock { $0.map(\.url.path) } == ["/later"])
    }

    @Test func `concurrent requests receive their own responses`() async throws {
        let (transport, target) = (transport, try url("/echo"))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<500 {
                group.addTask {
                    let body = Array("number \(number)".utf8)
                    return try await transport.send(Request("POST", target, body: .bytes(body))).body == body
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func `tasks on the transport thread receive responses, errors and cancellation there`()
        async throws
    {
        let (transport, target, never) = (transport, try url("/echo"), try url("/never"))
        let total = try await transport.withThread {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let body = Request.Body.bytes(Array("number \(number)".utf8))
                        return try await transport.send(Request("POST", target, body: body)).body.count
                    }
                }
                return try await group.reduce(0, +)
            }
        }
        #expect(total == (0..<100).reduce(0) { $0 + "number \($1)".utf8.count })
        let error = await #expect(throws: TransportError.self) {
            try await transport.withThread {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await transport.send(Request("GET", never)) }
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
        #expect(error?.code == .cancelled)
    }

    @Test func `a closed port and an unknown host are different errors`() async throws {
        let closed = try HTTPServer(handler: site).port
        #expect(await failure(Request("GET", try HTTPURL("http://127.0.0.1:\(closed)/")))?.code == .connection)
        #expect(await failure(Request("GET", try HTTPURL("http://nowhere.invalid/")))?.code == .nameResolution)
    }

    @Test func `plain text on a TLS port is a TLS failure`() async throws {
        let error = await failure(Request("GET", try HTTPURL("https://127.0.0.1:\(server.port)/")))
        #expect(error?.code == .tls)
    }

    @Test func `a server with two threads handles two requests concurrently`() async throws {
        /// Responds to the first request after the second has arrived.
        struct Patient: Handler {
            let count = Locked(0)

            func handle(_ request: Request) -> Reply {
                count.withLock { $0 += 1 }
                let start = ContinuousClock.now
                while count.withLock({ $0 }) < 2, .now - start < .seconds(20) { sched_yield() }
                return .ready(Response(status: count.withLock { $0 } == 2 ? 200 : 500))
            }
        }
        let handler = Patient()
        let other = try HTTPServer(threads: 2, handler: handler)
        let target = try HTTPURL("http://127.0.0.1:\(other.port)/")
        let transport = transport
        async let first = transport.send(Request("GET", target)).status
        while handler.count.withLock({ $0 }) == 0 { await Task.yield() }
        #expect(try await transport.send(Request("GET", target)).status == 200)
        #expect(try await first == 200)
    }

    @Test func `a server stops while exchanges are active`() async throws {
        var other: HTTPServer? = try HTTPServer(handler: site)
        let target = try HTTPURL("http://127.0.0.1:\(other?.port ?? 0)/never")
        let transport = transport
        let task = Task { try? await transport.send(Request("GET", target)).status }
        while site.seen.withLock({ $0.isEmpty }) { await Task.yield() }
        other = nil
        // The request has a response or an error, but does not hang.
        #expect([503, nil].contains(await task.value))
    }
}

@Suite struct ProxySettingsTests {
    private func proxy(_ variables: [String: String], for url: String) throws -> ProxySettings.Proxy? {
        try ProxySettings { variables[$0] }.proxy(for: HTTPURL(url).origin)
    }

    @Test func `each scheme has its variable and lower case takes precedence`() throws {
        let variables = ["HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:2", "HTTP_PROXY": "plain:3"]
        #expect(try proxy(variables, for: "https://a.example")?.url == "http://lower:2")
        #expect(try proxy(variables, for: "http://a.example")?.url == "http://plain:3")
        #expect(try proxy(["ALL_PROXY": "socks5h://s:4"], for: "https://a.example")?.url == "socks5h://s:4")
        #expect(try proxy([:], for: "https://a.example")?.url == nil)
    }

    @Test func `a password is decoded and removed from the URL`() throws {
        let found = try proxy(["HTTPS_PROXY": "http://us%40er:p%3Ass%2F@proxy:8080/"], for: "https://a.example")
        #expect(found?.url == "http://proxy:8080")
        #expect(found?.credentials?.user == "us@er")
        #expect(found?.credentials?.password == Secret("p:ss/"))
    }

    @Test(
        arguments: [
            ("*", "https://a.example", true), ("a.example", "https://a.example", true),
            ("example", "https://a.example", true),
            (".example", "https://a.example", true), ("*.example", "https://a.example", true),
            ("xample", "https://a.example", false),
            ("a.example:443", "https://a.example", true), ("a.example:80", "https://a.example", false),
            ("10.0.0.0/8", "https://10.9.8.7", true), ("10.0.0.0/8", "https://11.0.0.1", false),
            ("0.0.0.0/0", "https://1.2.3.4", true),
            ("127.0.0.1", "https://127.0.0.1:9", true), ("127.0.0.1:9", "https://127.0.0.1:9", true),
            ("::1", "https://[::1]", true), ("::1/128", "https://[::1]", true), ("::1/128", "https://[::2]", false),
            ("fd00::/8", "https://[fd12:3456::1]", true), ("[fd00::]/8", "https://[fd12::1]", true),
            ("fe80::/10", "https://[fd12::1]", false), ("::/0", "https://[fd12::1]", true),
            ("::/0", "https://1.2.3.4", false), ("0:0:0:0:0:0:0:1", "https://[::1]", true),
            ("fd00::/129", "https://[fd00::1]", false), ("[fd00::]/8:9", "https://[fd00::1]:9", true),
            ("[fd00::]/8:9", "https://[fd00::1]", false),
            ("[::1]:9", "https://[::1]:9", true), (" b.example , a.example ", "https://a.example", true),
            ("", "https://a.example", false),
            ("A.EXAMPLE", "https://a.example", true),
        ] as [(String, String, Bool)])
    func `NO_PROXY supports suffixes, networks and ports`(list: String, url: String, isDirect: Bool) throws {
        let found = try proxy(["HTTPS_PROXY": "http://p:1", "NO_PROXY": list], for: url)
        #expect((found == nil) == isDirect)
    }

    @Test func `plain HTTP to this machine uses only a proxy on this machine`() throws {
        #expect(
            try proxy(["HTTP_PROXY": "http://127.0.0.1:8080"], for: "http://127.0.0.1:9")?.url
                == "http://127.0.0.1:8080")
        #expect(try proxy(["HTTP_PROXY": "http://proxy.example:8080"], for: "http://127.0.0.1:9") == nil)
        #expect(try proxy(["HTTPS_PROXY": "http://proxy.example:8080"], for: "https://127.0.0.1:9") != nil)
    }

    @Test(arguments: ["ftp://p:1", "http://", "http://a b:1", "http://p:1\n"])
    func `an invalid proxy is reported with the variable but not its value`(text: String) {
        let error = #expect(throws: ProxySettings.Invalid.self) {
            try ProxySettings { $0 == "HTTPS_PROXY" ? text : nil }
        }
        #expect(error?.description.contains("HTTPS_PROXY") == true)
    }
}

@Suite struct TrustSettingsTests {
    private func trust(_ variables: [String: String]) -> TrustSettings { TrustSettings { variables[$0] } }

    @Test(arguments: [
        ("", "is empty"), ("hello\n", "no certificate"), ("-----BEGIN PRIVATE KEY-----\n", "no certificate"),
    ])
    func `a file without a certificate is reported`(content: String, problem: String) throws {
        let directory = try ScratchDirectory()
        let path = directory.path + "/ca.pem"
        try File.replace(path, with: Array(content.utf8))
        #expect(TrustSettings.problem(ofFile: path)?.contains(problem) == true)
        #expect(TrustSettings.problem(ofFile: directory.path) != nil)
        try File.replace(path, with: Array("-----BEGIN CERTIFICATE-----\n".utf8))
        #expect(TrustSettings.problem(ofFile: path) == nil)
    }

    @Test func `RINGDOWN_CA_FILE takes precedence over CURL_CA_BUNDLE and the OpenSSL variables`() {
        let pair = ["SSL_CERT_FILE": "f", "SSL_CERT_DIR": "d"]
        #expect(trust([:]).file == nil)
        #expect(trust(pair).file == "f")
        #expect(trust(pair).directory == "d")
        #expect(trust(pair.merging(["CURL_CA_BUNDLE": "c"]) { $1 }).file == "c")
        #expect(trust(pair.merging(["CURL_CA_BUNDLE": "c", "RINGDOWN_CA_FILE": "r"]) { $1 }).file == "r")
        #expect(trust(["CURL_CA_BUNDLE": "", "SSL_CERT_FILE": "f"]).file == "f")
        #expect(trust([:]).isVerifying)
    }
}
