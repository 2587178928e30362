public import Foundations
internal import Tokens

/// A story of one token source, told in JSON: what is cached, what happens, and what must come of it.
///
/// The format is described in Documentation/Scenarios.md. Members that are not known here are ignored, so that files with more in
/// them run too.
public struct Scenario: Sendable {
    /// What is in the cache at the beginning, by the window that it is in.
    public enum Cached: String, Sendable, CaseIterable { case none, valid, advisory, mandatory, expired }

    /// What the token endpoint answers.
    public struct Reply: Sendable {
        public enum Kind: String, Sendable, CaseIterable {
            case fresh, stale, error, nonRecoverableError, hang, malformed
        }
        public var kind: Kind
        public var lifetime: Double?
        public var status: Int?
        public var retryAfter: Double?
        /// Members of the token response in place of good ones; the text `missing` removes one.
        public var members: [JSON.Member] = []
        /// Seconds that the answer takes.
        public var latency: Double?
        /// The connection ends in the middle of the answer.
        public var isCut = false

        public init(kind: Kind) {
            self.kind = kind
        }
    }

    public enum Action: Sendable {
        /// So many callers at once ask for a token.
        case getToken(callers: Int, minTTL: Double, isForced: Bool)
        case advance(seconds: Double)
        /// The wall clock alone is set forward or back.
        case jumpWall(seconds: Double)
        /// The API answers 401 to a token: the one that was cached at first, or the last one that was handed out.
        case reject(isFirst: Bool)
        /// Another process stores a token: a new one, or the one that was cached at first.
        case store(lifetime: Double, isFirst: Bool)
        /// Another process stores that the credentials were refused, for so long.
        case storeRefusal(seconds: Double)
    }

    public struct Expectation: Sendable {
        /// `cached`, `fresh` or `error`.
        public var result: String?
        public var sourceContacted: Bool?
        public var reason: String?
        /// How many token requests there were.
        public var requests: Int?
    }

    public struct Step: Sendable {
        public var action: Action
        public var source: Reply?
        public var expectation: Expectation
    }

    public var name: String
    public var cached: Cached
    /// Seconds.
    public var lifetime: Double
    public var steps: [Step]
    /// Who can play it; nil for everybody.
    var runners: [String]?

    /// Whether it is meant for a runner: `machine`, `library` or `command`.
    public func plays(_ runner: String) -> Bool { runners?.contains(runner) ?? true }

    /// What is left of the cached token's life at the beginning; nil where there is none, negative where it is over.
    public var secondsLeft: Double? {
        let settings = LifecycleSettings()
        let advisory = min(settings.advisoryWindow(.seconds(lifetime)).inSeconds, lifetime / 2)
        let mandatory = min(settings.mandatoryWindow.inSeconds, lifetime / 4)
        let margin = min(settings.usableMargin.inSeconds, lifetime / 4)
        switch cached {
        case .none: return nil
        case .valid: return (lifetime + advisory) / 2
        case .advisory: return (advisory + mandatory) / 2
        case .mandatory: return (mandatory + margin) / 2
        case .expired: return -1
        }
    }
}
