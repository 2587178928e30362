internal import RingdownCore

/// The origin of a setting, from the most to the least trusted.
package enum SettingOrigin: Sendable, Hashable {
    /// A command-line option.
    case option
    /// The environment.
    case environment
    /// The file of a profile, which the user wrote or named.
    case profile(path: String)
    /// A `.env` file in the working directory, which may be part of an untrusted repository.
    case workingDirectory(path: String)

    /// Whether settings of this origin may decide how secrets of other origins are used.
    package var isTrusted: Bool {
        if case .workingDirectory = self { false } else { true }
    }

    /// The file that the setting was read from; nil for options and the environment.
    package var path: String? {
        switch self {
        case .option, .environment: nil
        case .profile(let path), .workingDirectory(let path): path
        }
    }

    /// The name of the origin in messages, such as `the environment` or `./.env`.
    var title: String {
        switch self {
        case .option: "the command line"
        case .environment: "the environment"
        case .profile(let path), .workingDirectory(let path): path
        }
    }
}

/// Separates secrets of trusted origins from settings of the working directory.
///
/// A `./.env` file may be part of an untrusted repository. It may contain a complete account or a region. For a secret of the
/// environment, it must not choose the server, the proxy, the trusted certificates, or the key of the token store.
///
/// The guard records the first secret of a trusted origin and the first restricted setting of the working directory that a command
/// reads. It fails after it has recorded both, in either order.
package final class OriginGuard: Sendable {
    private struct State {
        /// A secret and its origin, such as `GENESYS_CLIENT_SECRET of the environment`.
        var secret: String?
        /// A setting and its location, such as `./.env, line 3: GENESYS_LOGIN_URL`.
        var setting: String?
    }

    /// The settings of a `./.env` file that are allowed with any secret. They select a host of the platform or identify a client.
    /// All other settings are restricted.
    static let harmlessNames: Set<String> = [
        "RINGDOWN_PLATFORM", "RINGDOWN_MAX_WAIT", "RINGDOWN_JOB_LIMIT",
        "GENESYS_REGION", "GENESYSCLOUD_REGION", "CXONE_REGION",
        "GENESYS_CLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_ID", "CXONE_CLIENT_ID", "CXONE_ACCESS_KEY_ID", "OAUTH_CLIENT_ID",
        "GENESYS_ORGANIZATION_ID",
    ]

    /// The hint of errors about restricted settings in a file of the working directory.
    static let waysToTrust = "move the line to a profile (~/.config/ringdown/NAME.env)"

    private let state = Locked(State())

    /// Creates a guard without records.
    package init() {}

    /// Records the use of a secret.
    ///
    /// - Throws: ``ConfigurationError`` if the origin is trusted and a restricted setting of the working directory was read before.
    func willUse(secret name: String, of origin: SettingOrigin) throws(ConfigurationError) {
        guard origin.isTrusted else { return }
        try check { $0.secret = $0.secret ?? "\(name) of \(origin.title)" }
    }

    /// Records the use of a setting.
    ///
    /// - Throws: ``ConfigurationError`` if it is a restricted setting of the working directory and a secret of a trusted origin was
    ///   used before.
    func willRead(_ name: String, of origin: SettingOrigin, line: Int?) throws(ConfigurationError) {
        guard !origin.isTrusted, !Self.harmlessNames.contains(name) else { return }
        let place = origin.title + (line.map { ", line \($0)" } ?? "")
        try check { $0.setting = $0.setting ?? "\(place): \(sanitized(name, limit: 80))" }
    }

    /// Records the use of a user's sign-in. It belongs to the user whatever describes the account, so it combines with no restricted
    /// setting of the working directory.
    ///
    /// - Throws: ``ConfigurationError`` if such a setting was read before.
    func willUseSignIn() throws(ConfigurationError) { try check { $0.secret = $0.secret ?? "the sign-in of a user" } }

    private func check(_ change: (inout State) -> Void) throws(ConfigurationError) {
        let state = state.withLock { state in
            change(&state)
            return state
        }
        guard let secret = state.secret, let setting = state.setting else { return }
        throw ConfigurationError(
            "\(setting) must not control how \(secret) is used: the file may be part of an untrusted repository",
            hint: Self.waysToTrust, recovery: .trustDirectory
        )
    }
}
