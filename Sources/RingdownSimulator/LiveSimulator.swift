internal import RingdownCore
internal import RingdownServer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A simulator on loopback ports, one for each host. The control plane is available on every port. The servers stop when the
/// last reference is released.
public final class LiveSimulator: Sendable {
    public let simulator: Simulator
    public let addresses: Addresses
    private let servers: [HTTPServer]
    private static let sites: [Site] = [
        .genesysGateway, .cxoneIssuer, .cxoneRegional, .cxoneAPI, .cxoneCluster, .cxoneDigital, .control, .storage,
    ]

    /// The number of threads for each port: one per processor, from 1 to 4.
    private static var threadCount: Int { min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 4) }

    /// The number of ports of a live simulator.
    public static var portCount: Int { sites.count }

    /// Starts the servers.
    ///
    /// - Parameters:
    ///   - simulator: The simulator that answers the requests.
    ///   - firstPort: The first of ``portCount`` consecutive ports (default: free ports).
    /// - Throws: An error if a port is not available.
    public init(_ simulator: Simulator, firstPort: Int? = nil) throws {
        self.simulator = simulator
        var addresses = Addresses(simulator.options)
        let served = Locked(AddressBook(addresses))
        // Virtual time checks every thread before each jump, so fewer threads make it faster.
        let threads = simulator.clock.virtual == nil ? Self.threadCount : 1
        servers = try Self.sites.enumerated().map { index, site throws(HTTPServer.StartError) in
            let handler = SiteHandler(simulator: simulator, site: site, addresses: served)
            let port = firstPort.map { $0 + index } ?? 0
            return try HTTPServer(port: port, threads: threads, time: simulator.clock.base, handler: handler)
        }
        let urls = servers.map { "http://127.0.0.1:\($0.port)" }
        (addresses.genesys, addresses.cxoneIssuer, addresses.cxoneRegional) = (urls[0], urls[1], urls[2])
        (addresses.cxoneAPI, addresses.cxoneCluster, addresses.cxoneDigital) = (urls[3], urls[4], urls[5])
        (addresses.control, addresses.storage) = (urls[6], urls[7])
        self.addresses = addresses
        served.withLock { $0 = AddressBook(addresses) }
    }

    /// The environment variables with which programs connect to the simulated platforms.
    public var environment: [(name: String, value: String)] { simulator.settings(addresses, simulator.credentials) }
}

private struct SiteHandler: Handler {
    let simulator: Simulator
    let site: Site
    let addresses: Locked<AddressBook>

    func handle(_ request: Request) -> Reply {
        simulator.answer(request, at: site, addresses: addresses.withLock { $0 })
    }
}

extension Simulator {
    /// The environment variables with which programs connect to the simulator at these addresses.
    func settings(_ addresses: Addresses, _ credentials: Credentials) -> [(name: String, value: String)] {
        [
            ("GENESYS_CLIENT_ID", credentials.genesysClientID),
            ("GENESYS_CLIENT_SECRET", credentials.genesysClientSecret),
            ("GENESYS_REGION", options.genesysRegion ?? options.genesysDomain),
            ("GENESYS_LOGIN_URL", addresses.genesys),
            ("GENESYS_API_URL", addresses.genesys),
            // Links of the simulated APIs lead to these ports.
            ("CXONE_LOOPBACK_ORIGINS", "\(addresses.cxoneAPI),\(addresses.cxoneCluster)"),
            ("CXONE_CLIENT_ID", credentials.cxoneClientID), ("CXONE_CLIENT_SECRET", credentials.cxoneClientSecret),
            ("CXONE_ACCESS_KEY_ID", credentials.cxoneAccessKeyID),
            ("CXONE_ACCESS_KEY_SECRET", credentials.cxoneAccessKeySecret),
            ("CXONE_REGION", options.cxoneArea), ("CXONE_ISSUER", addresses.cxoneIssuer),
            ("CXONE_API_URL", addresses.cxoneAPI),
            ("RINGDOWN_SIM_URL", addresses.control),
        ]
    }
}
