public import Foundations
public import HTTPModel

/// Both platforms, as far as their fact pages know them, in memory: no network, no account.
///
/// It answers for the platforms' real host names (as the handler of an ``HTTPModel/InMemoryTransport``) and, behind
/// ``LiveSimulator``, on loopback ports. One Genesys Cloud organisation lives in one region; one CXone tenant in area `na1`.
public final class Simulator: Handler {
    /// What is simulated, and how.
    public struct Options: Sendable {
        /// Everything that is made up follows from this.
        public var seed: UInt64 = 1
        /// Users of Genesys Cloud and agents of CXone, each.
        public var userCount = 250
        /// How long tokens live; nil for each platform's usual time (24 h and 1 h).
        public var tokenLifetime: Duration?
        /// API calls a minute for each Genesys Cloud token (`genesys-cloud.md` section 3); 0 for no limit.
        public var callsPerMinute = 300
        /// The environment domain of the region in which the organisation lives.
        public var genesysDomain = "mypurecloud.com"

        public init() {}
    }

    let options: Options
    let data: DataSet
    let world: Locked<World>
    private let time: any TimeSource
    private let addresses = Locked(Addresses())

    public init(_ options: Options = Options(), time: any TimeSource = .system) {
        self.options = options
        self.time = time
        data = DataSet(seed: options.seed, userCount: options.userCount)
        world = Locked(World())
    }

    /// The credentials that the simulated platforms know.
    public var credentials: Credentials { data.credentials }

    /// Answers a request by the real host name in its URL.
    public func handle(_ request: Request) -> Reply {
        .ready(answer(request, at: Site(host: request.url.host)))
    }

    /// Answers a request that came in for a site, and keeps it in the journal.
    func answer(_ request: Request, at site: Site?) -> Response {
        if request.url.path.hasPrefix("/_sim/") || site == .control { return control(request) }
        let now = time.now().wall
        let call = Call(request: request, site: site, now: now, addresses: addresses.withLock { $0 })
        var answer =
            switch site {
            case .genesysLogin(let domain): genesysLogin(call, domain: domain)
            case .genesysAPI(let domain): genesysAPI(call, domain: domain)
            case .genesysGateway where request.url.path.hasPrefix("/oauth/"):
                genesysLogin(call, domain: options.genesysDomain)
            case .genesysGateway: genesysAPI(call, domain: options.genesysDomain)
            case .cxoneIssuer, .cxoneRegional: cxoneAuthentication(call)
            case .cxoneAPI, .cxoneCluster: cxoneAPI(call)
            case .cxoneDigital: cxoneDigital(call)
            case .control, nil: Answer(status: 502, reason: "no such host in the simulator")
            }
        try? answer.response.headers.set("Date", now.httpDate)
        let entry = Journal.Entry(
            time: now, host: site?.hostName(request.url.path, options) ?? request.url.host, method: request.method,
            path: request.url.path, query: request.url.query, status: answer.response.status, client: answer.client,
            reason: answer.reason
        )
        world.withLock { $0.journal.add(entry) }
        return answer.response
    }

    /// Where links in answers lead: the real hosts, unless live servers say otherwise.
    func setAddresses(_ new: Addresses) {
        addresses.withLock { $0 = new }
    }
}

/// A request as the simulated hosts see it.
struct Call {
    let request: Request
    let site: Site?
    let now: Timestamp
    let addresses: Addresses

    var url: HTTPURL { request.url }
    /// The parts of the path, percent-decoded.
    var segments: [String] { url.path.split(separator: "/").map { percentDecoded($0) } }
    var bodyBytes: [UInt8] {
        switch request.body {
        case .none: []
        case .bytes(let bytes): bytes
        case .secret(let secret): secret.withBytes { Array($0) }
        }
    }

    /// A header's value; a secret one too, since in memory requests arrive as they were built.
    func header(_ name: String) -> String? {
        for field in request.headers.fields where field.name.lowercased() == name.lowercased() {
            switch field.value {
            case .text(let text): return text
            case .secret(let secret): return secret.reveal()
            }
        }
        return nil
    }

    /// The credentials after a scheme name that compares without case.
    func authorization(_ scheme: String) -> String? {
        guard let value = header("Authorization") else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0].lowercased() == scheme ? String(parts[1]) : nil
    }
}

/// A response, and what the journal says about it.
struct Answer {
    var response: Response
    var client: String?
    var reason: String

    init(status: Int = 200, headers: Headers = [:], json: JSON? = nil, client: String? = nil, reason: String) {
        response =
            json.map { Response(status: status, headers: headers, json: $0) }
            ?? Response(status: status, headers: headers)
        self.client = client
        self.reason = reason
    }

    func with(_ name: String, _ value: String) -> Answer {
        var copy = self
        try? copy.response.headers.set(name, value)
        return copy
    }
}
