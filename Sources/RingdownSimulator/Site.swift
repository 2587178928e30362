/// The simulated hosts by function.
enum Site: Sendable, Equatable {
    /// `login.<domain>` of Genesys Cloud, in the region of that domain.
    case genesysLogin(domain: String)
    /// `api.<domain>` of Genesys Cloud.
    case genesysAPI(domain: String)
    /// Login and API of Genesys Cloud at one address, as with the gateway setting of the official SDKs. Used for loopback ports.
    case genesysGateway
    case cxoneIssuer
    /// `<area>.nice-incontact.com`: the access-key endpoint and the configuration of an area.
    case cxoneRegional
    case cxoneAPI
    /// `api-<cluster>.nice-incontact.com`: the host in the links of API responses.
    case cxoneCluster
    case cxoneDigital
    /// A CXone host in an area other than the tenant's.
    case cxoneElsewhere(host: String)
    /// A third-party storage host, to which signed links refer.
    case storage
    case control

    /// The site of a real host name, or nil for any other host.
    ///
    /// - Parameters:
    ///   - host: The real host name.
    ///   - area: The area of the CXone tenant.
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

    /// The DNS names in the certificates of the simulated hosts.
    static var certificateNames: [String] {
        genesysRegions.keys.sorted().map { "*." + $0 }
            + ["*.niceincontact.com", "*.nice-incontact.com", "*.nicecxone-gov.com", storageHost]
    }

    /// The real host name of a site, for the journal.
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

/// The base URLs of the simulated hosts: real names or loopback ports. Links and discovery documents use these URLs.
public struct Addresses: Sendable {
    public var genesys: String
    public var cxoneIssuer: String
    public var cxoneRegional: String
    public var cxoneAPI: String
    public var cxoneCluster: String
    public var cxoneDigital: String
    public var storage = "https://\(storageHost)"
    public var control = "http://control.invalid"

    /// Creates the URLs of the real host names.
    init(_ options: Simulator.Options) {
        func url(_ site: Site) -> String { "https://" + site.hostName("", options) }
        (genesys, cxoneIssuer, cxoneRegional) = (url(.genesysGateway), url(.cxoneIssuer), url(.cxoneRegional))
        (cxoneAPI, cxoneCluster, cxoneDigital) = (url(.cxoneAPI), url(.cxoneCluster), url(.cxoneDigital))
    }
}

/// A reference to the addresses, which every call carries.
final class AddressBook: Sendable {
    let addresses: Addresses

    init(_ addresses: Addresses) {
        self.addresses = addresses
    }
}

private let storageHost = "simulated-exports.s3.amazonaws.com"

/// The documented areas of CXone (`cxone.md` section 2).
let cxoneAreas = ["na1", "na2", "eu1", "uk1", "au1", "ca1", "jp1"]

/// The hosts of the documented areas of CXone (`cxone.md` section 2).
private let cxoneHosts = Set(
    cxoneAreas.flatMap {
        ["\($0).nice-incontact.com", "api-\($0).niceincontact.com", issuerHost($0), digitalHost($0)]
    })

/// The government area has its own issuer and another domain for Digital Engagement.
private func issuerHost(_ area: String) -> String {
    area == "na2" ? "cxone-gov.niceincontact.com" : "cxone.niceincontact.com"
}
private func digitalHost(_ area: String) -> String {
    area == "na2" ? "api-de-na2.nicecxone-gov.com" : "api-de-\(area).niceincontact.com"
}

/// The environment domains of Genesys Cloud and their regions (`genesys-cloud.md` section 1). The library has a separate list,
/// so that tests detect an error in either list.
let genesysRegions: [String: String] = [
    "mypurecloud.com": "us-east-1", "use2.us-gov-pure.cloud": "us-east-2", "usw2.pure.cloud": "us-west-2",
    "cac1.pure.cloud": "ca-central-1", "sae1.pure.cloud": "sa-east-1", "mxc1.pure.cloud": "mx-central-1",
    "mypurecloud.ie": "eu-west-1", "euw2.pure.cloud": "eu-west-2", "mypurecloud.de": "eu-central-1",
    "euc2.pure.cloud": "eu-central-2", "edee1.eusc-pure.cloud": "eusc-de-east-1", "mec1.pure.cloud": "me-central-1",
    "aps1.pure.cloud": "ap-south-1", "apse1.pure.cloud": "ap-southeast-1", "mypurecloud.com.au": "ap-southeast-2",
    "mypurecloud.jp": "ap-northeast-1", "apne2.pure.cloud": "ap-northeast-2", "apne3.pure.cloud": "ap-northeast-3",
]
