internal import RingdownCore
internal import RingdownServer
internal import Synchronization

/// A forward proxy through which programs reach a simulator by the platforms' real host names, over TLS, unchanged.
///
/// Any other host is refused. Its certificate authority is made for it and ends with it.
public final class SimulatorProxy: Sendable {
    /// What programs that trust this authority need: its certificate as PEM, and as a Java key store.
    public let certificatePEM: [UInt8]
    public let javaTrustStore: [UInt8]
    private let proxy: InterceptingProxy

    /// Where it listens, as `HTTPS_PROXY` has it.
    public var url: String { "http://127.0.0.1:\(proxy.port)" }
    public var port: Int { proxy.port }

    /// Starts to serve at once. Throws where a port or certificates cannot be had.
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
    /// Judges a tunnel, and keeps one that is refused in the journal.
    func openTunnel(to host: String, _ port: Int) -> InterceptingProxy.Verdict {
        guard let site = self.site(host), port == 443 else {
            let name = sanitized(host, limit: 100)
            let reason = self.site(host) == nil ? "host is not simulated" : "port is not simulated"
            keep("CONNECT", port == 443 ? name : "\(name):\(port)", reason: reason)
            return .refused(reason: "\(name):\(port) is not simulated, and nothing else is reached from here")
        }
        let now = clock.now
        let rules = faults.withLock { $0.applying(toConnection: host, isGenesys: site.isGenesys, now: now) }
        let isExpired = rules.contains { $0.certificate == .expired }
        if isExpired { keep("CONNECT", host, status: 200, reason: "an expired certificate was shown", rules) }
        return .accepted(isCertificateExpired: isExpired)
    }

    /// Keeps in the journal what became of a connection.
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
