internal import RingdownCore

/// What changes while the simulator runs.
struct SimulatorState: Sendable {
    var journal = Journal()
    /// The place in the journal from which requests are counted.
    var mark = 0
    /// How often the clients' secrets were changed.
    var rotations = 0
    var client = Client() {
        didSet { bodies = BodyCache() }
    }
    var bodies = BodyCache()
    var analyticsJobs: [String: AnalyticsJob] = [:]
    var extractionJobs: [String: CXoneJob] = [:]
    var lastExtraction: Timestamp?
    var reportJobs: [Int: CXoneJob] = [:]
    private var lastReportJob = 9000
    /// More jobs than this are not kept; the oldest go first.
    static let jobLimit = 1000
    /// Refresh tokens, each with its end, and the person where one signed in.
    var refreshTokens: [String: (end: Timestamp, person: Int?)] = [:]
    /// Codes that browsers were given.
    var codes: [String: AuthorizationCode] = [:]
    /// The token requests of each client in its current minute.
    private var logins: [String: (start: Timestamp, count: Int)] = [:]

    /// The OAuth client of Genesys Cloud, as an administrator sets it (`genesys-cloud.md` section 2).
    struct Client: Sendable {
        enum State: String, Sendable { case active, inactive, disabled }
        /// Inactive: no new tokens. Disabled: those that are out are dead too.
        var state = State.active
        /// What its roles permit; nil for everything.
        var permissions: Set<String>?
        /// The names of the divisions in which it has its roles; nil for all.
        var divisions: Set<String>?
    }

    private(set) var tokens: [String: GrantedToken] = [:]
    private var granted = 0
    private var day = (start: Timestamp(secondsSince1970: 0), calls: 0)
    private var tidyAt = 10_000

    struct GrantedToken: Sendable {
        /// Which one, counted from the start: what the journal calls it.
        var number: Int
        var client: String
        var platform: PlatformName
        var expiry: Timestamp
        var lastUse: Timestamp
        var isRevoked = false
        /// Who signed in; nil for a client's own token.
        var person: Int?
        /// The calls in the current minute.
        var window: (start: Timestamp, calls: Int)
    }
    enum PlatformName: Sendable { case genesys, cxone, digital }

    /// What becomes of a token that a call brings.
    struct Verdict {
        /// Whose it is, and which, where it is known at all.
        var client: String?
        var token: Int?
        /// Why it is refused; nil where it is not.
        var refusal: String?

        static func refused(_ reason: String) -> Verdict { Verdict(refusal: reason) }
    }

    /// As at the start, but for the tokens that programs hold.
    mutating func forgetAllButTokens() {
        var fresh = SimulatorState()
        (fresh.tokens, fresh.refreshTokens, fresh.granted) = (tokens, refreshTokens, granted)
        self = fresh
    }

    /// The number of tokens granted so far, this one included: makes every token different.
    mutating func nextTokenNumber() -> Int {
        granted += 1
        return granted
    }

    mutating func grant(
        _ token: String, number: Int, to client: String, on platform: PlatformName, until expiry: Timestamp,
        now: Timestamp, person: Int? = nil
    ) {
        // Tokens that ended long ago are forgotten, so that a simulator can run for days.
        if tokens.count >= tidyAt {
            tokens = tokens.filter { $0.value.expiry + .seconds(86400) > now }
            refreshTokens = refreshTokens.filter { $0.value.end > now }
            codes = codes.filter { $0.value.end > now }
            tidyAt = max(10_000, tokens.count * 2)
        }
        tokens[token] = GrantedToken(
            number: number, client: client, platform: platform, expiry: expiry, lastUse: now, person: person,
            window: (now, 0))
    }

    mutating func add(_ job: AnalyticsJob, _ id: String) {
        if analyticsJobs.count >= Self.jobLimit,
            let oldest = analyticsJobs.min(by: { $0.value.submitted < $1.value.submitted })
        {
            analyticsJobs[oldest.key] = nil
        }
        analyticsJobs[id] = job
    }

    mutating func addExtraction(_ job: CXoneJob, _ id: String) {
        if extractionJobs.count >= Self.jobLimit,
            let oldest = extractionJobs.min(by: { $0.value.submitted < $1.value.submitted })
        {
            extractionJobs[oldest.key] = nil
        }
        extractionJobs[id] = job
    }

    /// Keeps a report job under the next number, and returns it with that number.
    mutating func addReport(_ job: CXoneJob) -> CXoneJob {
        lastReportJob += 1
        var job = job
        job.number = lastReportJob
        reportJobs[lastReportJob] = job
        reportJobs[lastReportJob - Self.jobLimit] = nil
        return job
    }

    /// Counts a token request; the number in this minute, this one included.
    mutating func countLogin(of client: String, now: Timestamp) -> Int {
        var window = logins[client] ?? (now, 0)
        // A clock that was set back begins a new minute too.
        if !(.zero ..< .seconds(60)).contains(now - window.start) { window = (now, 0) }
        window.count += 1
        logins[client] = window
        return window.count
    }

    func judge(
        _ token: String?, on platform: PlatformName, now: Timestamp, idleTimeout: Duration? = nil
    ) -> Verdict {
        guard let token else { return .refused("no token") }
        guard let known = tokens[token] else { return .refused("unknown token") }
        return judge(known, on: platform, now: now, idleTimeout: idleTimeout)
    }

    private func judge(
        _ known: GrantedToken, on platform: PlatformName, now: Timestamp, idleTimeout: Duration?
    ) -> Verdict {
        var verdict = Verdict(client: known.client, token: known.number)
        if known.platform != platform {
            verdict.refusal = "another service's token"
        } else if known.isRevoked {
            verdict.refusal = "revoked token"
        } else if known.expiry <= now {
            verdict.refusal = "expired token"
        } else if let idleTimeout, now - known.lastUse > idleTimeout {
            verdict.refusal = "idle token"
        } else if platform == .genesys, client.state == .disabled {
            verdict.refusal = "disabled client"
        }
        return verdict
    }

    mutating func revoke(_ token: String) {
        tokens[token]?.isRevoked = true
    }

    /// Counts a call against the day of the client. Returns the calls so far and the seconds until the day is over.
    mutating func countDay(now: Timestamp) -> (calls: Int, reset: Int) {
        if !(.zero ..< .seconds(86400)).contains(now - day.start) { day = (now, 0) }
        day.calls += 1
        return (day.calls, Int((Duration.seconds(86400) - (now - day.start)).inSeconds.rounded(.up)))
    }

    /// Judges a token and counts the call against the token's minute. Returns the calls so far and the seconds until the
    /// minute is over.
    mutating func use(
        _ token: String, on platform: PlatformName, now: Timestamp, idleTimeout: Duration?, isUse: Bool = true
    ) -> (verdict: Verdict, calls: Int, reset: Int) {
        guard let index = tokens.index(forKey: token) else { return (.refused("unknown token"), 0, 60) }
        let verdict = judge(tokens.values[index], on: platform, now: now, idleTimeout: idleTimeout)
        guard verdict.refusal == nil else { return (verdict, 0, 60) }
        if isUse { tokens.values[index].lastUse = now }
        var window = tokens.values[index].window
        var age = now.secondsSince1970 - window.start.secondsSince1970
        if !(0..<60).contains(age) { (window, age) = ((now, 0), 0) }
        window.calls += 1
        tokens.values[index].window = window
        return (verdict, window.calls, Int((60 - age).rounded(.up)))
    }
}
