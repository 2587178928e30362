package import RingdownCore

/// A transport that sends requests with libcurl, on one thread and over a pool of persistent connections.
///
/// libcurl is loaded when the first request is sent. HTTP/2 is used only if the implementation in the loaded version is safe. TLS
/// certificates are verified, only `http` and `https` are supported, and redirects are never followed.
package final class CurlTransport: CancellableTransport {
    /// The proxies, the certificate authorities and the client certificate.
    package struct Configuration: Sendable {
        /// The proxies for requests.
        package var proxies: ProxySettings
        /// The trusted certificate authorities.
        package var trust: TrustSettings
        /// The paths of a client certificate and its key (PEM), for servers that request one.
        package var clientCertificate: (certificate: String, key: String?)?
        /// The value of the `User-Agent` header.
        package var userAgent: String
        /// The maximum number of open connections. Further requests wait for a free one.
        package var connectionLimit: Int

        package init(
            proxies: ProxySettings = .none, trust: TrustSettings = TrustSettings(),
            clientCertificate: (certificate: String, key: String?)? = nil, userAgent: String = "ringdown",
            connectionLimit: Int = 128
        ) {
            self.proxies = proxies
            self.trust = trust
            self.clientCertificate = clientCertificate
            self.userAgent = userAgent
            self.connectionLimit = connectionLimit
        }
    }

    package let configuration: Configuration
    private enum State {
        case idle
        case started(CurlLoop)
        case shutDown
    }
    private let state = Locked(State.idle)

    package init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    deinit {
        if case .started(let loop) = state.withLock({ $0 }) { loop.stop() }
    }

    package func send(_ request: Request) async throws(TransportError) -> Response {
        try await perform(transfer(request))
    }

    package func send(_ request: Request, in group: CancellationGroup) async throws(TransportError) -> Response {
        let (transfer, loop) = (transfer(request), try startedLoop())
        guard let number = group.add({ loop.cancel(transfer) }) else { throw transfer.cancelled }
        defer { group.remove(number) }
        return try await perform(transfer)
    }

    /// Ends all requests and the thread, and waits for the end without blocking a thread.
    ///
    /// Requests in progress end as cancelled. Later ones throw `TransportError`.
    package func shutdown() async {
        let former = state.withLock { state in
            defer { state = .shutDown }
            return state
        }
        if case .started(let loop) = former { await loop.stopped() }
    }

    /// Sends a request over a new connection and returns the details of the connection.
    ///
    /// - Throws: `TransportError`, as ``send(_:)`` does.
    package func inspect(_ request: Request) async throws(TransportError) -> (Response, ConnectionReport) {
        let transfer = transfer(request, isInspecting: true)
        let response = try await perform(transfer)
        return (response, transfer.connection ?? ConnectionReport())
    }

    /// Returns the URL of the proxy for a server, without user name and password, or nil for a direct connection.
    package func proxy(for origin: HTTPURL.Origin) -> String? { configuration.proxies.proxy(for: origin)?.url }

    private func transfer(_ request: Request, isInspecting: Bool = false) -> Transfer {
        Transfer(
            request, proxy: configuration.proxies.proxy(for: request.url.origin), trust: configuration.trust,
            isInspecting: isInspecting)
    }

    private func perform(_ transfer: Transfer) async throws(TransportError) -> Response {
        let loop = try startedLoop()
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                transfer.continuation = continuation
                loop.start(transfer)
            }
        } onCancel: {
            loop.cancel(transfer)
        }
        return try result.get()
    }

    /// Runs `body` on the thread of the transport, so that its requests do not switch threads. This makes many small requests
    /// several times faster. Blocking in `body` blocks all transfers.
    package func withThread<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await withTaskExecutorPreference(startedLoop()) { try await body() }
    }

    private func startedLoop() throws(TransportError) -> CurlLoop {
        try state.withLock { state throws(TransportError) in
            switch state {
            case .started(let loop): return loop
            case .shutDown:
                throw TransportError(.setup, place: "libcurl", message: "the transport was shut down")
            case .idle:
                let loop = try CurlLoop(configuration)
                state = .started(loop)
                return loop
            }
        }
    }
}
