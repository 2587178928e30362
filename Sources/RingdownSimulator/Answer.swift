internal import RingdownCore

/// A response with the data for its journal entry.
struct Answer {
    var response: Response
    var client: String?
    /// The number of the received or issued token.
    var token: Int?
    var credentials: RequestRecord.CredentialsForm?
    var reason: String
    /// The hint for the program's author.
    var hint: String?

    init(status: Int = 200, headers: Headers = [:], json: JSON? = nil, client: String? = nil, reason: String) {
        response =
            json.map { Response(status: status, headers: headers, json: $0) }
            ?? Response(status: status, headers: headers)
        self.client = client
        self.reason = reason
    }

    /// Adds a header field that does not exist yet. The name and the value must be valid.
    mutating func add(_ name: String, _ value: String) {
        response.headers.addParsed(name, value)
    }

    /// The answer with the client and the number of a validated token.
    consuming func of(_ verdict: SimulatorState.Verdict?) -> Answer {
        (client, token) = (verdict?.client, verdict?.token)
        return self
    }

    /// The answer with a header field. The method consumes the answer to avoid a copy.
    consuming func with(_ name: String, _ value: String) -> Answer {
        try? response.headers.set(name, value)
        return self
    }
}

extension JSON {
    /// A duration in seconds. Whole seconds are an integer, as on the platforms. Fractions occur only with short test lifetimes.
    static func seconds(_ duration: Duration) -> JSON {
        let seconds = duration.inSeconds
        return seconds == seconds.rounded() ? .int(Int(seconds)) : .number(String(seconds))
    }
}
