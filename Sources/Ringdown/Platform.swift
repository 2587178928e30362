public import RingdownCore
internal import RingdownOAuth

/// A contact-centre platform: data and a few functions. Everything else in the project is the same for all of them.
public struct Platform: Sendable {
    /// As in `--platform`: `genesys`.
    public let name: String
    /// As people say it: `Genesys Cloud`.
    public let title: String
    /// Variables that show that this platform is meant.
    let signs: [String]
    /// Hosts that may be given a token besides the API's own: names that end in one of these.
    let trustedDomains: [String]
    /// What a person is asked for who sets up an account, in this order.
    public let questions: [Question]
    /// What an account may have besides.
    public let options: [String]
    /// Reads a profile from its variables.
    let profile: @Sendable (Settings) throws(ConfigurationError) -> Profile
    /// Reads an API error.
    let fault: @Sendable (Response) -> Fault
    /// Where users or agents are listed; nil where there is no such list.
    package let users: (@Sendable (Profile, _ pageSize: Int) -> UserList)?
    /// The lists that both platforms have, by what they are called here: `queues`, `teams` …
    let lists: @Sendable (Profile) -> [String: NamedList]
    /// Contacts with customers within a time; nil where there is no such list.
    let conversations: (@Sendable (APIClient, Interval) -> Pages)?
    /// The cheapest call that every valid token may make; nil where there is none.
    public let probe: @Sendable (Profile) -> String?
    /// Asks the platform whose token this is.
    let identify: @Sendable (APIClient) async throws -> Identity
    /// The likely causes of a refused token request, most likely first, and the next command.
    let advice: @Sendable (TokenError, Profile) -> String

    /// A setting that an account needs, as a person is asked for it.
    public struct Question: Sendable {
        public enum Kind: Sendable { case text, secret, region }
        public let variable: String
        /// Under which the vendor's own tools have it.
        public let alias: String?
        /// `Client ID`, and where it is found.
        public let prompt: String
        public let kind: Kind
        /// What an empty answer means; nil where there must be an answer, empty where none is fine.
        public let standard: String?

        init(
            _ variable: String, _ prompt: String, _ kind: Kind = .text, alias: String? = nil, standard: String? = nil
        ) {
            (self.variable, self.alias, self.prompt) = (variable, alias, prompt)
            (self.kind, self.standard) = (kind, standard)
        }
    }

    /// What an API says about a call that failed.
    public struct Fault: Sendable {
        public var code: String?
        public var message: String?
        public var correlationID: String?

        /// What a Genesys Cloud client lacks, as `missing.permissions` ends (`genesys-cloud.md` section 3).
        var missingPermissions: String? {
            guard code?.hasPrefix("missing.") == true, let message, let colon = message.firstIndex(of: ":") else {
                return nil
            }
            return String(message[message.index(after: colon)...]).trimmed
        }
    }

    public static let all: [Platform] = [.genesys, .cxone, .custom]

    /// The platform that `RINGDOWN_PLATFORM` names, or the only one whose variables are set.
    public static func chosen(by settings: Settings) throws(ConfigurationError) -> Platform {
        let names = all.map(\.name).joined(separator: ", ")
        if let text = try settings.text("RINGDOWN_PLATFORM") {
            if let platform = all.first(where: { $0.name == text.lowercased() }) { return platform }
            throw ConfigurationError(
                "'\(sanitized(text, limit: 40))' is not a platform",
                hint: "--platform or RINGDOWN_PLATFORM can be: \(names)"
            )
        }
        let candidates = all.filter { $0.signs.contains { settings.has($0) } }
        if candidates.count == 1 { return candidates[0] }
        guard candidates.isEmpty else {
            let found = candidates.map(\.name).joined(separator: " and ")
            throw ConfigurationError(
                "there are settings for \(found)", hint: "say which one with --platform or RINGDOWN_PLATFORM"
            )
        }
        throw ConfigurationError(
            "no credentials are set: neither GENESYS_CLIENT_ID nor CXONE_CLIENT_ID, CXONE_ACCESS_KEY_ID or OAUTH_CLIENT_ID",
            hint: "looked for in \(settings.places); set them there, or try 'ringdown demo', which needs no account"
        )
    }
}

extension Platform: CustomStringConvertible {
    public var description: String { title }
}
