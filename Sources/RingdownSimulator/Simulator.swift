public import RingdownCore
internal import Synchronization

/// Both platforms, as far as their fact pages know them, in memory: no network, no account.
///
/// It answers for the platforms' real host names (as the handler of an ``HTTPModel/InMemoryTransport``) and, behind
/// ``LiveSimulator``, on loopback ports. One Genesys Cloud organisation lives in one region, one CXone tenant in one area.
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
        /// API calls a day for the Genesys Cloud client, answered beyond that with 429 and a `Retry-After` of hours, as some of its
        /// APIs do (section 4); 0 for no limit.
        public var callsPerDay = 0
        /// Token requests a minute for each client, answered with 400 beyond that; 0 for no limit. The platform has one, its
        /// number is UNVERIFIED (between 10 and 50, says one observation).
        public var loginsPerMinute = 0
        /// A Genesys Cloud token that is not used for so long ends; nil for an organisation without such a timeout.
        public var idleTimeout: Duration?
        /// The secret of the Genesys Cloud client, in place of one that is made up.
        public var genesysClientSecret: String?
        /// How a client's secret may stand in an `Authorization` field. Both platforms' tools send it as it is; whether the real
        /// servers decode it too is UNVERIFIED.
        public enum SecretEncoding: String, Sendable, CaseIterable { case any, raw, form }
        public var secretEncoding = SecretEncoding.any
        /// What goes wrong from the start, and again after a reset.
        public var faults: [FaultRule] = []
        /// What the fact pages leave open.
        var assumptions = Assumptions()
        /// Calls that tutorials invented work as they expect, instead of being refused with a hint.
        public var isLenient = false
        /// Any client and secret is as good as the simulated one, for programs that bring their own.
        public var acceptsAnyClient = false
        /// The environment domain of the region in which the organisation lives.
        public var genesysDomain = "mypurecloud.com" {
            didSet { (loginHost, apiHost) = ("login." + genesysDomain, "api." + genesysDomain) }
        }
        private(set) var loginHost = "login.mypurecloud.com"
        private(set) var apiHost = "api.mypurecloud.com"
        /// The region by its name at AWS, or its environment domain, as an alternative to ``genesysDomain``. nil for what is none.
        public var genesysRegion: String? {
            get { genesysRegions[genesysDomain] }
            set {
                let domain = genesysRegions.first { newValue == $0.key || newValue == $0.value }?.key
                if let domain { genesysDomain = domain }
            }
        }
        /// The area in which the tenant lives.
        public var cxoneArea = "na1"

        /// The names of the regions and areas that there are.
        public static var regionNames: [String] { genesysRegions.values.sorted() }
        public static var areaNames: [String] { cxoneAreas }

        public init() {}
    }

    let options: Options
    /// What is made up. It changes only with the seed.
    var data: DataSet { dataSet.withLock { $0 } }
    private let dataSet: Locked<DataSet>
    private let realAddresses: AddressBook
    /// The settings that the page shows, where they are others than those of the loopback ports.
    let shownSettings = Locked<[(name: String, value: String)]?>(nil)
    /// Whether a proxy answers by the real host names, over TLS.
    let isIntercepted = Atomic(false)
    let world: Locked<SimulatorState>
    let faults: Locked<Faults>
    let clock: SimulatedClock
    private let date = Locked<(second: Double, text: String)>((-1, ""))
    /// Makes every correlation id different, also from those of another run.
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

    /// The credentials that the simulated platforms know at first.
    public var credentials: Credentials { data.credentials }

    /// The same after the rotations of faults.
    var currentCredentials: Credentials { data.credentials.rotated(world.withLock { $0.rotations }) }

    /// Begins anew with other people, credentials and chances; everything else is forgotten, tokens too.
    func setSeed(_ seed: UInt64) {
        dataSet.withLock { $0 = DataSet(options, seed: seed) }
        faults.withLock { $0 = Faults(seed: seed) }
        world.withLock { $0 = SimulatorState() }
    }

    /// Puts rules into force, behind those that are.
    public func addFaults(_ rules: [FaultRule]) {
        let now = clock.now
        faults.withLock { $0.add(rules, now: now) }
    }

    /// Ends a token, as an administrator would.
    public func revoke(_ token: String) {
        world.withLock { $0.revoke(token) }
    }

    /// Ends the effect of all rules.
    public func removeFaults() {
        faults.withLock { $0.removeAll() }
    }

    /// Answers a request by the real host name in its URL.
    public func handle(_ request: Request) -> Reply {
        answer(request, at: site(request.url.host), addresses: realAddresses)
    }

    /// The reason for a 404 at a path that is not simulated.
    static let noSuchResource = "no such resource"
    private static let notSimulated =
        "the simulator does not have this; the platform may: Documentation/Simulator.md lists what is here"

    /// The site of a real host name; nil for any other host.
    func site(_ host: String) -> Site? { Site(host: host, area: options.cxoneArea) }

    /// Answers a request that came in for a site, and keeps it in the journal. Links in the answer lead to `addresses`.
    func answer(_ request: Request, at site: Site?, addresses: AddressBook) -> Reply {
        if request.url.path.hasPrefix("/_sim/") || site == .control {
            return .ready(control(request, addresses.addresses))
        }
        let call = Call(request: request, site: site, now: clock.now, addresses: addresses)
        let rules = applyingRules(call)
        let meant = hint(call)
        var answer = (options.isLenient ? lenientAnswer(call) : nil) ?? answer(call)
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

    /// The date as HTTP has it, made once a second.
    private func httpDate(_ now: Timestamp) -> String {
        let second = now.secondsSince1970.rounded(.down)
        return date.withLock { date in
            if date.second != second { date = (second, now.httpDate) }
            return date.text
        }
    }

    /// The faults of a request. Those that change the world do so before it is judged.
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
        case .genesysLogin(let domain): genesysLogin(call, domain: domain)
        case .genesysAPI(let domain): genesysAPI(call, domain: domain)
        case .genesysGateway where call.url.path.hasPrefix("/oauth/"): genesysLogin(call, domain: options.genesysDomain)
        case .genesysGateway: genesysAPI(call, domain: options.genesysDomain)
        case .cxoneIssuer, .cxoneRegional: cxoneAuthentication(call)
        case .cxoneAPI, .cxoneCluster: cxoneAPI(call)
        case .cxoneDigital: cxoneDigital(call)
        case .cxoneElsewhere: cxoneElsewhere(call)
        case .storage: storage(call)
        case .control, nil: Answer(status: 502, reason: "no such host in the simulator")
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
}
