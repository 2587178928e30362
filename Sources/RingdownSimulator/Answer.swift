internal import RingdownCore

/// A response, and what the journal says about it.
struct Answer {
    var response: Response
    var client: String?
    /// The number of the token that came, or that was granted.
    var token: Int?
    var credentials: RequestRecord.CredentialsForm?
    var reason: String
    /// What the program should know.
    var hint: String?

    init(status: Int = 200, headers: Headers = [:], json: JSON? = nil, client: String? = nil, reason: String) {
        response =
            json.map { Response(status: status, headers: headers, json: $0) }
            ?? Response(status: status, headers: headers)
        self.client = client
        self.reason = reason
    }

    /// Adds a header field that is not there yet; the name and the value must be legal.
    mutating func add(_ name: String, _ value: String) {
        response.headers.addParsed(name, value)
    }

    /// The answer to whom a token belongs.
    consuming func of(_ verdict: SimulatorState.Verdict?) -> Answer {
        (client, token) = (verdict?.client, verdict?.token)
        return self
    }

    /// The answer with a header field; the answer itself is used up, so that nothing is copied.
    consuming func with(_ name: String, _ value: String) -> Answer {
        try? response.headers.set(name, value)
        return self
    }
}
