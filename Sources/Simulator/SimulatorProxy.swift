internal import Foundations
internal import HTTPModel
internal import HTTPServer

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
            handler: simulator
        ) { host, port in simulator.openTunnel(to: host, port) }
    }
}

extension Simulator {
    /// Judges a tunnel, and keeps one that is refused in the journal.
    func openTunnel(to host: String, _ port: Int) -> InterceptingProxy.Verdict {
        guard let site = Site(host: host), port == 443 else {
            let reason = "\(excerpt(host, limit: 100)):\(port) is not simulated, and nothing else is reached from here"
            let entry = RequestRecord(
                time: clock.now, host: excerpt(host, limit: 100), method: "CONNECT", path: "", status: 403,
                reason: "host is not simulated")
            world.withLock { $0.journal.add(entry) }
            return .refused(reason: reason)
        }
        let now = clock.now
        let rules = faults.withLock { $0.applying(toConnection: host, isGenesys: site.isGenesys, now: now) }
        return .accepted(isCertificateExpired: rules.contains { $0.certificate == .expired })
    }
}
