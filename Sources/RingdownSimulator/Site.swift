/// The hosts that are simulated, by what they do.
enum Site: Sendable, Equatable {
    /// `login.<domain>` of Genesys Cloud, in the region of that domain.
    case genesysLogin(domain: String)
    case genesysAPI(domain: String)
    /// Login and API of Genesys Cloud on one address, as the official SDKs' gateway setting has it: what a loopback port is.
    case genesysGateway
    case cxoneIssuer
    /// `<area>.nice-incontact.com`: the access-key endpoint, and an area's own configuration.
    case cxoneRegional
    case cxoneAPI
    /// `api-<cluster>.nice-incontact.com`: where the API's own links lead.
    case cxoneCluster
    case cxoneDigital
    /// A host of CXone in an area in which the tenant does not live.
    case cxoneElsewhere(host: String)
    /// Somebody else's host, to which signed links lead.
    case storage
    case control

    /// The site of a real host name, for a tenant of CXone's in an area; nil for any other host.
    init?(host: String, area: String) {
        let parts = host.split(separator: ".", maxSplits: 1).map(String.init)
        let domain = parts.count == 2 && genesysRegions[parts[1]] != nil ? parts[1] : nil
        if let domain, parts[0] == "login" || parts[0] == "api" {
            self = parts[0] == "login" ? .genesysLogin(domain: domain) : .genesysAPI(domain: domain)
            return
        }
        switch host {
        case issuerHost(area): self = .cxoneIssuer
        case "\(area).nice-incontact.com": self = .cxoneRegional
        case "api-\(area).niceincontact.com": self = .cxoneAPI
        case "api-b32.nice-incontact.com": self = .cxoneCluster
        case digitalHost(area): self = .cxoneDigital
        case storageHost: self = .storage
        case let host where cxoneHosts.contains(host): self = .cxoneElsewhere(host: host)
        default: return nil
        }
    }

    var isGenesys: Bool {
        switch self {
        case .genesysLogin, .genesysAPI, .genesysGateway: true
        default: false
        }
    }

    /// The names that certificates for the simulated hosts are made out to.
    static var certificateNames: [String] {
        genesysRegions.keys.sorted().map { "*." + $0 }
            + ["*.niceincontact.com", "*.nice-incontact.com", "*.nicecxone-gov.com", storageHost]
    }

    /// The real host that a site stands for, for the journal.
    func hostName(_ path: String, _ options: Simulator.Options) -> String {
        switch self {
        case .genesysLogin(let domain): "login.\(domain)"
        case .genesysAPI(let domain): "api.\(domain)"
        case .genesysGateway: path.hasPrefix("/oauth/") ? options.loginHost : options.apiHost
        case .cxoneIssuer: issuerHost(options.cxoneArea)
        case .cxoneRegional: "\(options.cxoneArea).nice-incontact.com"
        case .cxoneAPI: "api-\(options.cxoneArea).niceincontact.com"
        case .cxoneCluster: "api-b32.nice-incontact.com"
        case .cxoneDigital: digitalHost(options.cxoneArea)
        case .cxoneElsewhere(let host): host
        case .storage: storageHost
        case .control: "control"
        }
    }
}

/// Where the simulated hosts answer: their real names, or loopback ports. Links and discovery documents are made of these.
public struct Addresses: Sendable {
    public var genesys: String
    public var cxoneIssuer: String
    public var cxoneRegional: String
    public var cxoneAPI: String
    public var cxoneCluster: String
    public var cxoneDigital: String
    public var storage = "https://\(storageHost)"
    public var control = "http://control.invalid"

    /// The real names.
    init(_ options: Simulator.Options) {
        func url(_ site: Site) -> String { "https://" + site.hostName("", options) }
        (genesys, cxoneIssuer, cxoneRegional) = (url(.genesysGateway), url(.cxoneIssuer), url(.cxoneRegional))
        (cxoneAPI, cxoneCluster, cxoneDigital) = (url(.cxoneAPI), url(.cxoneCluster), url(.cxoneDigital))
    }
}

/// The addresses by reference: every request carries them.
final class AddressBook: Sendable {
    let addresses: Addresses

    init(_ addresses: Addresses) {
        self.addresses = addresses
    }
}

private let storageHost = "simulated-exports.s3.amazonaws.com"

/// CXone's attested areas (`cxone.md` section 2).
let cxoneAreas = ["na1", "na2", "eu1", "uk1", "au1", "ca1", "jp1"]

/// The hosts of CXone's attested areas (`cxone.md` section 2).
private let cxoneHosts = Set(
    cxoneAreas.flatMap {
        ["\($0).nice-incontact.com", "api-\($0).niceincontact.com", issuerHost($0), digitalHost($0)]
    })

/// The government's area has an issuer of its own, and another domain for Digital Engagement.
private func issuerHost(_ area: String) -> String {
    area == "na2" ? "cxone-gov.niceincontact.com" : "cxone.niceincontact.com"
}
private func digitalHost(_ area: String) -> String {
    area == "na2" ? "api-de-na2.nicecxone-gov.com" : "api-de-\(area).niceincontact.com"
}

/// The environment domains of Genesys Cloud and their regions (`genesys-cloud.md` section 1). The client has a list of its own,
/// so that a mistake in one of them shows.
let genesysRegions: [String: String] = [
    "mypurecloud.com": "us-east-1", "use2.us-gov-pure.cloud": "us-east-2", "usw2.pure.cloud": "us-west-2",
    "cac1.pure.cloud": "ca-central-1", "sae1.pure.cloud": "sa-east-1", "mxc1.pure.cloud": "mx-central-1",
    "mypurecloud.ie": "eu-west-1", "euw2.pure.cloud": "eu-west-2", "mypurecloud.de": "eu-central-1",
    "euc2.pure.cloud": "eu-central-2", "edee1.eusc-pure.cloud": "eusc-de-east-1", "mec1.pure.cloud": "me-central-1",
    "aps1.pure.cloud": "ap-south-1", "apse1.pure.cloud": "ap-southeast-1", "mypurecloud.com.au": "ap-southeast-2",
    "mypurecloud.jp": "ap-northeast-1", "apne2.pure.cloud": "ap-northeast-2", "apne3.pure.cloud": "ap-northeast-3",
]
