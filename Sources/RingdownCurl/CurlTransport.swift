package import RingdownCore

/// Sends requests with libcurl: one thread, a pool of connections that are kept alive, HTTP/1.1, and HTTP/2 where libcurl's is
/// known to be safe.
///
/// libcurl is opened when the first request is sent. TLS certificates are verified, only `http` and `https` are spoken,
/// and redirects are never followed.
package final class CurlTransport: Transport {
    /// Proxies, certificate authorities and the client's own certificate.
    package struct Configuration: Sendable {
        package var proxies: ProxySettings
        package var trust: TrustSettings
        /// Paths of a client certificate and its key (PEM), for servers that ask for one.
        package var clientCertificate: (certificate: String, key: String?)?
        /// Sent as `User-Agent`.
        package var userAgent: String

        package init(
            proxies: ProxySettings = .none, trust: TrustSettings = TrustSettings(),
            clientCertificate: (certificate: String, key: String?)? = nil, userAgent: String = "ringdown"
        ) {
            self.proxies = proxies
            self.trust = trust
            self.clientCertificate = clientCertificate
            self.userAgent = userAgent
        }
    }

    package let configuration: Configuration
    private let loop = Locked<CurlLoop?>(nil)

    package init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    deinit {
        loop.withLock { $0 }?.stop()
    }

    package func send(_ request: Request) async throws(TransportError) -> Response {
        try await perform(transfer(request))
    }

    /// Sends a request over a connection of its own, and tells how that was made. Throws what ``send(_:)`` does.
    package func inspect(_ request: Request) async throws(TransportError) -> (Response, ConnectionReport) {
        let transfer = transfer(request, isInspecting: true)
        let response = try await perform(transfer)
        return (response, transfer.connection ?? ConnectionReport())
    }

    /// The proxy through which a server is asked, without user name and password; nil where it is asked directly.
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

    /// Runs `body` on the transport's own thread: its requests then cost no hop between threads, which makes many small
    /// ones several times faster. What blocks in there blocks the network.
    package func withThread<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await withTaskExecutorPreference(startedLoop()) { try await body() }
    }

    private func startedLoop() throws(TransportError) -> CurlLoop {
        try loop.withLock { loop throws(TransportError) in
            if let loop { return loop }
            let started = try CurlLoop(configuration)
            loop = started
            return started
        }
    }
}
