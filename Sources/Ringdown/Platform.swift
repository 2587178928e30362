package import RingdownCore
internal import RingdownOAuth

/// A supported platform: its data, and the functions that depend on the platform.
public struct Platform: Sendable {
    /// The name for `--platform`, such as `genesys`.
    public let name: String
    /// The display name, such as `Genesys Cloud`.
    public let title: String
    /// The variables that select this platform if they are set.
    let signs: [String]
    /// The names of the settings.
    package let variables: PlatformVariables
    /// The optional capabilities.
    package let capabilities: PlatformCapabilities
    /// The domains whose hosts are trusted with tokens in addition to the API host.
    let trustedDomains: [String]
    /// The settings that `ringdown init` prompts for, in this order.
    public let questions: [Question]
    /// The optional settings.
    public let options: [String]
    /// Creates a profile from settings.
    let profile: @Sendable (Settings) throws(ConfigurationError) -> Profile
    /// Reads an API error.
    let fault: @Sendable (Response) -> Fault
    /// The list of users or agents; nil if the platform has none.
    package let users: (@Sendable (Profile, _ pageSize: Int) -> UserList)?
    /// The named lists of resources, such as `queues` and `teams`.
    let lists: @Sendable (Profile) -> [String: NamedList]
    /// The list of conversations in an interval; nil if the platform has none.
    package let conversations: (@Sendable (APIClient, Interval) -> Pages)?
    /// The path of the cheapest call that every valid token is allowed to make, or nil if the platform has no such call.
    package let probe: @Sendable (Profile) -> String?
    /// Requests the identity of a token.
    let identify: @Sendable (APIClient) async throws -> Identity
    /// Returns the hint for a failed token request: the most likely cause, and the next command.
    let advice: @Sendable (TokenError, Profile) -> String

    /// A prompt for a setting.
    public struct Question: Sendable {
        /// The kind of value that is prompted for.
        public enum Kind: Sendable { case text, secret, region }
        /// The name of the setting.
        public let variable: String
        /// The name of the setting in the vendor's tools, or nil if they have no such setting.
        public let alias: String?
        /// The text of the prompt.
        public let prompt: String
        /// The kind of value.
        public let kind: Kind
        /// The default for an empty input; nil if a value is required.
        public let standard: String?

        init(
            _ variable: String, _ prompt: String, _ kind: Kind = .text, alias: String? = nil, standard: String? = nil
        ) {
            (self.variable, self.alias, self.prompt) = (variable, alias, prompt)
            (self.kind, self.standard) = (kind, standard)
        }
    }

    /// The content of an API error response.
    public struct Fault: Sendable {
        /// The platform's error code.
        public var code: String?
        /// The platform's message.
        public var message: String?
        /// The platform's correlation ID of the call.
        public var correlationID: String?

        /// The permissions that a Genesys Cloud client lacks, from the end of a `missing.permissions` message (`genesys-cloud.md`
        /// section 3).
        var missingPermissions: String? {
            guard code?.hasPrefix("missing.") == true, let message, let colon = message.firstIndex(of: ":") else {
                return nil
            }
            return String(message[message.index(after: colon)...]).trimmed
        }
    }

    /// All platforms.
    public static let all: [Platform] = [.genesys, .cxone, .custom]

    /// Returns the platforms whose variables are set, in the order of ``all``.
    package static func configured(in settings: Settings) -> [Platform] {
        all.filter { $0.signs.contains { settings.has($0) } }
    }

    /// Returns whether a path or URL begins like the paths of the platform's API.
    package func serves(_ path: String) -> Bool {
        let target = (try? HTTPURL(path))?.path ?? path
        return capabilities.pathPrefixes.contains { target.lowercased().hasPrefix($0) }
    }

    /// Returns the platform of `RINGDOWN_PLATFORM`, or the only platform whose variables are set.
    ///
    /// - Throws: ``ConfigurationError`` if there is no such platform, or if the variables of several or no platforms are set.
    package static func chosen(by settings: Settings) throws(ConfigurationError) -> Platform {
        let names = all.map(\.name).joined(separator: ", ")
        if let text = try settings.text("RINGDOWN_PLATFORM") {
            if let platform = all.first(where: { $0.name == text.lowercased() }) { return platform }
            throw ConfigurationError(
                "'\(sanitized(text, limit: 40))' is not a platform",
                hint: "set RINGDOWN_PLATFORM to one of: \(names)", recovery: .choosePlatform
            )
        }
        let candidates = configured(in: settings)
        if candidates.count == 1 { return candidates[0] }
        guard candidates.isEmpty else {
            let found = candidates.map(\.name).joined(separator: " and ")
            throw ConfigurationError(
                "the platform is ambiguous: there are settings for \(found)",
                hint: "select one with RINGDOWN_PLATFORM", recovery: .choosePlatform
            )
        }
        throw ConfigurationError(
            "no credentials: set GENESYS_CLIENT_ID, CXONE_CLIENT_ID, CXONE_ACCESS_KEY_ID or OAUTH_CLIENT_ID",
            hint: "searched in \(settings.places)", recovery: .configureAccount
        )
    }
}

extension Platform: CustomStringConvertible {
    /// The same as ``Platform/title``.
    public var description: String { title }
}
