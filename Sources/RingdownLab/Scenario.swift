package import RingdownCore
internal import RingdownOAuth

/// A story of one token source, told in JSON: what is cached, what happens, and what must come of it.
///
/// The format is described in Documentation/Scenarios.md. Members that are not known here are ignored, so that files with more in
/// them run too.
package struct Scenario: Sendable {
    /// What is in the cache at the beginning, by the window that it is in.
    package enum Cached: String, Sendable, CaseIterable { case none, valid, advisory, mandatory, expired }

    /// What the token endpoint answers.
    package struct Reply: Sendable {
        package enum Kind: String, Sendable, CaseIterable {
            case fresh, stale, error, nonRecoverableError, hang, malformed
        }
        package var kind: Kind
        package var lifetime: Double?
        package var status: Int?
        package var retryAfter: Double?
        /// Members of the token response in place of good ones; the text `missing` removes one.
        package var members: [JSON.Member] = []
        /// Seconds that the answer takes.
        package var latency: Double?
        /// The connection ends in the middle of the answer.
        package var isCut = false

        package init(kind: Kind) {
            self.kind = kind
        }
    }

    package enum Action: Sendable {
        /// So many callers at once ask for a token.
        case getToken(callers: Int, minimumValidity: Double, isForced: Bool)
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

    package struct Expectation: Sendable {
        /// `cached`, `fresh` or `error`.
        package var result: String?
        package var sourceContacted: Bool?
        package var reason: String?
        /// How many token requests there were.
        package var requests: Int?
    }

    package struct Step: Sendable {
        package var action: Action
        package var source: Reply?
        package var expectation: Expectation
    }

    package var name: String
    package var cached: Cached
    /// Seconds.
    package var lifetime: Double
    package var steps: [Step]
    /// Who can play it; nil for everybody.
    var runners: [String]?

    /// Whether it is meant for a runner: `machine`, `library` or `command`.
    package func plays(_ runner: String) -> Bool { runners?.contains(runner) ?? true }

    /// What is left of the cached token's life at the beginning; nil where there is none, negative where it is over.
    package var secondsLeft: Double? {
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
