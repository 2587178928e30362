public import RingdownCore
internal import Synchronization

/// An in-memory simulator of both platforms as described by their fact pages. It needs neither a network nor an account.
///
/// The simulator serves the platforms' real host names as the handler of an ``HTTPModel/InMemoryTransport``, and loopback
/// ports through ``LiveSimulator``. It has one Genesys Cloud organisation in one region and one CXone tenant in one area.
public final class Simulator: Handler {
    /// The options of a simulator.
    public struct Options: Sendable {
        /// The seed for generated data (default: 1).
        public var seed: UInt64 = 1
        /// The number of Genesys Cloud users and the number of CXone agents (default: 250).
        public var userCount = 250
        /// The lifetime of tokens (default: 24 hours for Genesys Cloud, 1 hour for CXone).
        public var tokenLifetime: Duration?
        /// The maximum number of API calls per minute for each Genesys Cloud token (`genesys-cloud.md` section 3); 0 for no limit
        /// (default: 300).
        public var callsPerMinute = 300
        /// The maximum number of API calls per day for the Genesys Cloud client; 0 for no limit (default: 0). Further calls get
        /// 429 with a `Retry-After` of hours, as some Genesys Cloud APIs send it (section 4).
        public var callsPerDay = 0
        /// The maximum number of token requests per minute for each client; 0 for no limit (default: 0). Further requests get
        /// 400. The platform has such a limit. Its value is UNVERIFIED (between 10 and 50 according to one observation).
        public var loginsPerMinute = 0
        /// The time after which an unused Genesys Cloud token expires; nil for an organisation without an idle timeout.
        public var idleTimeout: Duration?
        /// The secret of the Genesys Cloud client (default: generated).
        public var genesysClientSecret: String?
        /// The permitted encoding of a client secret in an `Authorization` field. The tools of both platforms send it without
        /// encoding. Whether the real servers also decode it is UNVERIFIED.
        public enum SecretEncoding: String, Sendable, CaseIterable { case any, raw, form }
        public var secretEncoding = SecretEncoding.any
        /// The faults that are active from the start and after a reset.
        public var faults: [FaultRule] = []
        /// The overridden assumptions.
        var assumptions = Assumptions()
        /// Whether calls that exist only in tutorials succeed. Otherwise they are refused with a hint.
        public var isLenient = false
        /// Whether any client ID and secret are accepted, for programs with their own credentials.
        public var acceptsAnyClient = false
        /// The environment domain of the organisation's region.
        public var genesysDomain = "mypurecloud.com" {
            didSet { (loginHost, apiHost) = ("login." + genesysDomain, "api." + genesysDomain) }
        }
        private(set) var loginHost = "login.mypurecloud.com"
        private(set) var apiHost = "api.mypurecloud.com"
        /// The AWS name of the organisation's region. Set it to an AWS name or an environment domain; other values have no
        /// effect.
        public var genesysRegion: String? {
            get { genesysRegions[genesysDomain] }
            set {
                let domain = genesysRegions.first { newValue == $0.key || newValue == $0.value }?.key
                if let domain { genesysDomain = domain }
            }
        }
        /// The tenant's area.
        public var cxoneArea = "na1"

        /// The AWS names of all Genesys Cloud regions.
        public static var regionNames: [String] { genesysRegions.values.sorted() }
        /// The names of all CXone areas.
        public static var areaNames: [String] { cxoneAreas }

        public init() {}
    }

    let options: Options
    /// The generated data. It depends only on the options and the seed.
    var data: DataSet { dataSet.withLock { $0 } }
    private let dataSet: Locked<DataSet>
    private let realAddresses: AddressBook
    /// The settings that the page shows (default: those of the loopback ports).
    let shownSettings = Locked<[(name: String, value: String)]?>(nil)
    /// Whether a proxy serves the real host names over TLS.
    let isIntercepted = Atomic(false)
    let world: Locked<SimulatorState>
    let faults: Locked<Faults>
    let clock: SimulatedClock
    private let date = Locked<(second: Double, text: String)>((-1, ""))
    /// The source of correlation IDs. The random start makes them differ between runs.
    let correlations = Atomic(UInt64.random(in: 0 ... .max))
    public init(_ options: Options = Options(), time: any TimeSource = .system) {
        self.options = options
        clock = SimulatedClock(time)
        realAddresses = AddressBook(Addresses(options))
        dataSet = Locked(DataSet(options, seed: options.seed))
        world = Locked(SimulatorState())
        faults = Locked(Faults(seed: options.seed))
        addFaults(options.faults)
    }

    var assumptions: Assumptions { options.assumptions }

    /// The initial credentials.
    public var credentials: Credentials { data.credentials }

    /// The credentials after the rotations by faults.
    var currentCredentials: Credentials { data.credentials.rotated(world.withLock { $0.rotations }) }

    /// Restarts with data, credentials and random numbers from another seed. Deletes all state, including tokens.
    func setSeed(_ seed: UInt64) {
        dataSet.withLock { $0 = DataSet(options, seed: seed) }
        faults.withLock { $0 = Faults(seed: seed) }
        world.withLock { $0 = SimulatorState() }
    }

    /// Adds rules after the active ones.
    public func addFaults(_ rules: [FaultRule]) {
        let now = clock.now
        faults.withLock { $0.add(rules, now: now) }
    }

    /// Revokes an access token.
    public func revoke(_ token: String) {
        world.withLock { $0.revoke(token) }
    }

    /// Sets the settings that the page shows. The page replaces credentials with the current ones.
    ///
    /// - Parameter settings: The environment variables that programs receive.
    public func show(_ settings: [(name: String, value: String)]) {
        shownSettings.withLock { $0 = settings }
    }

    /// Removes all rules.
    public func removeFaults() {
        faults.withLock { $0.removeAll() }
    }

    /// Answers a request to a real host name.
    public func handle(_ request: Request) -> Reply {
        answer(request, at: site(request.url.host), addresses: realAddresses)
    }

    /// The journal's reason for a 404 at a path that is not simulated.
    static let noSuchResource = "no such resource"
    private static let notSimulated =
        "the simulator does not implement this resource; the platform may (see Documentation/Simulator.md)"

    /// The site of a real host name, or nil for any other host.
    func site(_ host: String) -> Site? { Site(host: host, area: options.cxoneArea) }

    /// Answers a request to a site and adds it to the journal. Links in the response refer to `addresses`.
    func answer(_ request: Request, at site: Site?, addresses: AddressBook) -> Reply {
        if request.url.path.hasPrefix("/_sim/") || site == .control {
            return .ready(ControlPlane(simulator: self).answer(request, addresses.addresses))
        }
        let call = Call(request: request, site: site, now: clock.now, addresses: addresses)
        let rules = applyingRules(call)
        let tutorials = Tutorials(simulator: self)
        let meant = tutorials.hint(call)
        var answer = (options.isLenient ? tutorials.answer(call) : nil) ?? answer(call)
        let hint =
            meant ?? answer.hint ?? (answer.reason == Self.noSuchResource ? Self.notSimulated : nil)
            ?? (answer.response.isSuccess ? notLookedAt(call.ignoredParameters) : nil)
        if let hint { answer = answer.with("X-Ringdown-Hint", hint) }
        answer.add("Date", httpDate(call.now))
        for rule in rules { rule.apply(to: &answer, call, self) }
        keep(call, answer, rules, hint: hint)
        let latency = rules.compactMap(\.latency).reduce(0, +)
        guard latency > 0 else { return .ready(answer.response) }
        return .deferred { [clock, response = answer.response] in
            await clock.sleep(for: .seconds(latency))
            return response
        }
    }

    /// The date in HTTP format, cached for a second.
    private func httpDate(_ now: Timestamp) -> String {
        let second = now.secondsSince1970.rounded(.down)
        return date.withLock { date in
            if date.second != second { date = (second, now.httpDate) }
            return date.text
        }
    }

    /// The rules that apply to a request. Rules that change tokens or secrets take effect before the request is evaluated.
    private func applyingRules(_ call: Call) -> [FaultRule] {
        if faults.withLock({ $0.isEmpty }) { return [] }
        let token = call.authorization("bearer")
        let client =
            token.flatMap { token in world.withLock { $0.tokens[token]?.client } } ?? call.basicClient
            ?? call.bodyClient
        let rules = faults.withLock { $0.applying(to: call, client: client, host: hostName(call)) }
        world.withLock { world in
            if let token, rules.contains(where: \.revokeToken) { world.revoke(token) }
            world.rotations += rules.filter(\.rotateSecret).count
        }
        return rules
    }

    private func answer(_ call: Call) -> Answer {
        switch call.site {
        case .genesysLogin(let domain): GenesysLogin(simulator: self).answer(call, domain: domain)
        case .genesysAPI(let domain): GenesysAPI(simulator: self).answer(call, domain: domain)
        case .genesysGateway where call.url.path.hasPrefix("/oauth/"):
            GenesysLogin(simulator: self).answer(call, domain: options.genesysDomain)
        case .genesysGateway: GenesysAPI(simulator: self).answer(call, domain: options.genesysDomain)
        case .cxoneIssuer, .cxoneRegional: CXoneAuthentication(simulator: self).answer(call)
        case .cxoneAPI, .cxoneCluster: CXoneAPI(simulator: self).answer(call)
        case .cxoneDigital: CXoneAuthentication(simulator: self).digital(call)
        case .cxoneElsewhere: CXoneAuthentication(simulator: self).elsewhere(call)
        case .storage: CXoneExtraction(simulator: self).storage(call)
        case .control, nil: Answer(status: 502, reason: "host is not simulated")
        }
    }

    private func hostName(_ call: Call) -> String {
        call.site?.hostName(call.url.path, options) ?? call.url.host
    }

    private func keep(_ call: Call, _ answer: Answer, _ rules: [FaultRule], hint: String?) {
        let entry = RequestRecord(
            time: call.now, host: hostName(call),
            method: call.request.method,
            path: call.url.path, query: call.url.query, status: answer.response.status,
            client: answer.client.map { sanitized($0, limit: 200) }, token: answer.token,
            credentials: answer.credentials,
            reason: answer.reason, faults: rules.count, effects: rules.flatMap(\.effects), hint: hint
        )
        world.withLock { $0.journal.add(entry) }
    }

    /// The hint for parameters that the simulator ignores and the platform may support. Returns nil for an empty list.
    func notLookedAt(_ names: [String]) -> String? {
        if names.isEmpty { return nil }
        let list = names.prefix(8).map { "'\(sanitized($0, limit: 40))'" }.joined(separator: ", ")
        return "the simulator ignores \(list) here; the platform may support them"
    }

    func correlationID() -> String {
        var random = SeededRandom(seed: correlations.wrappingAdd(0x2545_F491_4F6C_DD1D, ordering: .relaxed).newValue)
        return random.uuid()
    }
}
