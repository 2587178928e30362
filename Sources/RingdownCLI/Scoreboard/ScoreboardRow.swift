internal import RingdownCore
internal import RingdownSimulator

/// A row of the scoreboard: a common token failure, and the ideal behaviour of a client.
struct ScoreboardRow: Sendable {
    struct Outcome: Sendable {
        var isPassed: Bool
        /// A summary of what was measured.
        var text: String
        /// The last lines of the client's standard error, if there is no result.
        var lastWords: [String] = []
    }

    let title: String
    /// The exact condition for a pass.
    let ideal: String
    var options = Simulator.Options()
    /// The fault rules at the start, in the syntax of `--fault`.
    var faults: [String] = []
    /// The secret that the client receives, if it differs from the correct one.
    var sentSecret: String?
    let play: @Sendable (Play) async throws -> Outcome

    static let all: [ScoreboardRow] = [
        coldStart, revocation, coldOutage, exportOutage, outage(left: 200), outage(left: 30), badSecret(status: 401),
        badSecret(status: 400),
        retryAfter(isDate: false), retryAfter(isDate: true), assumedLifetime("missing"), assumedLifetime("null"),
        useOnce("0"), useOnce("-5"), text, clamped, secretCharacters,
    ]

    /// Delays responses until the requests of all callers have arrived.
    private static let slowly = "path=/oauth/token,latency=1"

    private static let coldStart = ScoreboardRow(
        title: "50 concurrent calls, no token yet", ideal: "1 request, no call fails", faults: [slowly]
    ) { play in
        let answer = try await play.ask("token", 50, isTogether: true)
        let count = play.tokenRequests.count
        return Outcome(isPassed: isServed(answer, play) && count == 1, text: requests(count) + failures(answer, play))
    }

    private static let revocation = ScoreboardRow(
        title: "50 concurrent calls, token revoked", ideal: "1 token request, all 50 API calls succeed"
    ) { play in
        _ = try await play.ask("call", 1)
        // A client may attribute the rejection of a token that is seconds old to another cause.
        play.advance(by: 60)
        try play.turn(to: slowly, "path=/api/v2/*,revokeToken=true,times=1")
        let answer = try await play.ask("call", 50, isTogether: true)
        let (count, calls) = (play.tokenRequests.count, play.goodCalls)
        let isTrue = calls >= answer.succeeded
        return Outcome(
            isPassed: isServed(answer, play) && count == 1 && isTrue,
            text: requests(count) + failures(answer, play) + (isTrue ? "" : ", but only \(calls) API calls succeeded"))
    }

    private static let coldOutage = ScoreboardRow(
        title: "one 503 at the token endpoint, cold", ideal: "2 requests, no call fails",
        faults: ["path=/oauth/token,status=503,times=1"]
    ) { play in
        let answer = try await play.ask("token", 5)
        let count = play.tokenRequests.count
        return Outcome(
            isPassed: isServed(answer, play) && count == 2, text: requests(count) + failures(answer, play))
    }

    private static let exportOutage = ScoreboardRow(
        title: "one 503 in the middle of an export", ideal: "2 token requests, all 10 API calls succeed"
    ) { play in
        _ = try await play.ask("call", 1)
        play.advance(by: 60)
        try play.turn(to: "path=/api/v2/*,nth=4,revokeToken=true", "path=/oauth/token,status=503,times=1")
        let answer = try await play.ask("call", 10)
        let (count, calls) = (play.tokenRequests.count, play.goodCalls)
        let isTrue = calls >= answer.succeeded
        return Outcome(
            isPassed: isServed(answer, play) && count == 2 && isTrue,
            text: requests(count) + failures(answer, play) + (isTrue ? "" : ", but only \(calls) API calls succeeded"))
    }

    private static func outage(left: Int) -> ScoreboardRow {
        ScoreboardRow(
            title: "token endpoint down, \(left) s of validity left, 5 calls",
            ideal: "no call fails, at most 1 request during the outage",
            faults: ["path=/oauth/token,expiresIn=3600"]
        ) { play in
            if !play.isInSharedTime { try play.turn(to: "path=/oauth/token,expiresIn=\(left)") }
            _ = try await play.ask("token", 1)
            if play.isInSharedTime { play.advance(by: Double(3600 - left)) }
            try play.turn(to: "path=/oauth/token,status=503")
            let answer = try await play.ask("token", 5)
            let count = play.tokenRequests.count
            return Outcome(
                isPassed: isServed(answer, play) && count <= 1, text: requests(count) + failures(answer, play))
        }
    }

    private static func badSecret(status: Int) -> ScoreboardRow {
        ScoreboardRow(
            title: "wrong secret, status \(status), 20 calls", ideal: "1 request, all 20 calls fail",
            faults: status == 400 ? [] : ["path=/oauth/token,status=\(status)"], sentSecret: "wrong"
        ) { play in
            let answer = try await play.ask("token", 20)
            let count = play.tokenRequests.count
            // A client that mistakes the error for a token also sends one request, but reports success.
            return Outcome(
                isPassed: answer.failed == 20 && count == 1,
                text: requests(count) + (answer.succeeded > 0 ? ", \(answer.succeeded) reported as success" : ""))
        }
    }

    private static func retryAfter(isDate: Bool) -> ScoreboardRow {
        let member = isDate ? "retryAfterDate" : "retryAfter"
        // A date in Retry-After has a resolution of one second.
        let wait = isDate ? 3 : 4
        return ScoreboardRow(
            title: "429 with Retry-After: \(isDate ? "a date in 4 s" : "4"), 3 calls",
            ideal: "no request for \(wait) s after the 429, then a token",
            faults: ["path=/oauth/token,status=429,\(member)=4,times=1"]
        ) { play in
            let answer = try await play.ask("token", 3)
            let times = play.tokenRequests.map(\.time)
            let early = times.dropFirst().count { $0 - times[0] < .seconds(wait) }
            let isTrue = answer.succeeded == 0 || play.hasToken
            play.advance(by: 6)
            let last = try await play.ask("token", 1)
            let statuses = play.tokenRequests.map(\.status)
            let recovers = last.failed == 0 && statuses.contains(429) && statuses.contains(200)
            let text =
                if times.isEmpty {
                    "no request"
                } else if early > 0 {
                    "\(early + 1) requests within \(wait) s"
                } else if !isTrue {
                    "the 429 was reported as success"
                } else {
                    answer.failed == 0 ? "waited, \(requests(times.count))" : "1 request, the error was cached"
                }
            return Outcome(
                isPassed: early == 0 && isTrue && recovers, text: text + (recovers ? "" : ", does not recover"))
        }
    }

    /// A response without a usable `expires_in`. The token must still expire.
    private static func assumedLifetime(_ value: String) -> ScoreboardRow {
        ScoreboardRow(
            title: "expires_in is \(value), 5 calls", ideal: endsSomeDay,
            faults: ["path=/oauth/token,expiresIn=\(value)"]
        ) { play in
            try await lasting(play, notLimited: "never expires")
        }
    }

    private static func useOnce(_ value: String) -> ScoreboardRow {
        ScoreboardRow(
            title: "expires_in is \(value), 5 calls", ideal: "5 requests, a new token for each call, no call fails",
            faults: ["path=/oauth/token,expiresIn=\(value)"]
        ) { play in
            let answer = try await play.ask("token", 5)
            let count = play.tokenRequests.count
            return Outcome(
                isPassed: isServed(answer, play) && count == 5,
                text: requests(count) + failures(answer, play)
                    + (isServed(answer, play) && count == 1 ? ", never expires" : ""))
        }
    }

    private static let text = ScoreboardRow(
        title: "expires_in is \"3600.0\", 5 calls", ideal: endsSomeDay,
        faults: ["path=/oauth/token,expiresIn=\"3600.0\""]
    ) { play in
        try await lasting(play, notLimited: "never expires")
    }

    private static let clamped = ScoreboardRow(
        title: "expires_in is 1000000000000, 5 calls", ideal: endsSomeDay,
        faults: ["path=/oauth/token,expiresIn=1000000000000"]
    ) { play in
        try await lasting(play, notLimited: "not clamped")
    }

    private static let endsSomeDay = "1 request, another one 31 days later, no call fails"

    /// Passes if five calls need one request, and a call after 31 days needs another one.
    private static func lasting(_ play: Play, notLimited: String) async throws -> Outcome {
        let answer = try await play.ask("token", 5)
        let count = play.tokenRequests.count
        guard isServed(answer, play), count == 1 else {
            return Outcome(isPassed: false, text: requests(count) + failures(answer, play))
        }
        guard play.isInSharedTime else {
            return Outcome(isPassed: false, text: "1 request, expiry not measured: the client has its own clock")
        }
        play.advance(by: 31 * 86400)
        _ = try await play.ask("token", 1)
        let isLimited = play.tokenRequests.count > 1
        return Outcome(isPassed: isLimited, text: "1 request" + (isLimited ? "" : ", \(notLimited)"))
    }

    private static let specialSecret = "p@ss w+rd/=%é:~"
    private static let secretCharacters = ScoreboardRow(
        title: "secret with special characters",
        ideal: "form-encoded (RFC 6749 section 2.3.1) or in the body, and a token",
        options: {
            var options = Simulator.Options()
            options.genesysClientSecret = specialSecret
            return options
        }()
    ) { play in
        let answer = try await play.ask("token", 1)
        let form = play.tokenRequests.last?.credentials
        let text =
            switch form {
            case .encoded: "form-encoded"
            case .body: "in the body"
            case .raw: "raw"
            case nil: play.tokenRequests.isEmpty ? "no request" : "damaged"
            }
        return Outcome(isPassed: isServed(answer, play) && (form == .encoded || form == .body), text: text)
    }

    private static func requests(_ count: Int) -> String { "\(count) request\(count == 1 ? "" : "s")" }

    /// Whether every call succeeded, according to the client and the simulator.
    private static func isServed(_ answer: Play.Answer, _ play: Play) -> Bool { answer.failed == 0 && play.hasToken }

    private static func failures(_ answer: Play.Answer, _ play: Play) -> String {
        if answer.failed > 0 { return ", \(answer.failed) of \(answer.failed + answer.succeeded) failed" }
        return play.hasToken ? "" : ", no token was granted"
    }
}
