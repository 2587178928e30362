internal import RingdownCore

/// The mutable state of a simulator.
struct SimulatorState: Sendable {
    var journal = Journal()
    /// The position in the journal from which requests are counted.
    var mark = 0
    /// The number of secret rotations.
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
    /// The maximum number of stored jobs of each kind. The oldest job is deleted first.
    static let jobLimit = 1000
    /// Refresh tokens with their expiry and the index of the user, if one signed in.
    var refreshTokens: [String: (end: Timestamp, person: Int?)] = [:]
    /// Issued authorization codes.
    var codes: [String: AuthorizationCode] = [:]
    /// The number of token requests of each client in the current minute.
    private var logins: [String: (start: Timestamp, count: Int)] = [:]

    /// The Genesys Cloud OAuth client, as configured by an administrator (`genesys-cloud.md` section 2).
    struct Client: Sendable {
        enum State: String, Sendable { case active, inactive, disabled }
        /// Inactive: no new tokens. Disabled: issued tokens are invalid, too.
        var state = State.active
        /// The permissions of the client's roles; nil for all.
        var permissions: Set<String>?
        /// The names of the divisions of the client's roles; nil for all.
        var divisions: Set<String>?
    }

    private(set) var tokens: [String: GrantedToken] = [:]
    private var granted = 0
    private var day = (start: Timestamp(secondsSince1970: 0), calls: 0)
    private var tidyAt = 10_000

    struct GrantedToken: Sendable {
        /// The number of the token in the journal, starting at 1.
        var number: Int
        var client: String
        var platform: PlatformName
        var expiry: Timestamp
        var lastUse: Timestamp
        var isRevoked = false
        /// The index of the user who signed in; nil for client credentials.
        var person: Int?
        /// The number of calls in the current minute.
        var window: (start: Timestamp, calls: Int)
    }
    enum PlatformName: Sendable { case genesys, cxone, digital }

    /// The result of the validation of a token.
    struct Verdict {
        /// The client of the token, if the token is known.
        var client: String?
        /// The number of the token, if the token is known.
        var token: Int?
        /// The reason for a refusal, or nil for a valid token.
        var refusal: String?

        static func refused(_ reason: String) -> Verdict { Verdict(refusal: reason) }
    }

    /// Restores the initial state, except for issued tokens.
    mutating func forgetAllButTokens() {
        var fresh = SimulatorState()
        (fresh.tokens, fresh.refreshTokens, fresh.granted) = (tokens, refreshTokens, granted)
        self = fresh
    }

    /// The number of the next token. Every token has a different number.
    mutating func nextTokenNumber() -> Int {
        granted += 1
        return granted
    }

    mutating func grant(
        _ token: String, number: Int, to client: String, on platform: PlatformName, until expiry: Timestamp,
        now: Timestamp, person: Int? = nil
    ) {
        // Tokens that expired long ago are deleted, so that memory stays bounded if a simulator runs for days.
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

    /// Stores a report job under the next number and returns the job with that number.
    mutating func addReport(_ job: CXoneJob) -> CXoneJob {
        lastReportJob += 1
        var job = job
        job.number = lastReportJob
        reportJobs[lastReportJob] = job
        reportJobs[lastReportJob - Self.jobLimit] = nil
        return job
    }

    /// Counts a token request and returns the number in the current minute, including this one.
    mutating func countLogin(of client: String, now: Timestamp) -> Int {
        var window = logins[client] ?? (now, 0)
        // A clock that was set back also starts a new minute.
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

    /// Counts a call against the client's daily limit.
    ///
    /// - Returns: The number of calls on this day, and the seconds until the day ends.
    mutating func countDay(now: Timestamp) -> (calls: Int, reset: Int) {
        if !(.zero ..< .seconds(86400)).contains(now - day.start) { day = (now, 0) }
        day.calls += 1
        return (day.calls, Int((Duration.seconds(86400) - (now - day.start)).inSeconds.rounded(.up)))
    }

    /// Validates a token and counts the call against the token's limit per minute.
    ///
    /// - Returns: The result, the number of calls in this minute, and the seconds until the minute ends.
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
