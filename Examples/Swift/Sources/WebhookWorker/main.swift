// Processes webhook events from standard input, one line of JSON each: {"user": "<id>"}
//
// Eight concurrent tasks share one client: one token, one rate limiter, one circuit breaker.
import Foundation
import Ringdown

let client = try APIClient(.environment)
client.observe { event in
    if case .retrying(_, let path, let after, let reason) = event { print("again in \(after): \(path), \(reason)") }
}

struct Event: Decodable { var user: String }
struct User: Decodable { var name: String, email: String? }

func handle(_ line: String) async -> String {
    do {
        let event = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
        let user = try await client.get("/api/v2/users/\(event.user)") {
            try JSONDecoder().decode(User.self, from: Data($0))
        }
        return "\(user.name) <\(user.email ?? "-")>"
    } catch { return "failed: \(error)" }
}

await withTaskGroup(of: String.self) { group in
    var running = 0
    while let line = readLine() {
        if running == 8, let done = await group.next() { print(done); running -= 1 }
        group.addTask { await handle(line) }
        running += 1
    }
    for await done in group { print(done) }
}
print("\(client.counts.calls) calls, \(client.counts.retries) sent again")
