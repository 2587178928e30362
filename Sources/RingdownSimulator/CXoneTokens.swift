internal import RingdownCore

/// The tokens of CXone: JSON Web Tokens, except for the opaque tokens of Digital Engagement (`cxone.md` section 1.2).
extension CXoneAuthentication {
    /// The response to a successful token request.
    ///
    /// - Parameter person: The index of the user who signed in, or nil for the employee of the access key.
    func granted(_ call: Call, client: String, isOpaque: Bool = false, person: Int? = nil) -> Answer {
        let lifetime = options.tokenLifetime ?? .seconds(3600)
        let number = world.withLock { $0.nextTokenNumber() }
        var random = SeededRandom(seed: data.seed &+ UInt64(number) &* 0x1000_0000)
        let claims = accessClaims(call, lifetime, number, cxoneIdentity(person))
        let token = isOpaque ? random.uuid() + random.uuid() : webToken(claims, &random)
        world.withLock { world in
            world.grant(
                token, number: number, to: client, on: isOpaque ? .digital : .cxone, until: call.now + lifetime,
                now: call.now, person: person)
        }
        var members: [JSON.Member] = [
            .init("access_token", .string(token)), .init("token_type", "Bearer"),
            .init("expires_in", JSON.seconds(lifetime)),
        ]
        if !isOpaque {
            // Twice the lifetime of the access token, as in the official sample.
            let (issued, end) = (Int(call.now.secondsSince1970), call.now + lifetime * 2)
            let session: JSON = [
                "aud": .string(credentials.cxoneClientID), "iss": .string(call.addresses.cxoneIssuer),
                "id": .string(cxoneIdentity(person).id), "sessionId": .string(random.uuid()),
                "iat": .int(issued), "exp": .int(issued + Int((lifetime * 2).inSeconds.rounded(.up))),
            ]
            let refreshToken = webToken(session, &random)
            world.withLock { $0.refreshTokens[refreshToken] = (end, person) }
            members += [
                .init("refresh_token", .string(refreshToken)),
                .init("id_token", .string(webToken(identityClaims(claims, call, cxoneIdentity(person)), &random))),
                .init("issued_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ]
        }
        var answer = Answer(json: .object(members), client: client, reason: "token granted")
        answer.token = number
        return answer
    }

    /// The claims of the ID token: those of the access token with the authoritative issuer, and the tenant's area (section 1.2).
    private func identityClaims(_ claims: JSON, _ call: Call, _ identity: CXoneIdentity) -> JSON {
        let kept = (claims.members ?? []).filter { $0.name != "iss" }
        return .object(
            kept + [
                .init("iss", .string(call.addresses.cxoneIssuer)), .init("icDomain", "niceincontact.com"),
                .init("userId", .string(identity.id)), .init("area", .string(options.cxoneArea)),
            ])
    }

    /// The subject of a token: the employee of the access key, or the user who signed in.
    private struct CXoneIdentity {
        var id: String
        var givenName = "Integration"
        var familyName = "User"
        var email = "integration.user@example.com"
    }

    private func cxoneIdentity(_ person: Int?) -> CXoneIdentity {
        guard let person = person.map(data.person) else { return CXoneIdentity(id: data.cxoneUserID) }
        return CXoneIdentity(
            id: person.id, givenName: person.firstName, familyName: person.lastName, email: person.email)
    }

    private func accessClaims(
        _ call: Call, _ lifetime: Duration, _ number: Int, _ identity: CXoneIdentity
    ) -> JSON {
        let issued = Int(call.now.secondsSince1970)
        return [
            "role": ["legacyId": "Administrator", "id": .string(data.genesysRoleID), "secondaryRoles": []],
            "sub": "user:\(identity.id)", "iss": "https://auth.nice-incontact.com",
            "given_name": .string(identity.givenName), "family_name": .string(identity.familyName),
            "name": .string(identity.email), "aud": .string(credentials.cxoneClientID),
            "icBUId": .int(data.cxoneBusinessUnitID), "tenantId": .string(credentials.cxoneTenantID),
            "tenant": "simulated_bu",
            "icClusterId": "B32", "iat": .int(issued), "exp": .int(issued + Int(lifetime.inSeconds.rounded(.up))),
            "jti": "\(number)",
        ]
    }

    /// A JSON Web Token with a random signature. Clients must not inspect access tokens (RFC 9068 section 6).
    private func webToken(_ claims: JSON, _ random: inout SeededRandom) -> String {
        let signature = (0..<32).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
        let header: JSON = ["alg": "RS256", "typ": "JWT", "kid": "default"]
        return [header.bytes(), claims.bytes(), signature].map { Base64.encode($0, .url) }.joined(separator: ".")
    }

    func userInformation(_ call: Call) -> Answer {
        let token = call.authorization("bearer")
        let (verdict, person) = world.withLock { world in
            (world.judge(token, on: .cxone, now: call.now), token.flatMap { world.tokens[$0]?.person })
        }
        if let reason = verdict.refusal {
            return Answer(status: 401, json: ["error": "invalid_token"], reason: reason).of(verdict)
        }
        let identity = cxoneIdentity(person)
        let json: JSON = [
            "sub": "user:\(identity.id)", "name": .string(identity.email), "given_name": .string(identity.givenName),
            "family_name": .string(identity.familyName), "email": .string(identity.email),
        ]
        return Answer(json: json, reason: "valid token").of(verdict)
    }
}
