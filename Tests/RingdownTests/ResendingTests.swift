import RingdownCore
import RingdownCurl
import RingdownTestSupport
import Testing

@testable import Ringdown

/// The number of times a request reaches a server over real sockets, for many responses.
@Suite(.timeLimit(.minutes(1))) struct ResendingTests {
    enum Way: CaseIterable { case client, broker }

    struct Answer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: String
        /// The expected number of requests of the client and of the broker.
        let client: Int
        let broker: Int

        init(_ status: String, body: String = "{}", isCut: Bool = false, client: Int = 1, broker: Int = 1) {
            testDescription = status + (isCut ? ", cut" : "")
            let length = body.utf8.count + (isCut ? 5 : 0)
            bytes = "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(length)\r\n\r\n\(body)"
            (self.client, self.broker) = (client, broker)
        }

        init(raw: String) {
            (testDescription, bytes, client, broker) = (raw.debugDescription, raw, 1, 1)
        }
    }

    static let answers = [
        Answer("200 OK"), Answer("400 Bad Request"), Answer("401 Unauthorized", client: 2, broker: 2),
        Answer("401 Unauthorized", isCut: true),
        Answer("403 Forbidden"), Answer("408 Request Timeout"), Answer("409 Conflict"), Answer("425 Too Early"),
        Answer("429 Too Many Requests", client: CallSettings().attempts), Answer("429 Too Many Requests", isCut: true),
        Answer("500 Internal Server Error"), Answer("502 Bad Gateway"), Answer("503 Service Unavailable"),
        Answer("504 Gateway Timeout"),
        Answer("307 Temporary Redirect"), Answer("417 Expectation Failed"), Answer("421 Misdirected Request"),
        Answer(raw: ""), Answer(raw: "HTTP/1.1 100 Continue\r\n\r\n"), Answer(raw: "HTTP/1.1 200"),
        Answer(raw: "garbage\r\n\r\n"),
    ]

    @Test(arguments: ["POST", "PATCH"], answers)
    func `sends a request that is not idempotent again only after 401 and 429`(method: String, answer: Answer)
        async throws
    {
        for way in Way.allCases {
            for warmUps in [0, 2] {
                let seen = Locked(0)
                let server = try RawServer { connection, _ in Self.serve(connection, answer, seen) }
                let address = "http://127.0.0.1:\(server.port)"
                let settings = Settings(environment: [
                    "OAUTH_TOKEN_URL": address + "/token", "OAUTH_API_URL": address, "OAUTH_CLIENT_ID": "i",
                    "OAUTH_CLIENT_SECRET": "s",
                ])
                let time = SkippingTime()
                let client = try APIClient(Profile(settings), transport: CurlTransport(), time: time)
                // A rejected token that was just granted is not replaced, so time advances first.
                _ = try await client.token()
                time.advance(by: .seconds(600))
                for _ in 0..<warmUps { _ = try await client.get("/warm-up") }
                let call = APICall(method, "/order", json: ["a": 1])
                switch way {
                case .client: _ = try? await client.send(call)
                case .broker: _ = try? await client.forward(call)
                }
                #expect(
                    seen.withLock { $0 } == (way == .client ? answer.client : answer.broker),
                    "\(way), \(warmUps) calls before")
            }
        }
    }

    private static func serve(_ connection: RawConnectionToClient, _ answer: Answer, _ seen: Locked<Int>) {
        while let (head, _) = connection.readRequest() {
            if head.contains(" /order ") {
                seen.withLock { $0 += 1 }
                connection.write(answer.bytes)
                if answer.testDescription.contains("cut") || !answer.bytes.contains("Content-Length") { return }
                continue
            }
            let body = head.contains(" /token ") ? #"{"access_token":"t","expires_in":3600}"# : "{}"
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
    }
}

/// Links in responses, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct LoopbackLinkTests {
    @Test(arguments: ["127.0.0.1", "localhost", "127.0.0.2"])
    func `a link to another loopback port does not receive the token`(host: String) async throws {
        let seen = Locked(0)
        let other = try RawServer { connection, _ in
            seen.withLock { $0 += 1 }
            _ = connection.readRequest()
        }
        let link = "http://\(host):\(other.port)/steal"
        let server = try RawServer { connection, _ in
            while let (head, _) = connection.readRequest() {
                let body =
                    head.contains(" /token ")
                    ? #"{"access_token":"t","expires_in":3600}"# : #"{"entities":[{"id":"1"}],"nextUri":"\#(link)"}"#
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
        let address = "http://127.0.0.1:\(server.port)"
        func client(_ more: [String: String]) throws -> APIClient {
            let settings = [
                "OAUTH_TOKEN_URL": address + "/token", "OAUTH_API_URL": address, "OAUTH_CLIENT_ID": "i",
                "OAUTH_CLIENT_SECRET": "s",
            ]
            return try APIClient(
                Profile(Settings(environment: settings.merging(more) { $1 })), transport: CurlTransport(),
                time: SkippingTime())
        }
        let strict = try client([:])
        let error = await #expect(throws: APIError.self) { for try await _ in strict.pages(APICall("/list")) {} }
        #expect(error?.code == .untrustedHost)
        #expect(seen.withLock { $0 } == 0)
        guard host == "127.0.0.1" else { return }
        let allowing = try client(["OAUTH_LOOPBACK_ORIGINS": link])
        await #expect(throws: (any Error).self) { for try await _ in allowing.pages(APICall("/list")) {} }
        #expect(seen.withLock { $0 } > 0)
    }
}
