internal import Ringdown
internal import RingdownCore

struct BenchClientCommand: Command {
    static let name = "bench-client"
    static let abstract = "Run Ringdown's library as a client of 'ringdown bench'."
    static let discussion = """
        Reads the commands 'token N', 'call N' and 'time' from standard input and answers each with a line of JSON. With
        'together' after N, the calls run concurrently. OAUTH_TOKEN_URL, OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET set the
        account. The source code is an example of a small adapter around APIClient.
        """
    static let examples = [
        (line: "echo 'token 3' | ringdown bench-client", purpose: "Get a token three times")
    ]

    func run() async throws -> Int32 {
        let context = Context.current
        let settings = Settings(variables: context.variables, flags: ["RINGDOWN_PLATFORM": "custom"])
        let client = try APIClient(Profile(settings), settings)
        while let line = await Self.readLine() {
            let words = line.split(separator: " ").map(String.init)
            let answer: JSON
            if words == ["time"] {
                answer = ["time": .number(String(context.time.now().wall.secondsSince1970))]
            } else if words.count >= 2, let count = Int(words[1]), count > 0, ["token", "call"].contains(words[0]) {
                let isCall = words[0] == "call"
                let errors =
                    words.last == "together"
                    ? await Self.failuresTogether(client, isCall, count) : await Self.failures(client, isCall, count)
                answer = [
                    "succeeded": .int(count - errors.count), "failed": .int(errors.count),
                    "error": .optional(errors.first),
                ]
            } else {
                answer = ["error": "unknown command"]
            }
            try context.standardOutput.line(answer.description)
        }
        return ExitCode.done
    }

    private static func readLine() async -> String? {
        (try? await Thread.run { Swift.readLine() }) ?? nil
    }

    private static func failures(_ client: APIClient, _ isCall: Bool, _ count: Int) async -> [String] {
        var errors: [String] = []
        for _ in 0..<count {
            do {
                if isCall { _ = try await client.get("/api/v2/tokens/me") } else { _ = try await client.token() }
            } catch { errors.append("\(error)") }
        }
        return errors
    }

    private static func failuresTogether(_ client: APIClient, _ isCall: Bool, _ count: Int) async -> [String] {
        await withTaskGroup(of: [String].self) { group in
            for _ in 0..<count { group.addTask { await failures(client, isCall, 1) } }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }
}
