internal import RingdownCore
internal import Synchronization

/// The control plane at `/_sim/` on every port. The journal does not contain its requests.
struct ControlPlane {
    let simulator: Simulator

    /// Answers a request.
    func answer(_ request: Request, _ addresses: Addresses) -> Response {
        if let reason = strangeness(request) { return Response(status: 403, json: ["message": .string(reason)]) }
        return routed(request, addresses)
    }

    /// The reason to refuse a request that may come from a page of another site in a local browser, or nil to accept it.
    private func strangeness(_ request: Request) -> String? {
        let isKnown = request.url.origin.isLoopback || simulator.site(request.url.host) != nil
        // A name without a dot cannot be registered, so no other site can resolve it to this machine (DNS rebinding).
        if !isKnown, request.url.host.contains(".") {
            return "the control plane accepts loopback and simulated host names only"
        }
        let isForeign = request.headers["Origin"].map { $0 != request.url.origin.description } ?? false
        return isForeign || request.headers["Sec-Fetch-Site"] == "cross-site"
            ? "the control plane does not accept cross-site requests" : nil
    }

    private func routed(_ request: Request, _ addresses: Addresses) -> Response {
        switch (request.method, request.url.path) {
        case ("GET", "/"): page()
        case ("GET", "/_sim/state"): state(addresses)
        case ("GET", "/_sim/journal"): journal(request)
        case ("POST", "/_sim/seed"): setSeed(request)
        case ("POST", "/_sim/reset"): reset()
        case ("GET", "/_sim/clock"): clockState()
        case ("POST", "/_sim/clock"): setClock(request)
        case ("GET", "/_sim/credentials"): credentialsState()
        case ("GET", "/_sim/people"): people()
        case ("POST", "/_sim/client"): setClient(request)
        case ("POST", "/_sim/faults"): addFaults(request)
        case ("DELETE", "/_sim/faults"): withoutFaults()
        case ("POST", "/_sim/mark"): mark()
        case ("GET", "/_sim/count"): count(request)
        default:
            Response(
                status: 404,
                json: [
                    "message": .string(
                        "the control plane supports: GET /, /_sim/state, journal, clock, credentials, people, count; "
                            + "POST /_sim/reset, seed, clock, client, faults, mark; DELETE /_sim/faults"
                    )
                ]
            )
        }
    }

    /// The stored requests, oldest first. `?last=50` limits the list to the newest 50.
    private func journal(_ request: Request) -> Response {
        guard let text = request.url.queryValue("last") else {
            return Response(json: simulator.world.withLock { $0.journal.json })
        }
        guard let count = Int(text), count >= 0 else { return badRequest("last to be a number from 0 upward") }
        let entries = simulator.world.withLock { $0.journal.entries.suffix(count) }
        return Response(json: .array(entries.map(\.json)))
    }

    /// `{"seed": 7}`: restarts with data, credentials and random numbers from another seed.
    private func setSeed(_ request: Request) -> Response {
        let seed = (try? JSONReader.parse(request.bodyBytes))?["seed"]?.int
        guard let seed, seed >= 0 else { return badRequest("seed to be a whole number from 0 upward") }
        simulator.setSeed(UInt64(seed))
        return credentialsState()
    }

    /// Restores the initial state, except for the simulator.clock and the issued tokens.
    private func reset() -> Response {
        simulator.world.withLock { $0.forgetAllButTokens() }
        simulator.faults.withLock { $0 = Faults(seed: simulator.data.seed) }
        simulator.addFaults(simulator.options.faults)
        return Response(status: 204)
    }

    private func clockState() -> Response {
        Response(json: ["now": .string(simulator.clock.now.rfc3339), "scale": .number(String(simulator.clock.scale))])
    }

    /// `{"scale": 60}` changes the speed, `{"scale": 0}` stops the clock, `{"advance": 3600}` moves it by a number of seconds.
    /// A request can contain both members.
    private func setClock(_ request: Request) -> Response {
        guard let json = try? JSONReader.parse(request.bodyBytes), let members = json.members,
            members.allSatisfy({ ["scale", "advance"].contains($0.name) })
        else { return badRequest("a JSON object with scale and advance") }
        if let scale = json["scale"] {
            guard let scale = scale.double, scale == 0 || (1e-6...1e6).contains(scale) else {
                return badRequest("scale to be 0, or a number from 0.000001 to 1000000")
            }
            guard simulator.clock.virtual == nil else {
                return badRequest("no scale: with --virtual-time, time passes when programs sleep")
            }
            simulator.clock.setScale(scale)
        }
        if let seconds = json["advance"] {
            guard let seconds = seconds.double, abs(seconds) <= 1e9 else {
                return badRequest("advance to be a number of seconds from -1000000000 to 1000000000")
            }
            simulator.clock.advance(by: .seconds(seconds))
        }
        return clockState()
    }

    private func credentialsState() -> Response {
        let known = simulator.currentCredentials
        return Response(json: [
            "genesysClientId": .string(known.genesysClientID),
            "genesysClientSecret": .string(known.genesysClientSecret),
            "cxoneClientId": .string(known.cxoneClientID), "cxoneClientSecret": .string(known.cxoneClientSecret),
            "cxoneAccessKeyId": .string(known.cxoneAccessKeyID),
            "cxoneAccessKeySecret": .string(known.cxoneAccessKeySecret),
        ])
    }

    /// The first 25 users, who can sign in.
    private func people() -> Response {
        let people = (0..<min(simulator.data.userCount, 25)).map { index -> JSON in
            let person = simulator.data.person(index)
            return [
                "id": .string(person.id), "username": .string(person.email),
                "name": "\(person.firstName) \(person.lastName)",
            ]
        }
        return Response(json: .array(people))
    }

    /// Sets `{"state": "active"|"inactive"|"disabled"}`, `{"permissions": [..]|null}` and `{"divisions": [..]|null}` of the Genesys
    /// Cloud client.
    private func setClient(_ request: Request) -> Response {
        guard let json = try? JSONReader.parse(request.bodyBytes), case .object(let members) = json else {
            return badRequest("a JSON object")
        }
        func names(_ values: [JSON]) -> Set<String>? {
            let names = values.compactMap(\.string)
            return names.count == values.count ? Set(names) : nil
        }
        // An invalid member leaves the client unchanged.
        var client = simulator.world.withLock { $0.client }
        for member in members {
            switch (member.name, member.value) {
            case ("state", .string(let text)):
                guard let state = SimulatorState.Client.State(rawValue: text) else {
                    return badRequest("state to be active, inactive or disabled")
                }
                client.state = state
            case ("permissions", .null): client.permissions = nil
            case ("permissions", .array(let values)):
                guard let names = names(values) else { return badRequest("permissions to be a list of names") }
                client.permissions = names
            case ("divisions", .null): client.divisions = nil
            case ("divisions", .array(let values)):
                guard let names = names(values), names.isSubset(of: GenesysRouting.divisionNames) else {
                    return badRequest(
                        "divisions to be a list of these: \(GenesysRouting.divisionNames.joined(separator: ", "))")
                }
                client.divisions = names
            default:
                return badRequest(
                    "state (a text), permissions or divisions (a list of names, or null); not \(sanitized(member.name, limit: 40))"
                )
            }
        }
        simulator.world.withLock { $0.client = client }
        return Response(status: 204)
    }

    /// Adds rules in JSON, or one rule in command-line syntax.
    private func addFaults(_ request: Request) -> Response {
        let text = String(decoding: request.bodyBytes, as: UTF8.self)
        let isJSON = text.first { !$0.isWhitespace }.map { "{[".contains($0) } ?? false
        do {
            let rules = try isJSON ? FaultRule.rules(file: request.bodyBytes) : [FaultRule(text)]
            if !simulator.isIntercepted.load(ordering: .relaxed), rules.contains(where: { $0.certificate != nil }) {
                return badRequest("no certificate: the loopback ports do not use TLS; start with --intercept")
            }
            simulator.addFaults(rules)
            return Response(status: 204)
        } catch {
            return Response(status: 400, json: ["message": .string("\(error)")])
        }
    }

    private func withoutFaults() -> Response {
        simulator.removeFaults()
        return Response(status: 204)
    }

    /// Sets the position in the journal from which `count` counts.
    private func mark() -> Response {
        simulator.world.withLock { $0.mark = $0.journal.total }
        return Response(status: 204)
    }

    /// Counts the requests since the mark that match the filters. With `expect=N`, a different number results in status 417 and a
    /// list of the requests since the mark.
    private func count(_ request: Request) -> Response {
        let query: CountQuery
        do throws(CountQuery.Invalid) { query = try CountQuery(request.url.queryItems) } catch {
            return badRequest(error.expected)
        }
        let entries = simulator.world.withLock { $0.journal.entries(since: $0.mark) }
        let count = entries.count(where: query.matches)
        var json: [JSON.Member] = [.init("count", .int(count))]
        let isExpected = query.expected == nil || query.expected == count
        if !isExpected { json.append(.init("since_mark", .array(entries.map(\.json)))) }
        return Response(status: isExpected ? 200 : 417, json: .object(json))
    }

    private func badRequest(_ expected: String) -> Response {
        Response(status: 400, json: ["message": .string("expected \(expected)")])
    }
}

extension Request {
    /// The bytes of the body.
    var bodyBytes: [UInt8] {
        switch body {
        case .none: []
        case .bytes(let bytes): bytes
        case .secret(let secret): secret.withBytes { Array($0) }
        }
    }
}
