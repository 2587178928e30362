internal import CMicroHTTPD
internal import RingdownCore

/// Serves a handler over TLS on connections that the caller has accepted.
final class TLSServer: Sendable {
    private let daemon: Daemon

    init(
        _ identity: CertificateAuthority.Identity, idleSeconds: Int = 120, time: any TimeSource, handler: any Handler
    ) throws(Daemon.NotStarted) {
        daemon = try Daemon(handler, time, isEncrypted: true) { callbacks in
            let key = identity.key.reveal()
            return (identity.certificate + [0]).withUnsafeBufferPointer { certificate in
                certificate.withMemoryRebound(to: CChar.self) {
                    $0.baseAddress.flatMap { rd_daemon_start_tls($0, key, UInt32(idleSeconds), callbacks) }
                }
            }
        }
    }

    /// Takes ownership of a connected socket, also on failure.
    func adopt(_ socket: Int32) {
        daemon.adopt(socket)
    }
}

/// A running libmicrohttpd daemon and its handler. The daemon stops when the last reference is released.
final class Daemon: @unchecked Sendable {  // because `daemon` is set once and stopped once, in `deinit`
    struct NotStarted: Error {
        var reason: String
    }

    private let daemon: OpaquePointer
    private let service: Unmanaged<Service>

    init(
        _ handler: any Handler, _ time: any TimeSource, isEncrypted: Bool = false,
        start: (rd_daemon_callbacks) -> OpaquePointer?
    ) throws(NotStarted) {
        if let failure = microhttpd_open() {
            throw NotStarted(
                reason: "cannot load libmicrohttpd: \(String(cString: failure)); install libmicrohttpd12")
        }
        // Released in `deinit`, after the thread of the daemon has ended.
        let service = Unmanaged.passRetained(Service(handler, time, isEncrypted: isEncrypted))
        let callbacks = rd_daemon_callbacks(
            begin: { _, target, connection in Exchange.begin(target, connection) },
            access: { context, connection, _, method, _, data, count, state in
                Exchange.access(context, connection, method, data, count, state)
            },
            completed: { _, _, state, _ in Exchange.end(state) },
            context: service.toOpaque()
        )
        guard let daemon = start(callbacks) else {
            service.release()
            throw NotStarted(reason: "libmicrohttpd did not start")
        }
        self.daemon = daemon
        self.service = service
    }

    deinit {
        // Suspended exchanges keep their connections open, so they are completed before the daemon stops.
        service.takeUnretainedValue().drain()
        rd_daemon_stop(daemon)
        service.release()
    }

    func adopt(_ socket: Int32) {
        _ = rd_daemon_adopt(daemon, socket)
    }

    var connectionCount: Int { Int(rd_daemon_connections(daemon)) }
}
