internal import Foundations
internal import HTTPModel
internal import Synchronization

extension Simulator {
    /// `login.<domain>`: the token endpoint and its errors (`genesys-cloud.md` section 2).
    func genesysLogin(_ call: Call, domain: String) -> Answer {
        guard call.url.path == "/oauth/token" else { return genesysNotFound(call) }
        guard call.request.method == "POST" else {
            return loginRefusal(call, "invalid_request", "method not allowed", status: 405)
        }
        var parameters = TokenParameters(call, format: .form, encoding: options.secretEncoding)
        if options.acceptsAnyClient, parameters.clients.contains(where: { !$0.secret.isEmpty }) {
            parameters.clients = [(currentCredentials.genesysClientID, currentCredentials.genesysClientSecret)]
        }
        guard let grant = parameters.values["grant_type"], !grant.isEmpty else {
            return loginRefusal(call, "invalid_request", "grant_type is missing", reason: "no grant_type in the body")
        }
        guard grant == "client_credentials" else {
            return loginRefusal(
                call, "unsupported_grant_type", "grant type not supported",
                reason: "grant_type is '\(excerpt(grant, limit: 40))'")
        }
        guard let id = parameters.clients.first?.id else {
            return loginRefusal(call, "invalid_client", "client not found", reason: "no client credentials")
        }
        let isKnown = parameters.clients.contains { $0.id == credentials.genesysClientID }
        if options.loginsPerMinute > 0, isKnown,
            world.withLock({ $0.countLogin(of: credentials.genesysClientID, now: call.now) }) > options.loginsPerMinute
        {
            // 400, not 429; what stands behind the semicolon is UNVERIFIED.
            return loginRefusal(
                call, "invalid_request", "rate limit exceeded; too many token requests", client: id,
                reason: "login rate limit"
            )
        }
        // An organisation and its clients live in one region; the others do not know them.
        let known = currentCredentials
        guard domain == options.genesysDomain, parameters.clients.contains(where: { $0.id == known.genesysClientID })
        else {
            let isElsewhere = parameters.clients.contains { $0.id == known.genesysClientID }
            return loginRefusal(
                call, "invalid_client", "client not found", client: id,
                reason: isElsewhere ? "the client lives in another region" : "unknown client"
            )
        }
        guard let form = parameters.form(of: (known.genesysClientID, known.genesysClientSecret)) else {
            return loginRefusal(call, "invalid_client", "authentication failed", client: id, reason: "wrong secret")
        }
        // Section 2 says that such a client gets no tokens, not in which words: these are ours.
        guard world.withLock({ $0.client.state == .active }) else {
            return loginRefusal(call, "invalid_client", "client is not active", client: id, reason: "inactive client")
        }
        let lifetime = options.tokenLifetime ?? .seconds(86400)
        let token = world.withLock { world in
            var random = SeededRandom(seed: data.seed &+ UInt64(world.nextTokenNumber()) &* 0x1000_0000)
            let token = random.text(86, from: Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
            world.grant(token, to: known.genesysClientID, on: .genesys, until: call.now + lifetime, now: call.now)
            return token
        }
        var answer = Answer(
            json: ["access_token": .string(token), "token_type": "bearer", "expires_in": seconds(lifetime)],
            client: id, reason: "token granted"
        )
        answer.credentials = form
        return correlated(answer, call)
    }

    /// All three keys, always; 400 also for a refused client (the status for a wrong secret is UNVERIFIED).
    func loginRefusal(
        _ call: Call, _ error: String, _ description: String, status: Int = 400, client: String? = nil,
        reason: String? = nil
    ) -> Answer {
        let json: JSON = [
            "error": .string(error), "description": .string(description), "error_description": .string(description),
        ]
        return correlated(Answer(status: status, json: json, client: client, reason: reason ?? description), call)
    }

    /// The header that every response of Genesys Cloud carries.
    func correlated(_ answer: consuming Answer, _ call: Call) -> Answer {
        answer.add("ININ-Correlation-Id", correlationID())
        return answer
    }

    func correlationID() -> String {
        var random = SeededRandom(seed: correlations.wrappingAdd(0x2545_F491_4F6C_DD1D, ordering: .relaxed).newValue)
        return random.uuid()
    }

    /// Whole seconds as an integer, since that is what the platforms send; a part of a second only in short simulations.
    func seconds(_ duration: Duration) -> JSON {
        let seconds = duration.inSeconds
        return seconds == seconds.rounded() ? .int(Int(seconds)) : .number(String(seconds))
    }
}
