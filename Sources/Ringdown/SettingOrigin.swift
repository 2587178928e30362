internal import RingdownCore

/// Where a setting was written, from the most to the least trusted.
public enum SettingOrigin: Sendable, Hashable {
    case option
    case environment
    /// The file of a profile, which the user wrote or named.
    case profile(path: String)
    /// A `.env` file found in the working directory: it may have come with someone else's repository.
    case workingDirectory(path: String)

    /// Whether settings of this origin may decide how secrets of other origins are used.
    package var isTrusted: Bool {
        if case .workingDirectory = self { false } else { true }
    }

    /// The file that the setting was read from; nil for options and the environment.
    var path: String? {
        switch self {
        case .option, .environment: nil
        case .profile(let path), .workingDirectory(let path): path
        }
    }

    /// As it is named in messages: `the environment`, `./.env`.
    var title: String {
        switch self {
        case .option: "the command line"
        case .environment: "the environment"
        case .profile(let path), .workingDirectory(let path): path
        }
    }
}

/// Keeps secrets of trusted origins apart from settings of the working directory.
///
/// A `./.env` may come with someone else's repository. It may hold a whole account, or name a region. It must not decide where a
/// secret from the environment is sent, through which proxy, whose certificates are trusted, or with which key tokens are stored.
/// The guard records the first secret of a trusted origin and the first restricted setting of the working directory that a
/// command reads, and refuses as soon as it has seen both, in either order.
public final class OriginGuard: Sendable {
    private struct State {
        /// A secret and its origin, as `GENESYS_CLIENT_SECRET of the environment`.
        var secret: String?
        /// A setting and its place, as `./.env, line 3: GENESYS_LOGIN_URL`.
        var setting: String?
    }

    /// The settings of a `./.env` that combine with any secret: they choose among the platforms' own hosts, or identify a client
    /// to them. Every other name is restricted.
    static let harmlessNames: Set<String> = [
        "RINGDOWN_PLATFORM", "RINGDOWN_MAX_WAIT",
        "GENESYS_REGION", "GENESYSCLOUD_REGION", "CXONE_REGION",
        "GENESYS_CLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_ID", "CXONE_CLIENT_ID", "CXONE_ACCESS_KEY_ID", "OAUTH_CLIENT_ID",
        "GENESYS_ORGANIZATION_ID",
    ]

    private let state = Locked(State())

    public init() {}

    /// Records that a secret is used.
    ///
    /// - Throws: ``ConfigurationError`` if the origin is trusted and a restricted setting of the working directory was read before.
    func willUse(secret name: String, of origin: SettingOrigin) throws(ConfigurationError) {
        guard origin.isTrusted else { return }
        try check { $0.secret = $0.secret ?? "\(name) of \(origin.title)" }
    }

    /// Records that a setting is read.
    ///
    /// - Throws: ``ConfigurationError`` if it is a restricted one of the working directory and a secret of a trusted origin was
    ///   used before.
    func willRead(_ name: String, of origin: SettingOrigin, line: Int?) throws(ConfigurationError) {
        guard !origin.isTrusted, !Self.harmlessNames.contains(name) else { return }
        let place = origin.title + (line.map { ", line \($0)" } ?? "")
        try check { $0.setting = $0.setting ?? "\(place): \(sanitized(name, limit: 80))" }
    }

    private func check(_ change: (inout State) -> Void) throws(ConfigurationError) {
        let state = state.withLock { state in
            change(&state)
            return state
        }
        guard let secret = state.secret, let setting = state.setting else { return }
        throw ConfigurationError(
            "\(setting) would decide how \(secret) is used, and the file may have come with someone else's repository",
            hint: "move the line into a profile (~/.config/ringdown/NAME.env), or allow the file with --trust-directory"
        )
    }
}
