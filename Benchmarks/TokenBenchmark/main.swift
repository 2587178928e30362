import RingdownCore
import RingdownOAuth

// Requests tokens from a token source with a cached token. THREADS tasks (default: 1) run concurrently. Prints millions of tokens
// per second.
struct Granting: TokenRequester {
    func requestToken(draw: Double) async throws(TokenError) -> Token {
        Token(value: Secret("token"), lifetime: .seconds(86400), requested: SystemTime().now())
    }
}

let source = TokenSource(Granting(), key: CacheKey(fields: []))
_ = try await source.token()
let count = 4_000_000
let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1
let start = SystemTime().now().uptime
await withTaskGroup(of: Void.self) { group in
    for _ in 0..<threads {
        group.addTask { for _ in 0..<count { _ = try? await source.token() } }
    }
}
print(Double(threads * count) / (SystemTime().now().uptime - start).inSeconds / 1e6)
