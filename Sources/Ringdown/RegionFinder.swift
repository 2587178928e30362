public import RingdownCore
internal import RingdownOAuth

/// Asks the login hosts of all Genesys Cloud regions at once which one knows a client. No other host is asked.
public struct RegionFinder: Sendable {
    public struct Answer: Sendable {
        public let region: GenesysRegion
        /// The region has such a client, whether or not the secret is right.
        public let knowsClient: Bool
        public let hasAnswered: Bool
        /// What it said, for people.
        public let said: String
    }

    private let grant: Grant
    private let transport: any Transport

    /// Throws ``ConfigurationError`` where the settings name no client of Genesys Cloud.
    public init(_ settings: Settings, transport: any Transport) throws(ConfigurationError) {
        guard case .grant(let grant) = try GenesysCloud.profile(settings).credential else {
            throw ConfigurationError(
                "a given access token belongs to no client that could be asked for",
                hint: "set GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET")
        }
        self.grant = grant
        self.transport = transport
    }

    /// The only region that knows the client of the settings; nil where none does, or where there are several.
    public static func region(_ settings: Settings, transport: any Transport) async -> GenesysRegion? {
        let found = await (try? RegionFinder(settings, transport: transport))?.ask().filter(\.knowsClient) ?? []
        return found.count == 1 ? found[0].region : nil
    }

    /// The answers, in the order of the regions.
    public func ask() async -> [Answer] {
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
            return answer(false, "no such host", hasAnswered: false)
        }
        var grant = grant
        grant.endpoint = .fixed(url)
        do throws(TokenError) {
            _ = try await OAuthClient(grant, transport: transport).requestToken(draw: 0)
            return answer(true, "knows the client, and the secret is right")
        } catch {
            // Only the platform's own words count: a proxy or gateway may answer in its place.
            if error.oauthError == "invalid_client" {
                let isUnknown = error.oauthDescription == "client not found"
                return answer(!isUnknown, isUnknown ? "no such client" : "knows the client, but the secret is wrong")
            }
            return answer(false, error.message, hasAnswered: false)
        }
    }
}
