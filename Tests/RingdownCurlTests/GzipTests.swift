import RingdownCore
import RingdownCurl
import RingdownTestSupport
import Testing

/// Compressed responses. libcurl's own decoder accepts truncated ones.
@Suite(.timeLimit(.minutes(1))) struct GzipTests {
    private static let text = #"{"entities":[{"id":"1"}]}"#
    private static let compressed: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xAB, 0x56, 0x4A, 0xCD, 0x2B, 0xC9, 0x2C, 0xC9,
        0x4C,
        0x2D, 0x56, 0xB2, 0x8A, 0xAE, 0x56, 0xCA, 0x4C, 0x51, 0xB2, 0x52, 0x32, 0x54, 0xAA, 0x8D, 0xAD, 0x05, 0x00,
        0xB7,
        0xB6, 0xD6, 0x85, 0x19, 0x00, 0x00, 0x00,
    ]

    /// Sends a request to a server that responds with a body in an encoding.
    private func send(
        _ body: [UInt8], _ encoding: String = "gzip", method: String = "GET", limit: Int? = nil
    ) async throws -> Response {
        let server = try RawServer { connection, _ in
            guard let request = connection.readRequest() else { return }
            #expect(request.head.contains("\r\nAccept-Encoding: gzip\r\n"))
            connection.write(
                "HTTP/1.1 200 OK\r\nContent-Encoding: \(encoding)\r\nContent-Length: \(body.count)\r\n\r\n")
            connection.write(body)
        }
        var request = try Request(method, HTTPURL("http://127.0.0.1:\(server.port)/"))
        if let limit { request.limits.responseInBytes = limit }
        return try await CurlTransport().send(request)
    }

    @Test(arguments: ["gzip", "GZIP", " x-gzip "])
    func `a compressed body is decoded`(encoding: String) async throws {
        #expect(try await send(Self.compressed, encoding).body == Array(Self.text.utf8))
        let twice = try await send(Self.compressed + Self.compressed, encoding)
        #expect(twice.body == Array((Self.text + Self.text).utf8))
    }

    @Test func `a body that is truncated at any byte is an error`() async throws {
        for length in 1..<Self.compressed.count {
            let error = await #expect(throws: TransportError.self) {
                try await send(Array(Self.compressed.prefix(length)))
            }
            #expect(error?.code == .brokenResponse && error?.message.contains("compressed") == true, "\(length)")
        }
    }

    @Test func `a malformed body, or one in another encoding, is an error`() async throws {
        var damaged = Self.compressed
        damaged[38] ^= 1  // the checksum
        for (body, encoding) in [(damaged, "gzip"), (Array(Self.text.utf8), "gzip"), (Self.compressed, "br")] {
            let error = await #expect(throws: TransportError.self) { try await send(body, encoding) }
            #expect(error?.code == .brokenResponse, "\(encoding)")
        }
    }

    @Test func `the size limit applies to the decoded body`() async throws {
        let error = await #expect(throws: TransportError.self) { try await send(Self.compressed, limit: 24) }
        #expect(error?.code == .responseTooLarge)
        #expect(try await send(Self.compressed, limit: 25).body.count == 25)
    }

    @Test func `a plain body is returned unchanged`() async throws {
        #expect(try await send(Array(Self.text.utf8), "identity").body == Array(Self.text.utf8))
    }
}
