internal import Foundations
internal import HTTPModel
internal import HTTPServer
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

    /// Starts to serve at once. Throws `HTTPServer.StartError` and `CertificateAuthority.Failure`.
    public init(_ simulator: Simulator, port: Int = 0) throws {
        let authority = try CertificateAuthority(name: "Ringdown simulator, only for this run")
        certificatePEM = try authority.certificatePEM()
        javaTrustStore = try authority.javaTrustStore()
        proxy = try InterceptingProxy(
            port: port, authority: authority, hosts: Site.certificateNames, time: simulator.clock.base,
            handler: simulator,
            decide: { host, port in simulator.openTunnel(to: host, port) },
            refused: { method, url in
                let reason = "only https is simulated"
                simulator.keepRefusal(method, url.origin.authority, url.path, query: url.query, reason: reason)
            }
        )
        simulator.isIntercepted.store(true, ordering: .relaxed)
    }
}

extension Simulator {
    /// Judges a tunnel, and keeps one that is refused in the journal.
    func openTunnel(to host: String, _ port: Int) -> InterceptingProxy.Verdict {
        guard let site = self.site(host), port == 443 else {
            let name = excerpt(host, limit: 100)
            let reason = self.site(host) == nil ? "host is not simulated" : "port is not simulated"
            keepRefusal("CONNECT", port == 443 ? name : "\(name):\(port)", "", query: nil, reason: reason)
            return .refused(reason: "\(name):\(port) is not simulated, and nothing else is reached from here")
        }
        let now = clock.now
        let rules = faults.withLock { $0.applying(toConnection: host, isGenesys: site.isGenesys, now: now) }
        let isExpired = rules.contains { $0.certificate == .expired }
        if isExpired {
            let reason = "an expired certificate was shown"
            let entry = RequestRecord(
                time: now, host: host, method: "CONNECT", path: "", query: nil, status: 200, reason: reason,
                faults: rules.count, effects: rules.flatMap(\.effects))
            world.withLock { $0.journal.add(entry) }
        }
        return .accepted(isCertificateExpired: isExpired)
    }

    fileprivate func keepRefusal(_ method: String, _ host: String, _ path: String, query: String?, reason: String) {
        let entry = RequestRecord(
            time: clock.now, host: host, method: excerpt(method, limit: 20), path: path, query: query, status: 403,
            reason: reason)
        world.withLock { $0.journal.add(entry) }
    }
}
