import Glibc
import RingdownCore
import RingdownCurl
import RingdownTestSupport

/// A fuzzer that sends generated responses to the transport over sockets. A crash, a hang, or a report of the memory checks of
/// the C library or of a sanitizer is a finding.
///
/// Usage: ResponseFuzzing [--count NUMBER] [--seconds NUMBER] [--seed NUMBER]
@main enum ResponseFuzzing {
    static func main() async throws {
        let count = option("--count") ?? Int.max
        let seconds = option("--seconds") ?? (count == .max ? 30 : 86400)
        let seed = UInt64(option("--seed") ?? 1)
        let server = try RawServer { connection, _ in serve(connection, seed) }
        let proxy = "http://127.0.0.1:\(server.port)"
        var configuration = CurlTransport.Configuration()
        configuration.proxies = try ProxySettings { $0 == "HTTPS_PROXY" ? proxy : nil }
        let transport = CurlTransport(configuration)
        let next = Locked(0)
        let end = SystemTime().now().uptime + .seconds(seconds)
        let outcomes = Locked<[String: Int]>([:])
        let before = residentKilobytes()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<48 {
                group.addTask {
                    while SystemTime().now().uptime < end {
                        let number = next.withLock { next in
                            next += 1
                            return next
                        }
                        if number > count { return }
                        let outcome = await send(number, server.port, transport)
                        outcomes.withLock { $0[outcome, default: 0] += 1 }
                    }
                }
            }
        }
        let total = outcomes.withLock { $0.values.reduce(0, +) }
        print(
            "\(total) responses with seed \(seed); resident memory \(before) kB before, \(residentKilobytes()) kB after"
        )
        for (outcome, count) in outcomes.withLock({ $0.sorted { $0.key < $1.key } }) { print("  \(outcome): \(count)") }
        withExtendedLifetime(server) {}
    }

    /// Sends a request and returns its outcome. One in five requests uses https through the proxy, one in three has a body.
    private static func send(_ number: Int, _ port: Int, _ transport: CurlTransport) async -> String {
        let address = number % 5 == 0 ? "https://n\(number).example/" : "http://127.0.0.1:\(port)/n\(number)."
        do {
            let method = ["GET", "POST", "GET", "HEAD", "PUT", "DELETE"][number % 6]
            var request = Request(method, try HTTPURL(address))
            if number % 3 == 0 { request.body = .bytes(Array("{\"a\":1}".utf8)) }
            if number % 7 == 0 { request.isDeclaredIdempotent = true }
            request.limits = .init(connect: .seconds(2), total: .milliseconds(100), responseInBytes: 1 << 20)
            return "status \(try await transport.send(request).status / 100)xx"
        } catch let error as TransportError {
            return error.code == .brokenResponse ? error.message : error.code.rawValue
        } catch { return "\(error)" }
    }

    private static func serve(_ connection: RawConnectionToClient, _ seed: UInt64) {
        while let (head, _) = connection.readRequest() {
            // `GET /n7. HTTP/1.1` or `CONNECT n7.example:443 HTTP/1.1`.
            let number =
                head.split(separator: "n", maxSplits: 1).dropFirst().first.flatMap { UInt64($0.prefix { $0.isNumber }) }
                ?? 0
            var generator = ResponseGenerator(seed: seed &* 1_000_003 &+ number)
            let plan = generator.plan(isConnect: head.hasPrefix("CONNECT"))
            connection.write(plan.bytes.prefix(plan.pause))
            sched_yield()
            connection.write(plan.bytes.dropFirst(plan.pause))
            switch plan.end {
            case .keep: break
            case .close: return
            case .reset: return connection.resetOnClose()
            }
        }
    }

    private static func option(_ name: String) -> Int? {
        let arguments = CommandLine.arguments
        return arguments.firstIndex(of: name).flatMap {
            arguments.indices.contains($0 + 1) ? Int(arguments[$0 + 1]) : nil
        }
    }

    private static func residentKilobytes() -> Int {
        let pages =
            (try? File.read("/proc/self/statm")).map { String(decoding: $0, as: UTF8.self).split(separator: " ") } ?? []
        return pages.count > 1 ? (Int(pages[1]) ?? 0) * 4 : 0
    }
}
