internal import RingdownCore

/// Calls that tutorials describe but the platforms do not have.
struct Tutorials {
    let simulator: Simulator
    private var login: GenesysLogin { GenesysLogin(simulator: simulator) }
    private var genesys: GenesysAPI { GenesysAPI(simulator: simulator) }

    /// A hint for a call that tutorials describe but the platform does not have. Returns nil for other calls
    /// (`genesys-cloud.md` section 9, `cxone.md` section 7).
    func hint(_ call: Call) -> String? {
        call.isGenesys ? genesysHint(call) : cxoneHint(call)
    }

    private func genesysHint(_ call: Call) -> String? {
        switch call.url.path {
        case "/api/v2/oauth/token", "/oauth2/token":
            return "the token endpoint is POST https://login.<region domain>/oauth/token"
        case "/oauth/token":
            if case .genesysAPI = call.site {
                return "the token endpoint is on the login host: POST https://login.<region domain>/oauth/token"
            }
            let scope = FormURLEncoding.decode(String(decoding: call.bodyBytes, as: UTF8.self)).first {
                $0.name == "scope"
            }
            return scope.map {
                "the scope '\(sanitized($0.value, limit: 60))' has no effect on client credentials: use the client's roles"
            }
        case "/api/v2/organizations": return "use GET /api/v2/organizations/me for the client's organization"
        case "/api/v2/users/me": return "a client is not a user: use GET /api/v2/tokens/me to identify the token"
        case "/api/v2/analytics/conversations/details/query":
            let body = try? JSONReader.parse(call.bodyBytes)
            let isInvented = ["date_from", "date_to", "size", "query_type"].contains { body?[$0] != nil }
            return isInvented ? "the body requires interval \"start/end\" and paging {pageSize, pageNumber}" : nil
        default: return nil
        }
    }

    private func cxoneHint(_ call: Call) -> String? {
        switch call.url.path {
        case "/api/v2/oauth/token", "/oauth/token", "/oauth2/token":
            return "use the token endpoint from OIDC discovery: POST {issuer}/auth/token with the password grant"
        case "/api/v2/users", "/api/v2/users/me", "/api/v2/account":
            let resource = call.url.path == "/api/v2/account" ? "business-unit" : "agents"
            return "CXone has no /api/v2: use GET {api_endpoint}/incontactapi/services/v34.0/\(resource)"
        case "/auth/token":
            let values = TokenParameters(call, format: call.isJSON ? .json : .form).values
            if values["grant_type"] == "client_credentials" {
                return "use the password grant: username and password are an employee's access key ID and secret"
            }
            guard let scope = values["scope"], scope != "openid" else { return nil }
            return "the scope '\(sanitized(scope, limit: 60))' does not exist: use the employee's role"
        default: return nil
        }
    }

    /// The response that such tutorials describe, for `--lenient`. Returns nil for other calls.
    func answer(_ call: Call) -> Answer? {
        switch (call.isGenesys, call.request.method, call.url.path) {
        case (true, "POST", "/api/v2/oauth/token"), (true, "POST", "/oauth2/token"), (true, "POST", "/oauth/token"):
            return login.answer(lenientTokenRequest(call), domain: simulator.options.genesysDomain)
        case (true, "POST", "/api/v2/analytics/conversations/details/query"):
            return lenientQuery(call).map { genesys.answer($0, domain: simulator.options.genesysDomain) }
        case (true, "GET", "/api/v2/organizations"):
            return genesys.answer(call.at("/api/v2/organizations/me"), domain: simulator.options.genesysDomain)
        case (false, "POST", "/api/v2/oauth/token"), (false, "POST", "/oauth2/token"), (false, "POST", "/oauth/token"),
            (false, "POST", "/auth/token"):
            return CXoneAuthentication(simulator: simulator).lenientToken(call)
        case (false, "GET", "/api/v2/account"):
            return CXoneAPI(simulator: simulator).answer(
                call.at("/incontactapi/services/v34.0/business-unit", accept: "application/json"))
        case (false, "GET", "/api/v2/users"): return CXoneLists(simulator: simulator).lenientUsers(call)
        default: return nil
        }
    }

    /// A form-encoded token request with the parameters of a JSON body and of the query.
    private func lenientTokenRequest(_ call: Call) -> Call {
        var values = TokenParameters(call, format: call.isJSON ? .json : .form).values
        for item in call.url.queryItems where values[item.name] == nil { values[item.name] = item.value }
        let pairs = values.map { (name: $0.key, value: FormURLEncoding.Value.text($0.value)) }
        return call.at("/oauth/token", body: .secret(FormURLEncoding.encode(pairs)))
    }

    /// The platform's form of a query body with `date_from`, `date_to`, `page` and `size`. Returns nil without `date_from`.
    private func lenientQuery(_ call: Call) -> Call? {
        guard let body = try? JSONReader.parse(call.bodyBytes), let from = body["date_from"]?.string else { return nil }
        let to = body["date_to"]?.string ?? call.now.rfc3339
        let paging: JSON = [
            "pageSize": .int(body["size"]?.int ?? 25), "pageNumber": .int(body["page"]?.int ?? 1),
        ]
        return call.at(call.url.path, body: .bytes((["interval": "\(from)/\(to)", "paging": paging] as JSON).bytes()))
    }
}

extension Call {
    /// A copy of the call with another path, body or `Accept` field.
    func at(_ path: String, body: Request.Body? = nil, accept: String? = nil) -> Call {
        guard let url = try? HTTPURL(url.origin.description + path + (url.query.map { "?" + $0 } ?? "")) else {
            return self
        }
        var request = request
        request.url = url
        if let body { request.body = body }
        if let accept { try? request.headers.set("Accept", accept) }
        return Call(request: request, site: site, now: now, addresses: book)
    }
}
