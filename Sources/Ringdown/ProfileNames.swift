internal import RingdownCore

/// The names of the settings in a profile, which determine the variables of the environment that must not change its account.
struct ProfileNames {
    private let settings: Set<String>
    /// The platforms of the accounts in the profile.
    private let platforms: [Platform]

    init(_ names: [String]) {
        settings = Set(names.map(Self.canonical))
        let settings = settings
        platforms = Platform.all.filter { $0.signs.contains { settings.contains(Self.canonical($0)) } }
    }

    /// Whether the profile decides about a variable instead of the environment.
    func decides(_ name: String) -> Bool {
        let setting = Self.canonical(name)
        if setting == "RINGDOWN_PLATFORM" { return settings.contains(setting) || platforms.count == 1 }
        guard Self.platform(of: name) != nil else { return false }
        if settings.contains(setting) { return true }
        if platforms.isEmpty { return false }
        return isOfOtherPlatform(name) || !Self.isCredential(setting)
    }

    /// Whether a variable belongs to a platform of which the profile has no account.
    func isOfOtherPlatform(_ name: String) -> Bool {
        guard !platforms.isEmpty, let owner = Self.platform(of: name) else { return false }
        return !platforms.contains { $0.name == owner.name }
    }

    /// Whether the profile has an account of this platform only.
    func isOnly(platform name: String) -> Bool { platforms.map(\.name) == [name.lowercased()] }

    private static func platform(of name: String) -> Platform? {
        if name.hasPrefix("GENESYSCLOUD_") { return .genesys }
        return Platform.all.first { name.hasPrefix($0.variables.prefix + "_") }
    }

    /// The name of Ringdown for a variable of the vendor's tools, without `_FILE`.
    private static func canonical(_ name: String) -> String {
        let name = name.hasSuffix("_FILE") ? String(name.dropLast(5)) : name
        let question = Platform.all.lazy.flatMap(\.questions).first { $0.alias == name }
        return question?.variable ?? name
    }

    /// Whether a setting completes an account instead of changing it.
    private static func isCredential(_ setting: String) -> Bool {
        let suffixes = ["_SECRET", "_SECRET_NEXT", "_CLIENT_ID", "_KEY_ID", "_PRIVATE_KEY", "_ACCESS_TOKEN"]
        return suffixes.contains { setting.hasSuffix($0) }
    }
}
