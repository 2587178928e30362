public import RingdownCore

/// A region of Genesys Cloud. An organisation belongs to one region, and each region has its own hosts.
///
/// The list matches the official SDKs and tools (`genesys-cloud.md` section 1).
public struct GenesysRegion: Sendable, Hashable {
    /// The AWS region name, such as `eu-west-1`.
    public let name: String
    /// The environment domain, such as `mypurecloud.ie`. The hosts are its subdomains `login.` and `api.`.
    public let domain: String
    /// The location of the region.
    public let place: String

    /// The URL of the login host.
    public var loginURL: String { "https://login.\(domain)" }
    /// The URL of the API host.
    public var apiURL: String { "https://api.\(domain)" }

    /// All regions.
    public static let all: [GenesysRegion] = [
        .usEast1, .usEast2, .usWest2, .caCentral1, .saEast1, .mxCentral1, .euWest1, .euWest2, .euCentral1, .euCentral2,
        .euscDeEast1, .meCentral1, .apSouth1, .apSoutheast1, .apSoutheast2, .apNortheast1, .apNortheast2, .apNortheast3,
    ]

    /// Short codes that programs use instead of a region name, with their candidates, oldest first. Official tools do not support
    /// them.
    private static let shortCodes: [String: [String]] = [
        "us": ["us-east-1", "us-west-2", "us-east-2"],
        "eu": ["eu-west-1", "eu-central-1", "eu-west-2", "eu-central-2", "eusc-de-east-1"],
        "au": ["ap-southeast-2"],
        "jp": ["ap-northeast-1", "ap-northeast-3"],
        "ca": ["ca-central-1"],
        "in": ["ap-south-1"],
        "br": ["sa-east-1"],
        "sg": ["ap-southeast-1"],
        "kr": ["ap-northeast-2"],
        "ae": ["me-central-1"],
    ]
    /// Short codes of countries without a region, with the nearest regions.
    private static let absentCodes: [String: [String]] = ["za": ["me-central-1", "eu-west-1", "eu-west-2"]]

    /// Returns the region for an AWS region name (with hyphens or underscores), a domain, a host, a URL, or a short code.
    ///
    /// The use of a short code is logged as a warning.
    ///
    /// - Throws: ``ConfigurationError`` with the closest names if there is no such region.
    public static func named(_ text: String) throws(ConfigurationError) -> GenesysRegion {
        let word = text.trimmed.lowercased()
        if let region = all.first(where: { $0.name == word.replacing("_", with: "-") }) { return region }
        if let region = all.first(where: { $0.domain == host(in: word) }) { return region }
        if let candidates = shortCodes[word] { return named(by: word, candidates) }
        if let region = all.first(where: { $0.domain.hasPrefix(word + ".") }) { return region }  // `usw2`, `euc2`
        if let names = absentCodes[word] {
            throw ConfigurationError(
                "Genesys Cloud has no region for '\(word)'",
                hint: "the nearest are \(names.joined(separator: ", "))", recovery: .chooseRegion
            )
        }
        let close = nearest(to: host(in: word), among: all.flatMap { [$0.name, $0.domain] })
        throw ConfigurationError(
            "'\(sanitized(text, limit: 80))' is not a Genesys Cloud region",
            hint: (close.isEmpty ? "" : "did you mean \(close.joined(separator: " or "))? ")
                + "for another host, set GENESYS_LOGIN_URL and GENESYS_API_URL", recovery: .chooseRegion
        )
    }

    private static func named(by code: String, _ candidates: [String]) -> GenesysRegion {
        // The tables above contain only regions of the list.
        let region = all.first { $0.name == candidates[0] } ?? all[0]
        let others = candidates.dropFirst().joined(separator: ", ")
        Logger.current.warning(
            "region.short_code",
            "interpreting region '\(code)' as \(region.name) (\(region.domain))"
                + (others.isEmpty ? "" : "; it could also mean \(others)")
        )
        return region
    }

    /// Returns the environment domain of a domain, host, or URL.
    private static func host(in word: String) -> String {
        let rest =
            word.hasPrefix("https://") ? word.dropFirst(8) : word.hasPrefix("http://") ? word.dropFirst(7) : word[...]
        let host = rest.prefix { $0 != "/" && $0 != ":" }
        for prefix in ["login.", "api.", "apps."] where host.hasPrefix(prefix) {
            return String(host.dropFirst(prefix.count))
        }
        return String(host)
    }
}

extension String {
    fileprivate func replacing(_ old: Character, with new: Character) -> String {
        String(map { $0 == old ? new : $0 })
    }
}
