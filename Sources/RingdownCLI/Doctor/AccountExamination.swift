internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

/// Requests a token and calls the API with an account, and determines the cause of each failure.
struct AccountExamination {
    let profile: Profile
    let settings: Settings
    let transport: any Transport
    /// The store with a user's sign-in; nil if it cannot be used.
    let store: (any TokenStore)?
    /// The name of the profile; nil for ./.env and the environment.
    let profileName: String?
    /// The arguments that select the account in a command line: ` prod`, ` --platform genesys`, or empty.
    let words: String

    /// A command line for this account.
    private func command(_ text: String) -> String { "ringdown " + text + words }

    /// The next step after a wrong secret.
    private var storingAgain: String {
        profileName.map { "ringdown init \($0) --replace" } ?? "store the correct secret, then: "
            + command("doctor")
    }

    /// The next step after a secret with a known mistake.
    private var storingAgainWithout: String {
        profileName.map { "ringdown init \($0) --replace, with the corrected secret" }
            ?? "store the corrected secret, then: " + command("doctor")
    }

    /// An API client that makes one attempt and does not wait.
    var client: APIClient {
        var plain = profile
        plain.organizationID = nil
        var calls = CallSettings()
        (calls.attempts, calls.waitLimit, calls.isGated) = (1, .zero, false)
        // A client's token is always requested. A user's token needs the stored sign-in.
        let store = profile.signIn == nil ? nil : store
        return APIClient(plain, transport: transport, store: store ?? .memory, calls: calls)
    }

    // MARK: The token

    /// Requests a token.
    ///
    /// - Returns: Whether a token was granted.
    func examineToken(_ client: APIClient, _ diagnosis: inout Diagnosis) async -> Bool {
        if case .accessToken = profile.credential {
            diagnosis.ok("token", "set in GENESYSCLOUD_ACCESS_TOKEN, lifetime unknown")
            return true
        }
        let start = Context.current.time.now().uptime
        do {
            let token = try await client.token()
            let elapsed = Int(((Context.current.time.now().uptime - start).inSeconds * 1000).rounded(.up))
            let life = token.isLifetimeKnown ? ", valid for \(token.lifetime.spoken)" : ", lifetime unknown"
            diagnosis.ok("token", "granted\(life) (\(elapsed) ms)")
            return true
        } catch let error as TokenError {
            diagnosis.fail("token", error.message, await cause(of: error))
            return false
        } catch {
            diagnosis.fail(
                "token", "\(error)",
                Cause(name: "cancelled", text: "the request was cancelled", next: command("doctor"), exitCode: 2))
            return false
        }
    }

    private func cause(of error: TokenError) async -> Cause {
        let hint = ErrorHints.advised(error, profile).advice
        let advice = hint.hasPrefix("most likely ") ? String(hint.dropFirst(12)) : hint
        func cause(_ name: String, _ text: String, _ next: String, _ exitCode: Int32 = ExitCode.credentialsRefused)
            -> Cause
        {
            Cause(name: name, text: text, next: next, exitCode: exitCode)
        }
        if isSomebodyElses(error) {
            return cause(
                "answered-by-proxy",
                "a proxy, a gateway or a sign-in page answered instead of the platform",
                "check HTTPS_PROXY and NO_PROXY, and open \(error.endpoint?.origin.description ?? "the host") in a browser",
                ExitCode.unreachable)
        }
        switch error.code {
        case .signInRequired: return cause("not-signed-in", error.message, command("login"))
        case .rateLimited:
            return cause("login-rate-limit", advice, "wait a minute, then: " + command("doctor"), ExitCode.rateLimited)
        case .unreachable, .serverFailed:
            return cause("unreachable", advice, command("doctor") + " --verbose", ExitCode.unreachable)
        case .grantRefused where profile.platform.capabilities.needsAccessKey:
            return cause("no-access-key", advice, "set CXONE_ACCESS_KEY_ID and CXONE_ACCESS_KEY_SECRET_FILE")
        case .grantRefused: return cause("grant-not-allowed", advice, advice)
        case .credentialsRefused: return await causeOfRefusal(error, advice)
        default: return cause("\(error.code)", advice, command("token") + " --verbose", ExitCode.failed)
        }
    }

    /// Whether another server answered. No platform answers a token request with an HTML page, and every Genesys Cloud response
    /// has a correlation ID.
    private func isSomebodyElses(_ error: TokenError) -> Bool {
        if error.isPage { return true }
        let isRefusal = error.status != nil && (error.code == .credentialsRefused || error.code == .requestRefused)
        let isNumbered = profile.platform.capabilities.correlationHeader != nil
        return isRefusal && isNumbered && error.oauthError == nil && error.correlationID == nil
    }

    private func causeOfRefusal(_ error: TokenError, _ advice: String) async -> Cause {
        func cause(_ name: String, _ text: String, _ next: String) -> Cause {
            Cause(name: name, text: text, next: next, exitCode: ExitCode.credentialsRefused)
        }
        if error.oauthDescription == "client not found" {
            if profile.clientID.trimmed != profile.clientID || profile.clientID.contains("\"")
                || !SecretText.invisibleCharacters(profile.clientID).isEmpty
            {
                return cause(
                    "mangled-client-id", "the client ID contains white space, quotes or invisible characters",
                    "correct GENESYS_CLIENT_ID")
            }
            if let region = await RegionFinder.region(settings, transport: transport) {
                return cause(
                    "wrong-region", "the client belongs to \(region.name), not to \(profile.region ?? "this host")",
                    profileName == nil ? "export GENESYS_REGION=\(region.name)" : command("regions --find --store"))
            }
            return cause(
                "unknown-client", "the client does not exist in any region: its ID is mistyped, or it was deleted",
                "check GENESYS_CLIENT_ID")
        }
        if let description = error.oauthDescription?.lowercased(),
            ["not active", "inactive", "disabled"].contains(where: { description.contains($0) })
        {
            return cause(
                "disabled-client", "the client is disabled",
                "enable it in Admin > Integrations > OAuth, or ask an administrator to")
        }
        guard case .grant(let grant) = profile.credential else { return cause("wrong-secret", advice, advice) }
        for variant in grant.variants {
            let works = try? await OAuthClient(variant.grant, transport: transport).requestToken(draw: 0)
            guard works != nil else { continue }
            let parts = variant.cause.split(separator: ":")
            let setting = profile.platform.variables.clientAuthentication
            let next = parts.count > 1 ? "set \(setting)=\(parts[1])" : storingAgainWithout
            return cause(String(parts[0]), variant.mistake, next)
        }
        let isKey = error.oauthError == "invalid_grant"
        return cause(isKey ? "wrong-access-key" : "wrong-secret", advice, storingAgain)
    }

    // MARK: The API

    func examineAPI(_ client: APIClient, _ call: String?, _ diagnosis: inout Diagnosis) async {
        guard let probe = profile.platform.probe(profile) else {
            if let call { await examine(call, client, &diagnosis) }
            return
        }
        do {
            let response = try await client.send(APICall(probe))
            diagnosis.ok("api", "\(try await client.baseURL().origin) accepts the token")
            if let text = response.rateLimitText { diagnosis.ok("rate limit", text) }
            let identity = try await client.whoami()
            examine(identity, client, &diagnosis)
        } catch { return diagnosis.fail("api", "\(error)", cause(ofCall: error)) }
        await examineUsers(client, &diagnosis)
        if let call { await examine(call, client, &diagnosis) }
    }

    private func examine(_ identity: Identity, _ client: APIClient, _ diagnosis: inout Diagnosis) {
        func clean(_ texts: [String]) -> String {
            texts.map { sanitized($0, without: client.secretsInUse, limit: 200) }.joined(separator: ", ")
        }
        let name = clean([identity.organizationName, identity.organizationID].compactMap { $0 })
        if let wanted = profile.organizationID, let found = identity.organizationID, wanted != found {
            diagnosis.fail(
                "organisation", "\(name), but GENESYS_ORGANIZATION_ID is \(sanitized(wanted, limit: 60))",
                Cause(
                    name: "wrong-organization",
                    text: "the client belongs to another organisation than GENESYS_ORGANIZATION_ID",
                    next: "correct GENESYS_ORGANIZATION_ID, or use a client of that organisation",
                    exitCode: ExitCode.credentialsRefused))
        } else {
            diagnosis.ok("organisation", name.isEmpty ? "unknown" : name)
        }
        guard profile.platform.capabilities.hasClientRoles || !identity.roles.isEmpty else { return }
        if identity.roles.isEmpty {
            diagnosis.warn(
                "roles", "the client has no role",
                Cause(
                    name: "no-role", text: "without a role, the client has almost no permissions",
                    next: "assign a role in Admin > Integrations > OAuth > Roles",
                    exitCode: ExitCode.permissionMissing))
        } else {
            diagnosis.ok("roles", clean(identity.roles))
        }
    }

    private func examineUsers(_ client: APIClient, _ diagnosis: inout Diagnosis) async {
        guard let users = profile.platform.users else { return }
        do {
            _ = try await client.send(APICall(users(profile, 1).firstPath))
            diagnosis.ok("permission", "can list users")
        } catch {
            // Only a warning: not every client needs this permission.
            diagnosis.warn("permission", "cannot list users: \(error)", cause(ofCall: error))
        }
    }

    private func examine(_ path: String, _ client: APIClient, _ diagnosis: inout Diagnosis) async {
        do {
            let response = try await client.send(APICall(path))
            diagnosis.ok("call", "GET \(sanitized(path, limit: 120)) returns \(response.status)")
        } catch { diagnosis.fail("call", "\(error)", cause(ofCall: error)) }
    }

    private func cause(ofCall error: any Error) -> Cause {
        guard let error = error as? APIError else {
            return Cause(
                name: "failed", text: "\(error)", next: command("doctor") + " --verbose", exitCode: ExitCode.failed)
        }
        func cause(_ name: String, _ text: String, _ next: String, _ exitCode: Int32) -> Cause {
            Cause(name: name, text: text, next: next, exitCode: exitCode)
        }
        switch (error.code, error.platformCode) {
        case (_, "not.a.user"?):
            return cause(
                "user-only", "this call requires a signed-in user, but the token belongs to a client",
                command("api GET /api/v2/tokens/me") + ", or sign in: " + command("login"), ExitCode.failed)
        case (.unauthorized, _):
            if case .accessToken = profile.credential {
                return cause(
                    "revoked-token", "the token has expired, was revoked, or belongs to another region",
                    "get a new token, or set GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET_FILE",
                    ExitCode.credentialsRefused)
            }
            return cause(
                "refused-token",
                "the API rejects a token that was just issued: its host belongs to another region, or the client is disabled",
                "check GENESYS_API_URL, and that the client is enabled", ExitCode.credentialsRefused)
        case (.forbidden, _):
            return cause(
                "missing-role", error.hint, "add the permission to the client's role, then: " + command("doctor"),
                ExitCode.permissionMissing)
        case (.rateLimited, _):
            return cause("rate-limit", error.hint, "wait a minute, then: " + command("doctor"), ExitCode.rateLimited)
        case (.unreachable, _), (.serverFailed, _):
            return cause("api-unreachable", error.hint, command("doctor") + " --verbose", ExitCode.unreachable)
        default: return cause("\(error.code)", error.hint, command("doctor") + " --verbose", ExitCode.failed)
        }
    }

    /// Checks whether the API still accepts the cached token. A rejected token is replaced automatically.
    func examineCachedToken(_ token: Token, _ diagnosis: inout Diagnosis) async {
        let left = token.remaining(at: Context.current.time.now())
        guard let probe = profile.platform.probe(profile), left > .zero else { return }
        var given = profile
        given.credential = .accessToken(token.value)
        given.organizationID = nil
        var calls = CallSettings()
        (calls.attempts, calls.waitLimit, calls.isGated) = (1, .zero, false)
        do {
            _ = try await APIClient(given, transport: transport, calls: calls).send(APICall(probe))
            diagnosis.ok("cached token", "accepted, expires in \(left.spoken)")
        } catch let error as APIError where error.code == .unauthorized {
            diagnosis.warn(
                "cached token", "rejected, although it expires in \(left.spoken)",
                Cause(
                    name: "revoked-token",
                    text: "the cached token was revoked; the next API call replaces it",
                    next: command("token --force"), exitCode: ExitCode.credentialsRefused))
        } catch { diagnosis.warn("cached token", "cannot check it: \(error)") }
    }
}

extension Response {
    /// The state of the platform's rate limit, if the response reports it.
    fileprivate var rateLimitText: String? {
        let (count, allowed) = (headers["inin-ratelimit-count"], headers["inin-ratelimit-allowed"])
        guard let count = count.flatMap({ Int($0) }), let allowed = allowed.flatMap({ Int($0) }) else {
            return nil
        }
        return "\(count) of \(allowed) calls used in this minute"
    }
}
