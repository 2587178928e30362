/// The hosts that are simulated, by what they do.
enum Site: Sendable, Equatable {
    /// `login.<domain>` of Genesys Cloud, in the region of that domain.
    case genesysLogin(domain: String)
    case genesysAPI
    /// Login and API of Genesys Cloud on one address, as the official SDKs' gateway setting has it: what a loopback port is.
    case genesysGateway
    case cxoneIssuer
    /// `<area>.nice-incontact.com`: the access-key endpoint, and an area's own configuration.
    case cxoneRegional
    case cxoneAPI
    /// `api-<cluster>.nice-incontact.com`: where the API's own links lead.
    case cxoneCluster
    case cxoneDigital
    case control

    /// The site of a real host name; nil for any other host.
    init?(host: String) {
        let domains = ["mypurecloud.", ".pure.cloud", "us-gov-pure.cloud", "eusc-pure.cloud"]
        let isGenesys = domains.contains { host.contains($0) }
        switch host {
        case _ where isGenesys && host.hasPrefix("login."): self = .genesysLogin(domain: String(host.dropFirst(6)))
        case _ where isGenesys && host.hasPrefix("api."): self = .genesysAPI
        case "cxone.niceincontact.com": self = .cxoneIssuer
        case "na1.nice-incontact.com": self = .cxoneRegional
        case "api-na1.niceincontact.com": self = .cxoneAPI
        case "api-b32.nice-incontact.com": self = .cxoneCluster
        case "api-de-na1.niceincontact.com": self = .cxoneDigital
        default: return nil
        }
    }

    /// The real host that a site stands for, for the journal.
    func hostName(_ path: String, _ options: Simulator.Options) -> String {
        switch self {
        case .genesysLogin(let domain): "login.\(domain)"
        case .genesysAPI: "api.\(options.genesysDomain)"
        case .genesysGateway: "\(path.hasPrefix("/oauth/") ? "login" : "api").\(options.genesysDomain)"
        case .cxoneIssuer: "cxone.niceincontact.com"
        case .cxoneRegional: "na1.nice-incontact.com"
        case .cxoneAPI: "api-na1.niceincontact.com"
        case .cxoneCluster: "api-b32.nice-incontact.com"
        case .cxoneDigital: "api-de-na1.niceincontact.com"
        case .control: "control"
        }
    }
}

/// Where the simulated hosts answer: their real names, or loopback ports. Links and discovery documents are made of these.
public struct Addresses: Sendable {
    public var genesys = "https://api.mypurecloud.com"
    public var cxoneIssuer = "https://cxone.niceincontact.com"
    public var cxoneRegional = "https://na1.nice-incontact.com"
    public var cxoneAPI = "https://api-na1.niceincontact.com"
    public var cxoneCluster = "https://api-b32.nice-incontact.com"
    public var cxoneDigital = "https://api-de-na1.niceincontact.com"
    public var control = "http://control.invalid"
}
