internal import RingdownCore

/// The active rules, with their counters.
struct Faults: Sendable {
    private struct State: Sendable {
        var rule: FaultRule
        var since: Timestamp
        var matches = 0
        var hits = 0

        func isCurrent(_ host: String, isGenesys: Bool, _ now: Timestamp) -> Bool {
            let age = (now - since).inSeconds
            if let from = rule.from, age < from { return false }
            if let until = rule.until, age >= until { return false }
            if let platform = rule.platform, platform != (isGenesys ? "genesys" : "cxone") { return false }
            return rule.host.map { Pattern($0).fits(host) } ?? true
        }

        func matches(_ call: Call, _ client: String?) -> Bool {
            if let method = rule.method, method.uppercased() != call.request.method { return false }
            if let wanted = rule.client, wanted != client { return false }
            return rule.path.map { Pattern($0).fits(call.url.path) } ?? true
        }
    }

    private var states: [State] = []
    private var random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed ^ 0xFA17)
    }

    var isEmpty: Bool { states.isEmpty }

    mutating func add(_ rules: [FaultRule], now: Timestamp) {
        states += rules.map { State(rule: $0, since: now) }
    }

    /// The rules as JSON, each with the number of matching requests and of requests to which the rule was applied.
    var json: [JSON] {
        states.map { ["rule": $0.rule.json, "matches": .int($0.matches), "hits": .int($0.hits)] }
    }

    mutating func removeAll() {
        states = []
    }

    /// The rules that apply to a request, in order. Updates the counters. Certificate rules apply to connections only.
    mutating func applying(to call: Call, client: String?, host: String) -> [FaultRule] {
        applying { state in
            state.rule.certificate == nil && state.isCurrent(host, isGenesys: call.isGenesys, call.now)
                && state.matches(call, client)
        }
    }

    /// The certificate rules that apply to a new connection, in order. Updates the counters.
    mutating func applying(toConnection host: String, isGenesys: Bool, now: Timestamp) -> [FaultRule] {
        applying { $0.rule.certificate != nil && $0.isCurrent(host, isGenesys: isGenesys, now) }
    }

    private mutating func applying(_ matches: (State) -> Bool) -> [FaultRule] {
        var applying: [FaultRule] = []
        for index in states.indices where matches(states[index]) {
            states[index].matches += 1
            let (rule, state) = (states[index].rule, states[index])
            if let nth = rule.nth, state.matches != nth { continue }
            if let times = rule.times, state.hits >= times { continue }
            if let probability = rule.probability, random.unit() >= probability {
                continue
            }
            states[index].hits += 1
            applying.append(rule)
        }
        return applying
    }
}

extension FaultRule {
    /// Applies the effects of the rule to an answer.
    func apply(to answer: inout Answer, _ call: Call, _ simulator: Simulator) {
        if let status {
            let former = answer
            answer = simulator.failure(call, status)
            (answer.client, answer.token) = (former.client, former.token)
            // Every response carries these fields, including refusals.
            for field in former.response.headers.fields where field.name == "Date" || field.name.hasPrefix("inin-") {
                if case .text(let text) = field.value { answer.add(field.name, text) }
            }
        }
        if let retryAfter { set("Retry-After", String(Int(retryAfter.rounded())), &answer) }
        if let retryAfterDate { set("Retry-After", (call.now + .seconds(retryAfterDate)).httpDate, &answer) }
        if let expiresIn { replace([JSON.Member("expires_in", expiresIn)], in: &answer) { $0["access_token"] != nil } }
        if let members = members?.members { replace(members, in: &answer) { _ in true } }
        if let jobOutcome { simulator.endJob(answer.response.body, as: jobOutcome) }
        if let body { replaceBody(of: &answer, body) }
        if let dateSkew { set("Date", (call.now + .seconds(dateSkew)).httpDate, &answer) }
        var faultInjection = answer.response.faultInjection ?? .init()
        if let cut = reset ?? cut { (faultInjection.cut, faultInjection.isReset) = (cut, reset != nil) }
        faultInjection.bytesPerSecond = bytesPerSecond ?? faultInjection.bytesPerSecond
        faultInjection.contentLength = contentLength ?? faultInjection.contentLength
        if faultInjection != .init() { answer.response.faultInjection = faultInjection }
    }

    private func set(_ name: String, _ value: String, _ answer: inout Answer) {
        answer = answer.with(name, value)
    }

    /// Replaces members of a JSON body for which `isMeant` returns true.
    private func replace(_ members: [JSON.Member], in answer: inout Answer, where isMeant: (JSON) -> Bool) {
        guard let json = try? JSONReader.parse(answer.response.body), let own = json.members, isMeant(json) else {
            return
        }
        let kept = own.filter { own in !members.contains { $0.name == own.name } }
        answer.response.body = JSON.object(kept + members.filter { $0.value != "missing" }).bytes()
    }

    private func replaceBody(of answer: inout Answer, _ body: Body) {
        switch body {
        case .truncated: answer.response.body = Array(answer.response.body.prefix(answer.response.body.count / 2))
        case .invalid: answer.response.body = Array(#"{"access_token": oops"#.utf8)
        case .empty: answer.response.body = []
        case .html:
            answer.response.body = Array("<!DOCTYPE html><html><body><h1>Access denied</h1></body></html>".utf8)
            set("Content-Type", "text/html", &answer)
        }
    }
}

extension Simulator {
    /// Sets the outcome of the job that a response body names.
    fileprivate func endJob(_ answer: [UInt8], as outcome: String) {
        guard let json = try? JSONReader.parse(answer), let id = json.text ?? json["jobId"]?.text else { return }
        world.withLock { world in
            world.analyticsJobs[id]?.outcome = outcome
            world.extractionJobs[id]?.outcome = outcome
            if let number = Int(id) { world.reportJobs[number]?.outcome = outcome }
        }
    }

    /// An error with the status of a rule, in the platform's format.
    func failure(_ call: Call, _ status: Int) -> Answer {
        // A token endpoint reports errors in the format of OAuth (RFC 6749 section 5.2).
        if call.isGenesys, call.url.path == "/oauth/token", (400..<500).contains(status) {
            let isLimit = status == 429
            return GenesysLogin(simulator: self).loginRefusal(
                call, isLimit ? "invalid_request" : "invalid_client", isLimit ? "rate limit exceeded" : "simulated",
                status: status, reason: "fault")
        }
        if !call.isGenesys, call.request.method == "POST", call.url.path.contains("token") {
            return CXoneAuthentication(simulator: self).cxoneRefusal(
                status, status == 429 ? "slow_down" : "invalid_request", "simulated")
        }
        guard call.isGenesys else {
            return Answer(status: status, reason: "fault").with("icStatusDescription", "Simulated failure")
        }
        if call.url.path.hasPrefix("/api/v2/scim/") {
            return GenesysSCIM(simulator: self).refusal(call, nil, "Simulated failure", "fault", status: status)
        }
        let api = GenesysAPI(simulator: self)
        return api.genesysError(call, status, api.genesysCode(status), "Simulated failure", reason: "fault")
    }
}
