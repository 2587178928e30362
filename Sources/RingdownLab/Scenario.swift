package import RingdownCore
internal import RingdownOAuth

/// A test case for a token source in JSON: the initial cache, the events and the expected results.
///
/// Documentation/Scenarios.md describes the format. Unknown members are ignored, so that files with additional members are
/// accepted.
package struct Scenario: Sendable {
    /// The state of the cached token at the start.
    package enum Cached: String, Sendable, CaseIterable { case none, valid, advisory, mandatory, expired }

    /// A response of the token endpoint.
    package struct Reply: Sendable {
        /// The type of the response.
        package enum Kind: String, Sendable, CaseIterable {
            case fresh, stale, error, nonRecoverableError, hang, malformed
        }
        package var kind: Kind
        /// The lifetime of the token in seconds (default: that of the scenario).
        package var lifetime: Double?
        /// The HTTP status (default: that of the type).
        package var status: Int?
        /// The value of `Retry-After` in seconds; nil for no header.
        package var retryAfter: Double?
        /// Members that replace those of a valid token response. The text `missing` removes a member.
        package var members: [JSON.Member] = []
        /// The duration of the response in seconds.
        package var latency: Double?
        /// Whether the connection is closed in the middle of the response.
        package var isCut = false

        package init(kind: Kind) {
            self.kind = kind
        }
    }

    /// An event of a scenario.
    package enum Action: Sendable {
        /// Several callers request a token at the same time.
        case getToken(callers: Int, minimumValidity: Double, isForced: Bool)
        case advance(seconds: Double)
        /// Both clocks advance.
        case jumpWall(seconds: Double)
        /// The API responds with 401 to a token: the initially cached one, or the last one that was returned.
        case reject(isFirst: Bool)
        /// Another process stores a token: a new one, or the initially cached one.
        case store(lifetime: Double, isFirst: Bool)
        /// Another process stores a refusal of the credentials for the given time.
        case storeRefusal(seconds: Double)
    }

    /// The expected results of a step. Nil members are not checked.
    package struct Expectation: Sendable {
        /// `cached`, `fresh` or `error`.
        package var result: String?
        /// Whether a token request is sent.
        package var sourceContacted: Bool?
        package var reason: String?
        /// The number of token requests.
        package var requests: Int?
    }

    /// One event and its expected results.
    package struct Step: Sendable {
        package var action: Action
        package var source: Reply?
        package var expectation: Expectation
    }

    package var name: String
    package var cached: Cached
    /// The lifetime of tokens in seconds.
    package var lifetime: Double
    package var steps: [Step]
    /// The runners that support this scenario; nil for all runners.
    var runners: [String]?

    /// Returns whether a runner (`machine`, `library` or `command`) supports this scenario.
    package func plays(_ runner: String) -> Bool { runners?.contains(runner) ?? true }

    /// The remaining lifetime of the cached token at the start in seconds; nil for no token, negative for an expired one.
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
