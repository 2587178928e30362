// Built by Tests/Acceptance/test_stranger.py with MemberImportVisibility and InternalImportsByDefault. The only import is Ringdown.
import Ringdown

struct QueueListing: Decodable {
    struct Queue: Decodable { var id: String, name: String }
    var entities: [Queue]
}

/// A transport of the program: counts the requests.
final class CountingTransport: Transport {
    let inner: any Transport
    init(_ inner: any Transport) { self.inner = inner }
    func send(_ request: Request) async throws(TransportError) -> Response { try await inner.send(request) }
}

struct StoppedClock: TimeSource {
    func now() -> Instant { Instant(uptime: .seconds(1), wall: Timestamp(secondsSince1970: 0)) }
    func sleep(for duration: Duration) async throws {}
}

func literalsAndSubscripts() throws {
    let body: JSON = ["name": "Support", "acwSettings": ["timeoutMs": 3000], "tags": ["a", nil], "isOpen": true]
    print(body["acwSettings"]?["timeoutMs"]?.int ?? 0, body["tags"]?.array?.first?.string ?? "-")
    print(try JSONReader.parse(body.bytes())["name"] ?? .null)
}

let client = try APIClient(.environment)
try literalsAndSubscripts()
print(try await client.token().value.reveal().isEmpty)
print(try await client.get("/api/v2/routing/queues", as: QueueListing.self).entities.count)
let response = try await client.send(APICall("/api/v2/organizations/me"))
print(response.status, response.headers["Content-Type"] ?? "-", response.isSuccess)
do { _ = try await client.get("/api/v2/nothing") } catch let error as any RingdownError {
    print(error.code, error.status ?? 0, error.hint.isEmpty, (error as? APIError)?.transport?.code.rawValue ?? "-")
}
for try await page in client.users(pageSize: 100).pages { print(page.count, page.remaining.count) }
let week = try Interval("2026-11-01/2026-11-08")
for try await conversation in try await client.conversationJob(in: week) { print(conversation.id); break }
