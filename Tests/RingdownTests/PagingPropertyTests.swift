import RingdownCore
import RingdownTestSupport
import Testing

@testable import Ringdown

/// Reads random lists in every paging style: the rows are the server's rows, once each, or the list fails.
@Suite(.timeLimit(.minutes(10))) struct PagingPropertyTests {
    /// The number of random lists for each style (default: 30).
    private static let cases =
        environmentVariables()["RINGDOWN_CASES"].flatMap { Int($0) }.map { $0 / PagedServer.Style.allCases.count + 1 }
        ?? 30

    @Test(arguments: PagedServer.Style.allCases)
    func `returns every row once, or fails`(style: PagedServer.Style) async throws {
        for seed in 0..<Self.cases {
            let server = PagedServer(style, seed: UInt64(seed))
            let (rows, error) = try await read(server)
            if let error {
                #expect(server.mayFail, "seed \(seed): \(error)")
                #expect(rows == Array(0..<rows.count) || server.hasOverlap, "seed \(seed)")
            } else {
                #expect(rows == Array(0..<server.rowCount), "seed \(seed)")
            }
        }
    }

    @Test(arguments: PagedServer.Style.allCases)
    func `resumes after every page with the same rows`(style: PagedServer.Style) async throws {
        for seed in 0..<min(Self.cases, 10) {
            let server = PagedServer(style, seed: UInt64(seed), isCalm: true)
            let pages = try client(server).pages(server.firstCall)
            var (rows, position, recent, progress) = ([Int](), pages.start, [String](), ListProgress())
            while !position.isEmpty {
                var iterator = pages.resumed(at: position, recent: recent, progress: progress).makeAsyncIterator()
                guard let page = try await iterator.next() else { break }
                rows += try numbers(page)
                (position, recent, progress) = (page.remaining, page.identities, page.progress)
            }
            #expect(rows == Array(0..<server.rowCount), "seed \(seed)")
        }
    }

    @Test func `an ever-new cursor with the same rows ends with an error`() async throws {
        for rows in [#"[{"id":1}]"#, #"[{"n":1}]"#, "[]"] {
            let count = Locked(0)
            let transport = ScriptedTransport { request in
                if request.url.path == "/token" { return Response(json: ["access_token": "t", "expires_in": 3600]) }
                let cursor = count.withLock { count in
                    count += 1
                    return count
                }
                return Response(status: 200, body: Array(#"{"data":\#(rows),"cursor":"\#(cursor)"}"#.utf8))
            }
            let error = await #expect(throws: APIError.self) {
                for try await _ in try client(transport).pages(APICall("/list")) {}
            }
            #expect(error?.message.contains("20 pages") == true)
            #expect(count.withLock { $0 } <= 23)
        }
    }

    @Test func `a broken page is retried only if the call is idempotent`() async throws {
        for (method, isIdempotent, wanted) in [("GET", false, 5), ("POST", true, 5), ("POST", false, 1)] {
            let transport = ScriptedTransport { request in
                request.url.path == "/token"
                    ? Response(json: ["access_token": "t", "expires_in": 3600]) : Response(status: 200)
            }
            let call = APICall(method, "/list", isIdempotent: isIdempotent)
            let error = await #expect(throws: APIError.self) {
                for try await _ in try client(transport).pages(call) {}
            }
            #expect(error?.message.contains("page 1 (\(method) /list) cannot be read: the body is empty") == true)
            #expect(transport.requests.filter { $0.url.path == "/list" }.count == wanted)
        }
    }

    private func client(_ server: PagedServer) throws -> APIClient {
        try client(ScriptedTransport { server.response(to: $0) })
    }

    private func client(_ transport: ScriptedTransport) throws -> APIClient {
        let settings = [
            "OAUTH_TOKEN_URL": "https://login.example.com/token", "OAUTH_API_URL": "https://api.example.com",
            "OAUTH_CLIENT_ID": "i", "OAUTH_CLIENT_SECRET": "s",
        ]
        return APIClient(try Profile(Settings(environment: settings)), transport: transport, time: SkippingTime())
    }

    private func read(_ server: PagedServer) async throws -> (rows: [Int], error: APIError?) {
        var rows: [Int] = []
        do {
            for try await page in try client(server).pages(server.firstCall) { rows += try numbers(page) }
        } catch let error as APIError { return (rows, error) }
        return (rows, nil)
    }

    private func numbers(_ page: Page) throws -> [Int] {
        try page.items.map { try JSONReader.parse(Array($0))["n"]?.int ?? -1 }
    }
}
