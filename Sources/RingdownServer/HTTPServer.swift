internal import CMicroHTTPD
package import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A server that runs a handler on a TCP port with libmicrohttpd, which is loaded when the first server starts.
///
/// One thread or a few threads read and write for all connections. Deferred responses are produced by tasks.
package final class HTTPServer: Sendable {
    /// The reason why a server did not start.
    package struct StartError: Error, Sendable, CustomStringConvertible {
        package var address: String
        package var reason: String
        package var description: String { "cannot listen on \(address): \(reason)" }
    }

    /// The port of the server. The system chooses it if port 0 is requested.
    package let port: Int
    private let daemon: Daemon
    /// The path of the Unix domain socket, which is deleted with the server.
    private let path: String?

    /// Starts a server on a TCP port.
    ///
    /// - Parameters:
    ///   - address: The IPv4 address (default: 127.0.0.1).
    ///   - port: The port from 0 to 65535. 0 lets the system choose a port (default).
    ///   - threads: The number of requests that the handler processes concurrently (default: 1).
    ///   - idleSeconds: The time in seconds after which idle connections are closed (default: 120).
    ///   - time: The time source for slow bodies.
    ///   - handler: The handler of all requests.
    /// - Throws: ``StartError`` if the server cannot listen on the port.
    package init(
        address: String = "127.0.0.1", port: Int = 0, threads: Int = 1, idleSeconds: Int = 120,
        time: any TimeSource = SystemTime(), handler: any Handler
    ) throws(StartError) {
        let socket: Int32
        path = nil
        (socket, self.port) = try bindSocket(address, port)
        do {
            daemon = try Daemon(handler, time) { rd_daemon_start(socket, UInt32(threads), UInt32(idleSeconds), $0) }
        } catch {
            close(socket)
            throw StartError(address: "\(address):\(port)", reason: error.reason)
        }
    }

    /// Starts a server on a Unix domain socket that only the user can open.
    ///
    /// - Parameters:
    ///   - socketPath: The path of the socket.
    ///   - idleSeconds: The time in seconds after which idle connections are closed (default: 120).
    ///   - time: The time source for slow bodies.
    ///   - handler: The handler of all requests.
    /// - Throws: ``StartError`` if the server cannot listen on the socket.
    package init(
        socketPath: String, idleSeconds: Int = 120, time: any TimeSource = SystemTime(), handler: any Handler
    ) throws(StartError) {
        let socket = try bindUnixSocket(socketPath)
        (path, port) = (socketPath, 0)
        do {
            daemon = try Daemon(handler, time) { rd_daemon_start(socket, 1, UInt32(idleSeconds), $0) }
        } catch {
            close(socket)
            unlink(socketPath)
            throw StartError(address: socketPath, reason: error.reason)
        }
    }

    deinit {
        if let path { unlink(path) }
    }

    /// Waits until all connections are closed, so that all responses have arrived, but at most for `limit`.
    package func drain(within limit: Duration) async {
        let clock = SystemTime()
        let end = clock.now().uptime + limit
        while daemon.connectionCount > 0, clock.now().uptime < end { try? await clock.sleep(for: .milliseconds(5)) }
    }
}

/// Returns a listening socket and its port.
func bindSocket(_ address: String, _ port: Int) throws(HTTPServer.StartError) -> (socket: Int32, port: Int) {
    func failure(_ reason: String) -> HTTPServer.StartError { .init(address: "\(address):\(port)", reason: reason) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    guard let number = UInt16(exactly: port), inet_pton(AF_INET, address, &name.sin_addr) == 1 else {
        throw failure("expected an IPv4 address and a port from 0 to 65535")
    }
    name.sin_port = number.bigEndian
    #if canImport(Glibc)
        let stream = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    #else
        let stream = SOCK_STREAM
    #endif
    let descriptor = socket(AF_INET, stream, 0)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isServing = withUnsafeMutablePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, size) == 0 && listen(descriptor, 1024) == 0
                && getsockname(descriptor, address, &size) == 0
        }
    }
    guard isServing else {
        let reason = errno == EADDRINUSE ? "the port is in use" : String(cString: strerror(errno))
        close(descriptor)
        throw failure(reason)
    }
    return (descriptor, Int(UInt16(bigEndian: name.sin_port)))
}
