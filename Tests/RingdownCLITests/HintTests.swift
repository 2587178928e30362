import RingdownCLI
import RingdownCore
import RingdownTestSupport
import Testing

/// Every error suggests the most likely cause or the next command. A cancelled command needs no hint, and `doctor` prints its own.
@Suite struct HintTests {
    private static let platforms = [
        [
            "GENESYS_CLIENT_ID": "id", "GENESYS_CLIENT_SECRET": "s3cr3t-of-the-cl1ent", "GENESYS_REGION": "us-east-1",
        ],
        [
            "CXONE_CLIENT_ID": "id", "CXONE_CLIENT_SECRET": "s3cr3t-of-the-cl1ent", "CXONE_ACCESS_KEY_ID": "key",
            "CXONE_ACCESS_KEY_SECRET": "s3cr3t-of-the-k3y", "CXONE_REGION": "na1",
        ],
        [
            "OAUTH_TOKEN_URL": "https://login.example.com/token", "OAUTH_CLIENT_ID": "id",
            "OAUTH_CLIENT_SECRET": "s3cr3t-of-the-cl1ent", "OAUTH_API_URL": "https://api.example.com",
        ],
    ]

    /// Runs a command that must fail, and expects a hint.
    private func expectHint(
        _ line: String, _ variables: [String: String],
        _ answer: @escaping @Sendable (Request) throws(TransportError) -> Response
    ) async throws {
        let directory = try ScratchDirectory()
        let (output, errors) = (RecordedOutput(), RecordedOutput())
        let context = Context(
            variables: variables.merging(["RINGDOWN_CACHE": "off", "HOME": directory.path]) { $1 },
            workingDirectory: directory.path, standardOutput: output, standardError: errors,
            transport: ScriptedTransport(answer))
        let code = await Context.$current.withValue(context) {
            await RingdownTool.run(line.split(separator: " ").map(String.init))
        }
        #expect(code != 0 && code != 70, "\(line): \(errors.text)")
        #expect(errors.text.contains("\n  hint: "), "\(line): \(errors.text)")
        #expect(output.text.isEmpty, "\(line)")
    }

    private static let statuses = [
        204, 301, 302, 400, 401, 402, 403, 404, 405, 408, 409, 410, 411, 413, 415, 418, 422, 429, 431, 451, 500, 501,
        502, 503, 504, 507, 599,
    ]

    private static let bodies = [
        "", "{}", #"{"error":"invalid_grant"}"#, #"{"error":"invalid_client"}"#, #"{"error":"invalid_scope"}"#,
        #"{"error":"unauthorized_client"}"#, #"{"error":"unknown_error"}"#, #"{"message":"no","code":"not.known"}"#,
        "<html>blocked</html>",
    ]

    @Test(arguments: platforms)
    func `every refusal of a token request has a hint`(variables: [String: String]) async throws {
        for (status, body) in Self.statuses.flatMap({ status in Self.bodies.map { (status, $0) } }) {
            try await expectHint("token --max-wait 0s", variables) { _ in
                Response(status: status, body: Array(body.utf8))
            }
        }
    }

    @Test(arguments: platforms)
    func `every refusal of a call has a hint`(variables: [String: String]) async throws {
        for (status, body) in Self.statuses.filter({ $0 != 204 }).flatMap({ status in Self.bodies.map { (status, $0) } }
        ) {
            try await expectHint("api GET /api/v2/users --max-wait 0s", variables) { request in
                request.url.path.hasSuffix("token")
                    ? Response(json: ["access_token": "s3cr3t-access-t0ken", "expires_in": 3600])
                    : Response(status: status, body: Array(body.utf8))
            }
        }
    }

    @Test(arguments: TransportError.Code.allCases.filter { $0 != .cancelled })
    func `every failure of a connection has a hint`(code: TransportError.Code) async throws {
        for variables in Self.platforms {
            try await expectHint("token --max-wait 0s", variables) { (_) throws(TransportError) in
                throw TransportError(code, place: "https://host.example", message: "it failed")
            }
            try await expectHint("api GET /api/v2/users --max-wait 0s", variables) { (request) throws(TransportError) in
                if request.url.path.hasSuffix("token") {
                    return Response(json: ["access_token": "s3cr3t-access-t0ken", "expires_in": 3600])
                }
                throw TransportError(code, place: "https://host.example", message: "it failed")
            }
        }
    }

    @Test(arguments: [
        "api POST /api/v2/users --body @missing.json", "users --columns", "token missing", "token --region nowhere",
        "api GET users", "users --output nothing", "exec", "nonsense", "cache clear", "conversations",
        "conversations --interval nonsense", "users --resume missing/position.json --output ndjson",
        "profiles show missing", "jobs nonsense", "token --min-ttl nonsense",
        "api GET https://evil.example/api/v2/users", "simulate --faults missing.json -- true", "init missing/name",
        "rotate missing", "revoke missing", "whoami missing", "serve --port 70000", "login missing",
        "completion nonsense", "man nonsense", "tokens nonsense", "bench --client nonsense",
    ])
    func `every invalid input has a hint`(line: String) async throws {
        try await expectHint(line, Self.platforms[0]) { _ in
            Response(json: ["access_token": "s3cr3t-access-t0ken", "expires_in": 3600])
        }
    }
}
