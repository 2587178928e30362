import RingdownCore
import RingdownCurl
import RingdownTestSupport
import Testing

/// The transport against servers that violate HTTP or close connections at critical points.
@Suite(.timeLimit(.minutes(1))) struct HostileServerTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    private func url(_ server: RawServer, _ path: String = "/") throws -> HTTPURL {
        try HTTPURL("http://127.0.0.1:\(server.port)\(path)")
    }

    /// C1 of SECURITY.md: libcurl before 8.1.0 appends such a line to memory that the previous transfer of the handle has freed.
    @Test func `a response with a folded first header line does not affect the previous response`()
        async throws
    {
        let server = try RawServer { connection, _ in
            while connection.readRequest() != nil {
                connection.write(
                    "HTTP/1.1 200 OK\r\nX-First: \(String(repeating: "a", count: 200))\r\nContent-Length: 2\r\n\r\nok")
                guard connection.readRequest() != nil else { return }
                connection.write(
                    "HTTP/1.1 200 OK\r\n \(String(repeating: "b", count: 300)): 1\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let transport = CurlTransport()
        for _ in 0..<25 {
            #expect(try await transport.send(Request("GET", url(server))).body == Array("ok".utf8))
            // A folded line without a preceding header line is malformed.
            let error = await #expect(throws: TransportError.self) {
                try await transport.send(Request("GET", url(server)))
            }
            #expect(error?.description.contains("malformed header line") == true)
        }
    }

    @Test func `transfers reuse connections`() async throws {
        let connections = Locked(0)
        let server = try RawServer { connection, _ in
            connections.withLock { $0 += 1 }
            while connection.readRequest() != nil { connection.write(Self.ok) }
        }
        let transport = CurlTransport()
        for _ in 0..<20 { _ = try await transport.send(Request("GET", url(server))) }
        #expect(connections.withLock { $0 } == 1)
    }

    /// The point at which a server closes the connection on which it received a request.
    enum End: CaseIterable, Sendable {
        case onReuse, afterHead, afterRequest, afterReset, afterInterim, afterStatusLine, afterHeaders, withinBody
    }

    /// H3 of SECURITY.md: libcurl resends a request if the server closes a reused connection without a response.
    @Test(arguments: ["POST", "PATCH", "PROPFIND", "post"], End.allCases)
    func `a request that is not idempotent reaches the server at most once`(method: String, end: End) async throws {
        let seen = Locked(0)
        let server = try RawServer { connection, _ in
            while let head = connection.read(until: "\r\n\r\n").map({ String(decoding: $0, as: UTF8.self) }) {
                if head.contains(" /warm-up ") {
                    connection.write(Self.ok)
                    continue
                }
                seen.withLock { $0 += 1 }
                switch end {
                case .onReuse, .afterHead: return
                case .afterRequest: _ = connection.read(count: head.contains("Content-Length: 5") ? 5 : 0)
                case .afterReset:
                    _ = connection.read(count: head.contains("Content-Length: 5") ? 5 : 0)
                    connection.resetOnClose()
                case .afterInterim: connection.write("HTTP/1.1 100 Continue\r\n\r\n")
                case .afterStatusLine: connection.write("HTTP/1.1 20")
                case .afterHeaders: connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n")
                case .withinBody: connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
                }
                return
            }
        }
        for body in [Request.Body.none, .bytes(Array("hello".utf8)), .secret(Secret("hello"))] {
            for warmUps in 0...3 {
                seen.withLock { $0 = 0 }
                let transport = CurlTransport()
                for _ in 0..<warmUps { _ = try await transport.send(Request("GET", url(server, "/warm-up"))) }
                let request = try Request(method, url(server), body: body)
                let error = await #expect(throws: TransportError.self) { try await transport.send(request) }
                #expect(error?.code == .brokenResponse)
                #expect(seen.withLock { $0 } == 1)
            }
        }
    }

    @Test func `an idempotent request survives a connection that the server has closed`() async throws {
        let server = try RawServer { connection, number in
            guard connection.readRequest() != nil else { return }
            connection.write(Self.ok)
            if number == 0 {
                _ = connection.readRequest()
            } else {
                while connection.readRequest() != nil { connection.write(Self.ok) }
            }
        }
        let transport = CurlTransport()
        _ = try await transport.send(Request("GET", url(server)))
        #expect(try await transport.send(Request("GET", url(server))).status == 200)
        var query = try Request("POST", url(server), body: .bytes(Array("{}".utf8)))
        query.isDeclaredIdempotent = true
        #expect(try await transport.send(query).status == 200)
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 Early Hints\r\n"])
    func `endless headers are refused`(start: String) async throws {
        let server = try RawServer { connection, _ in
            guard connection.readRequest() != nil else { return }
            while connection.write(
                start + String(repeating: "X-Filler: \(String(repeating: "x", count: 1000))\r\n", count: 90))
            {
                if start.contains("103"), !connection.write("\r\n") { return }
            }
        }
        let transport = CurlTransport()
        let error = await #expect(throws: TransportError.self) { try await transport.send(Request("GET", url(server))) }
        #expect(error?.code == .responseTooLarge || error?.code == .brokenResponse)
    }

    @Test func `a body that is compressed twice is refused`() async throws {
        // 8 MiB of zeros, compressed twice.
        let bomb = try #require(
            Base64.decode(
                "H4sIAAAAAAACA+3XsQ2CQACF4TsuJhdGsCEm7sAEzsEqJJQ2DuAOLGDDCrSsQBhBPMbAfF/11697zTOHQ5XWKcYS/es7brkOAAAAwJ/rlyFVR9z2rr3bAwAA"
                    + "AE7gfXl85mu59eEH2xnUp+8fAAA="))
        let server = try RawServer { connection, _ in
            while connection.readRequest() != nil {
                connection.write(
                    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: \(bomb.count)\r\n\r\n".utf8
                        + bomb)
            }
        }
        let request = try Request("GET", url(server))
        let error = await #expect(throws: TransportError.self) { try await CurlTransport().send(request) }
        #expect(error?.code == .brokenResponse)
    }
}
