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

    /// The site of a real host name; nil for any other host.
    init?(host: String) {
        let parts = host.split(separator: ".", maxSplits: 1).map(String.init)
        let domain = parts.count == 2 && genesysDomains.contains(parts[1]) ? parts[1] : nil
        if let domain, parts[0] == "login" || parts[0] == "api" {
            self = parts[0] == "login" ? .genesysLogin(domain: domain) : .genesysAPI(domain: domain)
            return
        }
        switch host {
        case "cxone.niceincontact.com": self = .cxoneIssuer
        case "na1.nice-incontact.com": self = .cxoneRegional
        case "api-na1.niceincontact.com": self = .cxoneAPI
        case "api-b32.nice-incontact.com": self = .cxoneCluster
        case "api-de-na1.niceincontact.com": self = .cxoneDigital
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
        genesysDomains.sorted().map { "*." + $0 }
            + ["*.niceincontact.com", "*.nice-incontact.com", "*.nicecxone-gov.com", storageHost]
    }

    /// The real host that a site stands for, for the journal.
    func hostName(_ path: String, _ options: Simulator.Options) -> String {
        switch self {
        case .genesysLogin(let domain): "login.\(domain)"
        case .genesysAPI(let domain): "api.\(domain)"
        case .genesysGateway: path.hasPrefix("/oauth/") ? options.loginHost : options.apiHost
        case .cxoneIssuer: "cxone.niceincontact.com"
        case .cxoneRegional: "na1.nice-incontact.com"
        case .cxoneAPI: "api-na1.niceincontact.com"
        case .cxoneCluster: "api-b32.nice-incontact.com"
        case .cxoneDigital: "api-de-na1.niceincontact.com"
        case .cxoneElsewhere(let host): host
        case .storage: storageHost
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
    public var storage = "https://\(storageHost)"
    public var control = "http://control.invalid"
}

/// The addresses by reference: every request carries them.
final class AddressBook: Sendable {
    static let real = AddressBook(Addresses())
    let addresses: Addresses

    init(_ addresses: Addresses) {
        self.addresses = addresses
    }
}

private let storageHost = "simulated-exports.s3.amazonaws.com"

/// The hosts of CXone's attested areas (`cxone.md` section 2).
private let cxoneHosts = Set(
    ["na1", "na2", "eu1", "uk1", "au1", "ca1", "jp1"].flatMap {
        ["\($0).nice-incontact.com", "api-\($0).niceincontact.com", "api-de-\($0).niceincontact.com"]
    } + ["cxone-gov.niceincontact.com", "api-de-na2.nicecxone-gov.com"])

/// The environment domains of Genesys Cloud (`genesys-cloud.md` section 1). The client has a list of its own, so that a
/// mistake in one of them shows.
let genesysDomains: Set<String> = [
    "mypurecloud.com", "use2.us-gov-pure.cloud", "usw2.pure.cloud", "cac1.pure.cloud", "sae1.pure.cloud",
    "mxc1.pure.cloud",
    "mypurecloud.ie", "euw2.pure.cloud", "mypurecloud.de", "euc2.pure.cloud", "edee1.eusc-pure.cloud",
    "mec1.pure.cloud",
    "aps1.pure.cloud", "apse1.pure.cloud", "mypurecloud.com.au", "mypurecloud.jp", "apne2.pure.cloud",
    "apne3.pure.cloud",
]
