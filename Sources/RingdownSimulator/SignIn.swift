internal import RingdownCore

/// An authorization code that was issued to a browser and not yet redeemed.
struct AuthorizationCode: Sendable {
    var client: String
    var redirectURI: String
    var challenge: String
    /// The index of the user who signed in.
    var person: Int
    var end: Timestamp
}

/// The platforms' sign-in pages: the authorization code grant with PKCE for users. The pages do not imitate the real ones. The
/// addresses and parameters are those of the official SDKs (`genesys-cloud.md` section 9, `cxone.md` section 1).
protocol SignInPages: ResourceFamily {}

extension SignInPages {
    /// The page at `/oauth/authorize` and `/auth/authorize`, and the response to its form.
    func signIn(_ call: Call, client: String) -> Answer {
        call.lookAtAll()
        let isForm = call.request.method == "POST"
        let body = isForm ? FormURLEncoding.decode(String(decoding: call.bodyBytes, as: UTF8.self)) : []
        let items = isForm ? body : call.url.queryItems
        func value(_ name: String) -> String { items.first { $0.name == name }?.value ?? "" }
        guard call.request.method == "GET" || isForm else { return signInRefusal("method not allowed", 405) }
        guard value("client_id") == client else { return signInRefusal("client not found") }
        // There are no registered redirect URIs to compare with, so only loopback addresses are permitted.
        guard let redirect = try? HTTPURL(value("redirect_uri")), redirect.origin.isLoopback else {
            return signInRefusal("redirect_uri must be a loopback address")
        }
        guard value("response_type") == "code" else { return signInRefusal("response_type must be code") }
        guard value("code_challenge_method") == "S256", !value("code_challenge").isEmpty else {
            return signInRefusal("code_challenge with code_challenge_method=S256 is required")
        }
        guard isForm else { return signInPage(call, items) }
        var back: [(name: String, value: String)] = []
        var reason = "signed in"
        if value("decision") == "deny" {
            back = [("error", "access_denied"), ("error_description", "the user denied access")]
            reason = "access denied"
        } else {
            guard let person = data.index(ofEmail: value("username")) else {
                return signInRefusal("user not found")
            }
            var random = SeededRandom(seed: data.seed &+ UInt64(world.withLock { $0.nextTokenNumber() }) &* 0x2000_0001)
            let code = random.uuid()
            let granted = AuthorizationCode(
                client: client, redirectURI: value("redirect_uri"), challenge: value("code_challenge"), person: person,
                end: call.now + .seconds(60))
            world.withLock { $0.codes[code] = granted }
            back = [("code", code)]
        }
        if !value("state").isEmpty { back.append(("state", value("state"))) }
        return Answer(status: 302, client: client, reason: reason)
            .with("Location", redirect.appending(query: back).description).with("Cache-Control", "no-store")
    }

    /// Redeems an authorization code, which is valid once.
    ///
    /// - Returns: The index of the user, or nil if the code belongs to another client, has expired, or the verifier does not match
    ///   the challenge.
    func redeem(_ parameters: TokenParameters, client: String, now: Timestamp) -> Int? {
        let code = parameters.values["code"].flatMap { code in world.withLock { $0.codes.removeValue(forKey: code) } }
        guard let code, code.end > now, code.client == client, code.redirectURI == parameters.values["redirect_uri"],
            let verifier = parameters.values["code_verifier"],
            Base64.encode(Sodium.sha256(Array(verifier.utf8)), .url) == code.challenge
        else { return nil }
        return code.person
    }

    private func signInRefusal(_ reason: String, _ status: Int = 400) -> Answer {
        signInHTML(status, "<h1>Cannot sign in</h1><p>\(Self.escaped(reason))</p>", reason: reason)
    }

    private func signInPage(_ call: Call, _ items: [(name: String, value: String)]) -> Answer {
        let hidden = items.map {
            "<input type=\"hidden\" name=\"\(Self.escaped($0.name))\" value=\"\(Self.escaped($0.value))\">"
        }.joined()
        let people = (0..<min(data.userCount, 5)).map { data.person($0) }
        let options = people.map { "<option value=\"\(Self.escaped($0.email))\">" }.joined()
        return signInHTML(
            200,
            """
            <h1>Simulated sign-in</h1><p>Sign in to the simulator as any user of its organisation. No password is required.</p>
            <form method="post" action="\(call.url.path)">\(hidden)
            <label for="username">User name</label>
            <input id="username" name="username" list="people" autocomplete="username" required value="\(Self.escaped(people.first?.email ?? ""))">
            <datalist id="people">\(options)</datalist>
            <button name="decision" value="allow">Sign in</button>
            <button name="decision" value="deny" formnovalidate>Cancel</button></form>
            """, reason: "sign-in page")
    }

    private func signInHTML(_ status: Int, _ content: String, reason: String) -> Answer {
        var answer = Answer(status: status, reason: reason)
        answer.response.body = Array(
            """
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Simulated sign-in</title><style>
            body{font:1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:26rem;padding:0 1rem;color:#1d2330;background:#fff}
            label,input{display:block;width:100%;box-sizing:border-box}input,button{font:inherit;padding:.5rem;margin:.3rem 0}
            button{margin-right:.5rem}@media(prefers-color-scheme:dark){body{color:#e8ebf2;background:#12151c}}</style>
            <main>\(content)</main></html>
            """.utf8)
        answer.add("Content-Type", "text/html; charset=utf-8")
        answer.add("Cache-Control", "no-store")
        answer.add("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
        return answer
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
