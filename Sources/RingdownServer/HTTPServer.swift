internal import CMicroHTTPD
package import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Serves a handler on a TCP port with libmicrohttpd, which is opened when the first server starts.
///
/// One thread or a few read and write for all connections; answers that take their time wait in tasks of their own.
package final class HTTPServer: Sendable {
    /// Why a server did not start.
    package struct StartError: Error, Sendable, CustomStringConvertible {
        package var address: String
        package var reason: String
        package var description: String { "cannot listen on \(address): \(reason)" }
    }

    /// The port that is served; chosen by the system where 0 was asked for.
    package let port: Int
    private let daemon: Daemon
    /// The socket's file, which goes with the server.
    private let path: String?

    /// Starts to serve at once. Connections that are silent for `idleSeconds` are closed. Slow bodies are slow in `time`. With
    /// several `threads` the handler answers as many requests side by side.
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

    /// The same on a socket in the file system, for the user alone.
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

    /// Returns once every connection is closed, so that its last answer has arrived; or after `limit`.
    package func drain(within limit: Duration) async {
        let clock = SystemTime()
        let end = clock.now().uptime + limit
        while daemon.connectionCount > 0, clock.now().uptime < end { try? await clock.sleep(for: .milliseconds(5)) }
    }
}

/// A socket that listens, and its port.
func bindSocket(_ address: String, _ port: Int) throws(HTTPServer.StartError) -> (socket: Int32, port: Int) {
    func failure(_ reason: String) -> HTTPServer.StartError { .init(address: "\(address):\(port)", reason: reason) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    guard let number = UInt16(exactly: port), inet_pton(AF_INET, address, &name.sin_addr) == 1 else {
        throw failure("an IPv4 address and a port from 0 to 65535 were expected")
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
