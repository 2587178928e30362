internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A TCP server on a free port of 127.0.0.1. The test writes every byte, for responses that no HTTP library sends.
///
/// Each connection has its own thread, which ends with the connection.
package final class RawServer: Sendable {
    /// The port of the server.
    package let port: Int
    private let listener: Int32
    /// The open connections, which are closed with the server.
    private let open = Locked<Set<Int32>>([])

    /// - Parameter serve: Called once for each connection, with its number, starting from 0.
    /// - Throws: `FileError` if the system cannot create a socket or a thread.
    package init(_ serve: @escaping @Sendable (RawConnectionToClient, Int) -> Void) throws {
        func failure() -> FileError { FileError(path: "127.0.0.1", code: errno) }
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let listener = socket(AF_INET, stream, 0)
        guard listener >= 0 else { throw failure() }
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 128) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw failure() }
        port = Int(UInt16(bigEndian: address.sin_port))
        let open = open
        try Thread {
            var number = 0
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0, errno == EINTR { continue }
                guard descriptor >= 0 else { return }
                let current = number
                number += 1
                _ = open.withLock { $0.insert(descriptor) }
                let thread = try? Thread {
                    serve(RawConnectionToClient(descriptor), current)
                    _ = open.withLock { $0.remove(descriptor) }
                    close(descriptor)
                }
                thread?.detach()
            }
        }.detach()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        open.withLock { $0.forEach { shutdown($0, Int32(SHUT_RDWR)) } }
    }
}

/// The server side of a connection. It closes when the function that serves it returns.
package struct RawConnectionToClient: Sendable {
    private let descriptor: Int32

    fileprivate init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Reads up to and including `end`, one byte at a time, so that later bytes remain in the socket. Returns nil if the connection
    /// closes first.
    package func read(until end: String) -> [UInt8]? {
        let end = Array(end.utf8)
        var bytes: [UInt8] = []
        while !bytes.suffix(end.count).elementsEqual(end) {
            guard let next = read(count: 1) else { return nil }
            bytes += next
        }
        return bytes
    }

    /// Reads exactly `count` bytes. Returns nil if the connection closes first.
    package func read(count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let read = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.unsafelyUnwrapped + filled, count - filled, 0)
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { return nil }
            filled += read
        }
        return bytes
    }

    /// Reads the head of the next request and a body of `Content-Length` bytes. Returns nil if the connection closes first.
    package func readRequest() -> (head: String, body: [UInt8])? {
        guard let bytes = read(until: "\r\n\r\n") else { return nil }
        let head = String(decoding: bytes, as: UTF8.self)
        let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: ":")[1].trimmingPrefix(" ")) }
        guard let body = read(count: length ?? 0) else { return nil }
        return (head, body)
    }

    /// Sends all bytes. Returns false if the client has disconnected.
    @discardableResult
    package func write(_ bytes: some Collection<UInt8>) -> Bool {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.unsafelyUnwrapped + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Sends a text. Returns false if the client has disconnected.
    @discardableResult
    package func write(_ text: String) -> Bool { write(text.utf8) }

    /// Makes the connection close with a reset.
    package func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }
}
