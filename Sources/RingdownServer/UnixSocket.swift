internal import CMicroHTTPD  // provides the system's sockets, which Glibc of the static library lacks
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Returns a listening Unix domain socket that only the user can open. A socket without a server is replaced. Throws if another
/// process serves the socket.
func bindUnixSocket(_ path: String) throws(HTTPServer.StartError) -> Int32 {
    func failure(_ reason: String) -> HTTPServer.StartError { .init(address: path, reason: reason) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard !path.isEmpty, path.utf8.count < room else { throw failure("expected a path of 1 to \(room - 1) bytes") }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    #if canImport(Glibc)
        let stream = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    #else
        let stream = SOCK_STREAM
    #endif
    func perform(_ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32) -> Bool {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
    var information = stat()
    if lstat(path, &information) == 0 {
        guard information.st_mode & S_IFMT == S_IFSOCK, information.st_uid == geteuid() else {
            throw failure("the path exists and is not a socket of this user")
        }
        let probe = socket(AF_UNIX, stream, 0)
        let isServed = perform(connect, probe)
        close(probe)
        if isServed { throw failure("another process serves this socket") }
        unlink(path)
    }
    let descriptor = socket(AF_UNIX, stream, 0)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    // No other user can connect, not even between the two calls.
    #if canImport(Glibc)
        fchmod(descriptor, 0o600)
        let isBound = perform(bind, descriptor)
        let code = errno
    #else
        // `fchmod` does not work on sockets. The mask belongs to the process.
        let former = umask(0o177)
        let isBound = perform(bind, descriptor)
        let code = errno
        umask(former)
    #endif
    guard isBound, listen(descriptor, 1024) == 0 else {
        let reason = String(cString: strerror(isBound ? errno : code))
        close(descriptor)
        throw failure(reason)
    }
    return descriptor
}
