internal import Foundations
internal import HTTPModel

extension Simulator {
    /// What a program most likely meant that calls something which circulates in tutorials but is not there; nil for calls
    /// that are (`genesys-cloud.md` section 9, `cxone.md` section 7).
    func hint(_ call: Call) -> String? {
        call.isGenesys ? genesysHint(call) : cxoneHint(call)
    }

    private func genesysHint(_ call: Call) -> String? {
        switch call.url.path {
        case "/api/v2/oauth/token", "/oauth2/token":
            return "the token endpoint is POST https://login.<region's domain>/oauth/token"
        case "/oauth/token":
            if case .genesysAPI = call.site {
                return "the token endpoint is on the login host: POST https://login.<region's domain>/oauth/token"
            }
            let scope = FormURLEncoding.decode(String(decoding: call.bodyBytes, as: UTF8.self)).first {
                $0.name == "scope"
            }
            return scope.map {
                "scopes such as '\(excerpt($0.value, limit: 60))' do not apply to client credentials: roles decide"
            }
        case "/api/v2/organizations": return "a client's own organisation is GET /api/v2/organizations/me"
        case "/api/v2/users/me": return "a client is not a user: GET /api/v2/tokens/me says whose token it is"
        case "/api/v2/analytics/conversations/details/query":
            let body = try? JSONReader.parse(call.bodyBytes)
            let isInvented = ["date_from", "date_to", "size", "query_type"].contains { body?[$0] != nil }
            return isInvented ? "the body wants interval \"start/end\" and paging {pageSize, pageNumber}" : nil
        default: return nil
        }
    }

    private func cxoneHint(_ call: Call) -> String? {
        switch call.url.path {
        case "/api/v2/oauth/token", "/oauth/token", "/oauth2/token":
            return "the token endpoint comes from OIDC discovery: POST {issuer}/auth/token with the password grant"
        case "/api/v2/users", "/api/v2/users/me", "/api/v2/account":
            let resource = call.url.path == "/api/v2/account" ? "business-unit" : "agents"
            return "CXone has no /api/v2: GET {api_endpoint}/incontactapi/services/v34.0/\(resource)"
        case "/auth/token":
            let scope = FormURLEncoding.decode(String(decoding: call.bodyBytes, as: UTF8.self)).first {
                $0.name == "scope"
            }
            guard let scope, scope.value != "openid" else { return nil }
            return "there is no scope '\(excerpt(scope.value, limit: 60))': the employee's role decides"
        default: return nil
        }
    }

    /// What programs that follow such tutorials expect, for `--lenient`; nil for everything else.
    func lenientAnswer(_ call: Call) -> Answer? {
        switch (call.isGenesys, call.request.method, call.url.path) {
        case (true, "POST", "/api/v2/oauth/token"), (true, "POST", "/oauth2/token"), (true, "POST", "/oauth/token"):
            return genesysLogin(call.at("/oauth/token"), domain: options.genesysDomain)
        case (true, "GET", "/api/v2/organizations"):
            return genesysAPI(call.at("/api/v2/organizations/me"), domain: options.genesysDomain)
        case (false, "POST", "/api/v2/oauth/token"), (false, "POST", "/oauth2/token"), (false, "POST", "/oauth/token"),
            (false, "POST", "/auth/token"):
            return lenientToken(call)
        case (false, "GET", "/api/v2/account"): return cxoneAPI(call.at("/incontactapi/services/v34.0/business-unit"))
        case (false, "GET", "/api/v2/users"): return lenientUsers(call)
        default: return nil
        }
    }
}

extension Call {
    /// The same call to another path.
    func at(_ path: String) -> Call {
        guard let url = try? HTTPURL(url.origin.description + path + (url.query.map { "?" + $0 } ?? "")) else {
            return self
        }
        var request = request
        request.url = url
        return Call(request: request, site: site, now: now, addresses: book)
    }
}
