internal import RingdownCore

/// The names of all settings.
package enum SettingNames {
    private static let general = [
        "RINGDOWN_PLATFORM", "RINGDOWN_SOCKET", "RINGDOWN_CACHE", "RINGDOWN_CACHE_DIR", "RINGDOWN_CACHE_KEY",
        "RINGDOWN_CACHE_KEY_FILE", "RINGDOWN_REDIS_URL", "RINGDOWN_MAX_WAIT", "RINGDOWN_CA_FILE",
        "RINGDOWN_CLIENT_CERT",
        "RINGDOWN_CLIENT_KEY", "RINGDOWN_SIM_URL", "RINGDOWN_SIM_SCOPE", "RINGDOWN_TIME_FILE", "RINGDOWN_ACCESS_TOKEN",
        "RINGDOWN_TOKEN_FILE", "RINGDOWN_API_URL", "RINGDOWN_TOKEN_EXPIRES_AT", "OAUTH_SCOPE", "OAUTH_PRIVATE_KEY_ID",
    ]

    /// The known names.
    package static let all: [String] = {
        var names = general + Settings.secretVariables
        for platform in Platform.all {
            let variables = platform.variables
            names += platform.questions.flatMap { [$0.variable, $0.alias].compactMap { $0 } } + platform.options
            names += [variables.grant, variables.region, variables.clientAuthentication, variables.loopbackOrigins]
            names += [variables.vendorAccessToken, variables.vendorRegion, variables.vendorClientSecret].compactMap {
                $0
            }
        }
        return names
    }()

    /// Whether a variable has the form in which `exec` passes the token of a profile, such as `RINGDOWN_PROD_ACCESS_TOKEN`.
    private static func isOfProfile(_ name: String) -> Bool {
        let suffixes = ["_ACCESS_TOKEN", "_TOKEN_FILE", "_TOKEN_EXPIRES_AT", "_API_URL"]
        return name.hasPrefix("RINGDOWN_") && suffixes.contains { name.hasSuffix($0) }
    }

    /// Returns the unknown variables that misspell a setting, with its name, sorted.
    package static func misspellings(in variables: [String: String]) -> [(variable: String, meant: String)] {
        // Programs have variables of their own, so a name must begin like a setting.
        let candidates = variables.filter { !$0.value.isEmpty && $0.key.contains("_") }.keys.filter { name in
            ["GEN", "CXO", "OAUTH_", "RING"].contains { name.hasPrefix($0) } && !isOfProfile(name)
        }
        return candidates.sorted().compactMap { name in misspelling(name, of: all).map { (name, $0) } }
    }
}
