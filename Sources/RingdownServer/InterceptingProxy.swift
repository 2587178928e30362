package import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A forward proxy (RFC 9110 section 9.3.6) that opens no connections. It responds on behalf of the hosts, over TLS.
///
/// A client requests a tunnel to a host with CONNECT. The proxy passes the connection to a server with a certificate for that host,
/// and the handler of that server receives the requests. All other requests are refused, so that none reaches the network.
package final class InterceptingProxy: Sendable {
    /// The decision on a tunnel to a host.
    package enum Verdict: Sendable {
        /// The tunnel is connected to the handler, with a valid or an expired certificate.
        case accepted(isCertificateExpired: Bool)
        /// The tunnel is refused with status 403 and a reason.
        case refused(reason: String)
    }

    /// The port of the proxy.
    package let port: Int
    private let tunnels: Tunnels
    private let thread: Thread

    /// Starts a proxy on 127.0.0.1.
    ///
    /// - Parameters:
    ///   - port: The port from 0 to 65535. 0 lets the system choose a port (default).
    ///   - authority: The authority that signs the server certificates.
    ///   - hosts: The names in the certificates. `*.` matches one label.
    ///   - time: The time source for certificates and slow bodies.
    ///   - handler: The handler of all requests.
    ///   - decide: Returns the decision on a tunnel. The host is in lower case.
    ///   - refused: Called for each request for a URL without a tunnel, which is refused.
    /// - Throws: `HTTPServer.StartError` if the proxy cannot listen or create certificates.
    package init(
        port: Int = 0, authority: CertificateAuthority, hosts: [String], time: any TimeSource, handler: any Handler,
        decide: @escaping @Sendable (_ host: String, _ port: Int) -> Verdict,
        refused: @escaping @Sendable (_ method: String, _ url: HTTPURL) -> Void
    ) throws {
        let now = time.now().wall
        func server(from: Double, until: Double) throws -> TLSServer {
            let identity = try authority.identity(for: hosts, from: now + .seconds(from), until: now + .seconds(until))
            return try TLSServer(identity, time: time, handler: handler)
        }
        let valid: TLSServer
        let expired: TLSServer
        do {
            (valid, expired) = (
                try server(from: -5 * year, until: 5 * year), try server(from: -5 * year, until: -86400)
            )
        } catch { throw HTTPServer.StartError(address: "127.0.0.1:\(port)", reason: "\(error)") }
        let socket: Int32
        (socket, self.port) = try bindSocket("127.0.0.1", port)
        let tunnels = Tunnels(listening: socket, valid: valid, expired: expired, decide: decide, refused: refused)
        self.tunnels = tunnels
        do { thread = try Thread { tunnels.run() } } catch {
            tunnels.close()
            throw HTTPServer.StartError(address: "127.0.0.1:\(port)", reason: "\(error)")
        }
    }

    deinit {
        tunnels.stop()
        thread.join()
        tunnels.close()
    }
}

private let year: Double = 365 * 86400

/// The connections whose CONNECT request is still incomplete.
private final class Tunnels: @unchecked Sendable {  // because `waiting` belongs to the thread in `run`
    private struct Connection {
        var socket: Int32
        var head: [UInt8] = []
        var deadline: Duration
    }

    private static let headLimitInBytes = 8192
    private static let limit = 1000
    private static let patience: Duration = .seconds(10)

    private let listening: Int32
    private let (stopping, stopper): (Int32, Int32)
    private let valid: TLSServer
    private let expired: TLSServer
    private let decide: @Sendable (String, Int) -> InterceptingProxy.Verdict
    private let refused: @Sendable (String, HTTPURL) -> Void
    private var waiting: [Connection] = []

    init(
        listening: Int32, valid: TLSServer, expired: TLSServer,
        decide: @escaping @Sendable (String, Int) -> InterceptingProxy.Verdict,
        refused: @escaping @Sendable (String, HTTPURL) -> Void
    ) {
        (self.listening, self.valid, self.expired) = (listening, valid, expired)
        (self.decide, self.refused) = (decide, refused)
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (stopping, stopper) = (ends[0], ends[1])
        _ = fcntl(listening, F_SETFL, fcntl(listening, F_GETFL) | O_NONBLOCK)
    }

    func stop() {
        var byte: UInt8 = 1
        _ = write(stopper, &byte, 1)
    }

    /// Closes all sockets. Call it only if `run` has returned or was never called.
    func close() {
        for socket in [listening, stopping, stopper] + waiting.map(\.socket) { _ = systemClose(socket) }
    }

    func run() {
        while true {
            var descriptors = [pollfd(fd: stopping, events: Int16(POLLIN), revents: 0)]
            // Above the limit, new connections remain in the queue of the system.
            let isOpen = waiting.count < Self.limit
            descriptors.append(pollfd(fd: isOpen ? listening : -1, events: Int16(POLLIN), revents: 0))
            descriptors += waiting.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
            poll(&descriptors, nfds_t(descriptors.count), waiting.isEmpty ? -1 : 1000)
            if descriptors[0].revents != 0 { return }
            let now = SystemTime().now().uptime
            var staying: [Connection] = []
            for (connection, descriptor) in zip(waiting, descriptors.dropFirst(2)) {
                if let rest = descriptor.revents == 0 ? connection : proceed(connection) {
                    if rest.deadline > now { staying.append(rest) } else { _ = systemClose(rest.socket) }
                }
            }
            waiting = staying
            if descriptors[1].revents != 0 { takeIn(now) }
        }
    }

    private func takeIn(_ now: Duration) {
        while waiting.count < Self.limit {
            let socket = systemAccept(listening)
            guard socket >= 0 else { return }
            waiting.append(Connection(socket: socket, deadline: now + Self.patience))
        }
    }

    /// Continues to read. Returns nil if the connection was passed on or closed.
    private func proceed(_ connection: Connection) -> Connection? {
        var connection = connection
        var chunk = [UInt8](repeating: 0, count: Self.headLimitInBytes)
        let count = recv(connection.socket, &chunk, chunk.count, Int32(MSG_PEEK))
        if count < 0, errno == EAGAIN || errno == EINTR { return connection }
        guard count > 0 else {
            _ = systemClose(connection.socket)
            return nil
        }
        // The bytes after the head belong to TLS and remain in the socket for the server.
        let known = connection.head.count
        connection.head += chunk.prefix(count)
        let end = endOfHead(connection.head, from: max(0, known - 3))
        let taken = end.map { $0 - known } ?? count
        _ = recv(connection.socket, &chunk, taken, 0)
        connection.head.removeLast(count - taken)
        if end == nil, connection.head.count <= Self.headLimitInBytes { return connection }
        open(connection, isWhole: end != nil)
        return nil
    }

    private func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (start...bytes.count - 4).first { bytes[$0..<$0 + 4].elementsEqual([13, 10, 13, 10]) }.map { $0 + 4 }
    }

    private func open(_ connection: Connection, isWhole: Bool) {
        guard isWhole else { return refuse(connection, 431, "Request Header Fields Too Large", "the head is too long") }
        let words = String(decoding: connection.head.prefix { $0 != 13 }, as: UTF8.self).split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else {
            return refuse(connection, 400, "Bad Request", "expected CONNECT host:port HTTP/1.1")
        }
        let parts = words[1].split(separator: ":").map(String.init)
        guard words[0] == "CONNECT", parts.count == 2, let port = Int(parts[1]) else {
            if let url = try? HTTPURL(String(words[1])) { refused(String(words[0]), url) }
            return refuse(
                connection, 403, "Forbidden", "this proxy accepts only https, and only to simulated hosts")
        }
        switch decide(parts[0].lowercased(), port) {
        case .refused(let reason): refuse(connection, 403, "Forbidden", reason)
        case .accepted(let isExpired):
            send(connection.socket, "HTTP/1.1 200 Connection established\r\n\r\n")
            (isExpired ? expired : valid).adopt(connection.socket)
        }
    }

    private func refuse(_ connection: Connection, _ status: Int, _ phrase: String, _ reason: String) {
        let body = "ringdown: \(reason)\n"
        send(
            connection.socket,
            "HTTP/1.1 \(status) \(phrase)\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Connection: close\r\n\r\n\(body)"
        )
        shutdown(connection.socket, Int32(SHUT_WR))
        _ = systemClose(connection.socket)
    }

    /// Sends a short text, which fits into the buffer of a new connection. A disconnected client is not an error.
    private func send(_ socket: Int32, _ text: String) {
        _ = systemSend(socket, Array(text.utf8))
    }
}

// The class has methods with the names of these system functions.
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

private func systemAccept(_ listening: Int32) -> Int32 {
    let socket = accept(listening, nil, nil)
    guard socket >= 0 else { return socket }
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
    return socket
}

private func systemSend(_ socket: Int32, _ bytes: [UInt8]) -> Int {
    #if canImport(Glibc)
        send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    #else
        send(socket, bytes, bytes.count, 0)
    #endif
}
