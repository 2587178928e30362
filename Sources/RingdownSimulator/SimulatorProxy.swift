internal import RingdownCore
internal import RingdownServer
internal import Synchronization

/// A forward proxy through which unmodified programs connect to a simulator by the platforms' real host names over TLS.
///
/// The proxy refuses any other host. Each proxy creates its own certificate authority.
public final class SimulatorProxy: Sendable {
    /// The certificate of the authority in PEM format.
    public let certificatePEM: [UInt8]
    /// The certificate of the authority as a Java key store.
    public let javaTrustStore: [UInt8]
    private let proxy: InterceptingProxy

    /// The URL of the proxy, for `HTTPS_PROXY`.
    public var url: String { "http://127.0.0.1:\(proxy.port)" }
    /// The port of the proxy on the loopback interface.
    public var port: Int { proxy.port }

    /// Starts the proxy.
    ///
    /// - Parameters:
    ///   - simulator: The simulator that answers the requests.
    ///   - port: The port, or 0 for a free one.
    /// - Throws: An error if the port is not available or a certificate cannot be created.
    public init(_ simulator: Simulator, port: Int = 0) throws {
        let authority = try CertificateAuthority(name: "Ringdown simulator, only for this run")
        certificatePEM = try authority.certificatePEM()
        javaTrustStore = try authority.javaTrustStore()
        proxy = try InterceptingProxy(
            port: port, authority: authority, hosts: Site.certificateNames, time: simulator.clock.base,
            handler: simulator,
            decide: { host, port in simulator.openTunnel(to: host, port) },
            refused: { method, url in
                simulator.keep(
                    sanitized(method, limit: 20), url.origin.authority, url.path, query: url.query,
                    reason: "only https is simulated")
            }
        )
        simulator.isIntercepted.store(true, ordering: .relaxed)
    }
}

extension Simulator {
    /// Accepts or refuses a tunnel. Adds a refused tunnel to the journal.
    func openTunnel(to host: String, _ port: Int) -> InterceptingProxy.Verdict {
        guard let site = self.site(host), port == 443 else {
            let name = sanitized(host, limit: 100)
            let reason = self.site(host) == nil ? "host is not simulated" : "port is not simulated"
            keep("CONNECT", port == 443 ? name : "\(name):\(port)", reason: reason)
            return .refused(reason: "\(name):\(port) is not simulated; the proxy connects to no other host")
        }
        let now = clock.now
        let rules = faults.withLock { $0.applying(toConnection: host, isGenesys: site.isGenesys, now: now) }
        let isExpired = rules.contains { $0.certificate == .expired }
        if isExpired { keep("CONNECT", host, status: 200, reason: "expired certificate presented", rules) }
        return .accepted(isCertificateExpired: isExpired)
    }

    /// Adds a connection or refused request to the journal.
    fileprivate func keep(
        _ method: String, _ host: String, _ path: String = "", query: String? = nil, status: Int = 403, reason: String,
        _ rules: [FaultRule] = []
    ) {
        let entry = RequestRecord(
            time: clock.now, host: host, method: method, path: path, query: query, status: status, reason: reason,
            faults: rules.count, effects: rules.flatMap(\.effects))
        world.withLock { $0.journal.add(entry) }
    }
}
