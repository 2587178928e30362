import RingdownCLI
import RingdownCore
import RingdownTestSupport
import Testing

/// Text from servers is filtered before it reaches terminals and traces.
@Suite struct OutputSafetyTests {
    private let directory: ScratchDirectory

    init() throws {
        directory = try ScratchDirectory()
    }

    /// Runs a command against a server that answers API calls with `answer`.
    ///
    /// - Returns: Standard output and standard error.
    private func run(
        _ line: String, isTerminal: Bool = true, _ answer: @escaping @Sendable (Request) -> Response
    ) async -> String {
        let transport = ScriptedTransport { request in
            request.url.path.hasSuffix("/token")
                ? Response(json: ["access_token": "s3cr3t-access-t0ken", "expires_in": 3600]) : answer(request)
        }
        let stream = RecordedOutput(isTerminal: isTerminal)
        let variables = [
            "GENESYS_CLIENT_ID": "id", "GENESYS_CLIENT_SECRET": "s3cr3t-of-the-cl1ent", "RINGDOWN_CACHE": "off",
            "TERM": "dumb", "RINGDOWN_MAX_WAIT": "0s", "RINGDOWN_JOB_LIMIT": "0s",
        ]
        let context = Context(
            variables: variables, workingDirectory: directory.path, standardOutput: stream, standardError: stream,
            transport: transport)
        _ = await Context.$current.withValue(context) {
            await RingdownTool.run(line.split(separator: " ").map(String.init))
        }
        return stream.text
    }

    /// ESC, CSI (C1, in UTF-8 and as a single byte), DEL, BEL, a single carriage return, and a character that reverses the line.
    private static let hostile = "a\u{1B}[31mb\u{9B}2Jc\u{7F}d\u{7}e\rf\u{202E}g"
    private static let page: [UInt8] =
        Array(#"{"entities":[{"id":"1","name":""#.utf8) + Array("a\u{9B}2Jc\u{7F}d\u{202E}g".utf8) + [0x9B]
        + Array(#"\u001b[31m\u0007\u009b","email":"x@y"}],"pageNumber":1,"pageCount":1}"#.utf8)

    private func hasControls(_ text: String) -> Bool {
        text.replacing("\r\n", with: "\n").unicodeScalars.contains {
            [.control, .format].contains($0.properties.generalCategory) && $0 != "\n" && $0 != "\t"
        }
    }

    @Test(arguments: ["table", "json", "ndjson", "csv"])
    func `escapes control characters in a list on a terminal`(format: String) async {
        let text = await run("users --platform genesys --output \(format)") { _ in
            Response(status: 200, headers: ["Content-Type": "application/json"], body: Self.page)
        }
        #expect(text.contains("x@y") && !hasControls(text), "\(text.debugDescription)")
    }

    @Test(arguments: [200, 400, 500])
    func `escapes control characters in a response on a terminal`(status: Int) async {
        for body in [
            Array(Self.hostile.utf8) + [0x9B], Array(#"{"message":"\u001b[31m\u009b","code":"\u001b"}"#.utf8),
            Self.page,
        ] {
            let text = await run("api GET /api/v2/users --platform genesys --max-wait 0s") { _ in
                Response(status: status, headers: ["Content-Type": "text/plain"], body: body)
            }
            #expect(!text.isEmpty && !hasControls(text), "\(text.debugDescription)")
        }
    }

    @Test func `writes a response unchanged to a pipe`() async {
        let text = await run("api GET /api/v2/users --platform genesys", isTerminal: false) { _ in
            Response(status: 200, body: Array(Self.hostile.utf8))
        }
        #expect(text == Self.hostile + "\n")
    }

    @Test func `stores only values that are known to be harmless in a trace`() async throws {
        let path = directory.path + "/trace.har"
        _ = await run(
            "api GET /api/v2/users?pageSize=7&sig=S1&api_key=S2&apikey=S3&cursor=S4&%73ig=S5 --platform genesys --trace \(path)"
        ) { _ in
            var response = Response(json: [
                "id": "visible-id", "pageSize": 7, "downloadUrl": "https://files.example/x?X-Amz-Signature=S6",
                "nextUri": "/api/v2/users?pageSize=7&sig=S7#S8", "apikey": "S9", "pin": 1234567,
                "code": "s3cr3t-access-t0ken",
                "nested": ["name": "S10", "list": ["S11"]],
            ])
            for name in ["X-ApiKey", "X-Session", "Set-Cookie", "Www-Authenticate", "X-Custom"] {
                response.headers.addUnchecked(name, "S12")
            }
            response.headers.addUnchecked("Location", "https://user:S13@host.example/x?pageSize=1&sig=S14")
            return response
        }
        let text = String(decoding: try File.read(path), as: UTF8.self)
        let har = try JSONReader.parse(Array(text.utf8))
        #expect(har["log"]?["entries"]?.array?.count == 2)
        for number in 1...14 { #expect(text.contains("S\(number)") == false, "S\(number)") }
        for secret in ["s3cr3t-access-t0ken", "s3cr3t-of-the-cl1ent", "1234567"] { #expect(!text.contains(secret)) }
        for harmless in ["visible-id", "pageSize=7", "nextUri", "X-ApiKey", "downloadUrl"] {
            #expect(text.contains(harmless))
        }
    }

    /// A server that echoes the client secret and the token wherever a message may quote it.
    @Test(arguments: [
        "api GET /api/v2/x --platform genesys --max-wait 0s",
        "api GET /api/v2/x --paginate --platform genesys --max-wait 0s",
        "users --platform genesys --max-wait 0s", "doctor --platform genesys --call /api/v2/x",
        "conversations --job --interval 2026-11-01/2026-11-02 --platform genesys --verbose --max-wait 0s",
        "revoke --platform genesys",
    ])
    func `a secret that the API host echoes is not printed`(line: String) async {
        let (secret, token) = ("s3cr3t-of-the-cl1ent", "s3cr3t-access-t0ken")
        let long = String(repeating: "x", count: 200)
        let bodies: [JSON] = [
            ["message": "bad \(secret) \(token)", "code": .string(secret), "contextId": .string(token)],
            ["message": "Missing the following permission(s): \(token) \(secret)", "code": "missing.permissions"],
            [.init(stringLiteral: ""), .string(long + secret), .string(token)],
            ["\(secret)": [1], "\(token)": [2]],
            ["jobId": "1", "state": .string("\(secret)\n\(token)"), "errorMessage": .string(secret)],
            [
                "organization": ["id": .string(secret), "name": .string(token)], "name": .string(secret),
                "id": .string(token),
            ],
        ]
        for body in bodies {
            for status in [200, 400, 401, 403, 404, 500] {
                let text = await run(line, isTerminal: false) { _ in
                    var response = Response(status: status, json: body)
                    response.headers.addUnchecked("ININ-Correlation-Id", secret)
                    response.headers.addUnchecked("inin-ratelimit-count", token)
                    response.headers.addUnchecked("inin-ratelimit-allowed", secret)
                    return response
                }
                // The response itself is the output of `api`.
                if line.hasPrefix("api"), status == 200 { continue }
                #expect(!text.contains(secret) && !text.contains(token), "\(status) \(body): \(text)")
            }
        }
    }

    @Test(arguments: [
        #"{"Resources":[{}],"startIndex":9223372036854775807,"totalResults":9223372036854775807}"#,
        #"{"entities":[{}],"pageNumber":9223372036854775806,"pageCount":9223372036854775807,"total":-9223372036854775808}"#,
        #"{"entities":[{}],"totalRecords":9223372036854775807,"total":99999999999999999999999}"#,
        #"{"conversations":[{"conversationId":"1","conversationStart":"2026-11-01T00:00:00Z","totalDurationSeconds":1e308}],"totalHits":1}"#,
    ])
    func `accepts extreme numbers from a server without overflow`(body: String) async {
        for line in [
            "api GET /api/v2/x?skip=9223372036854775807&startIndex=1 --paginate --platform genesys --output ndjson --limit 3",
            "conversations --interval 2026-11-01/2026-11-02 --platform genesys --limit 3",
        ] {
            let text = await run(line) { _ in
                var response = Response(status: 200, body: Array(body.utf8))
                for name in ["inin-ratelimit-count", "inin-ratelimit-allowed"] {
                    response.headers.addUnchecked(name, "9223372036854775807")
                }
                response.headers.addUnchecked("inin-ratelimit-reset", "1")
                response.headers.addUnchecked("Retry-After", "1e308")
                return response
            }
            #expect(text.contains("this is a bug") == false)
        }
    }
}

extension Headers {
    /// Adds a field as a server may send it.
    fileprivate mutating func addUnchecked(_ name: String, _ text: String) {
        do { try set(name, text) } catch { Issue.record(error) }
    }
}
