package import RingdownCore
internal import RingdownOAuth

/// Searches the login hosts of all Genesys Cloud regions for a client. Sends requests to no other host.
package struct RegionFinder: Sendable {
    /// The answer of a region.
    package struct Answer: Sendable {
        /// The region.
        package let region: GenesysRegion
        /// Whether the client exists in the region, regardless of its secret.
        package let knowsClient: Bool
        /// Whether the region answered.
        package let hasAnswered: Bool
        /// A human-readable description of the answer.
        package let said: String
    }

    private let grant: Grant
    private let transport: any Transport

    /// Creates a finder for the client of the settings.
    ///
    /// - Throws: ``ConfigurationError`` if the settings contain no Genesys Cloud client.
    package init(_ settings: Settings, transport: any Transport) throws(ConfigurationError) {
        guard case .grant(let grant) = try GenesysCloud.profile(settings).credential else {
            throw ConfigurationError(
                "cannot search for the client of an access token",
                hint: "set GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET")
        }
        self.grant = grant
        self.transport = transport
    }

    /// Returns the region that has the client of the settings; nil if no region or several regions have it.
    package static func region(_ settings: Settings, transport: any Transport) async -> GenesysRegion? {
        let found = await (try? RegionFinder(settings, transport: transport))?.ask().filter(\.knowsClient) ?? []
        return found.count == 1 ? found[0].region : nil
    }

    /// Queries all regions concurrently and returns their answers in the order of ``GenesysRegion/all``.
    package func ask() async -> [Answer] {
        await withTaskGroup(of: (Int, Answer).self) { group in
            for (index, region) in GenesysRegion.all.enumerated() {
                group.addTask { (index, await ask(region)) }
            }
            var answers: [(Int, Answer)] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func ask(_ region: GenesysRegion) async -> Answer {
        func answer(_ knowsClient: Bool, _ said: String, hasAnswered: Bool = true) -> Answer {
            Answer(region: region, knowsClient: knowsClient, hasAnswered: hasAnswered, said: said)
        }
        guard let url = try? HTTPURL(region.loginURL + "/oauth/token") else {
            return answer(false, "invalid host", hasAnswered: false)
        }
        var grant = grant
        grant.endpoint = .fixed(url)
        do throws(TokenError) {
            _ = try await OAuthClient(grant, transport: transport).requestToken(draw: 0)
            return answer(true, "the client exists and the secret is right")
        } catch {
            // Only OAuth errors of the platform count, because a proxy or gateway may have responded instead.
            if error.oauthError == "invalid_client" {
                let isUnknown = error.oauthDescription == "client not found"
                return answer(
                    !isUnknown, isUnknown ? "the client does not exist" : "the client exists but the secret is wrong")
            }
            return answer(false, error.message, hasAnswered: false)
        }
    }
}
