import RingdownCore
import RingdownCurl

// Arguments: URL IN_FLIGHT COUNT MODE. Sends COUNT GETs of URL through the transport, IN_FLIGHT concurrently. Prints requests per
// second. MODE is `thread` (tasks on the transport's thread) or `pool` (tasks on the system's thread pool).
let arguments = CommandLine.arguments
guard arguments.count == 5, let inFlight = Int(arguments[2]), let count = Int(arguments[3]) else { exit(64) }
let mode = arguments[4]
let transport = CurlTransport()
var request = Request("GET", try HTTPURL(arguments[1]), headers: ["Accept": "application/json"])
try request.headers.set("Authorization", Secret("Bearer 0123456789012345678901234567890123456789"))

@Sendable func work() async throws {
    try await withThrowingTaskGroup(of: Void.self) { [request] group in
        for worker in 0..<inFlight {
            let share = count / inFlight + (worker < count % inFlight ? 1 : 0)
            group.addTask {
                for _ in 0..<share {
                    let response = try await transport.send(request)
                    precondition(response.status == 200 && response.body.count == 60)
                }
            }
        }
        try await group.waitForAll()
    }
}

let start = SystemTime().now().uptime
if mode == "thread" { try await transport.withThread(work) } else { try await work() }
print(Int(Double(count) / (SystemTime().now().uptime - start).inSeconds))

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
