public import RingdownCore

extension GenesysRegion {
    /// US East, Northern Virginia, `mypurecloud.com`.
    public static let usEast1 = GenesysRegion(
        name: "us-east-1", domain: "mypurecloud.com", place: "US East, N. Virginia")
    /// US East (FedRAMP), `use2.us-gov-pure.cloud`.
    public static let usEast2 = GenesysRegion(
        name: "us-east-2", domain: "use2.us-gov-pure.cloud", place: "US East, FedRAMP")
    /// US West (Oregon), `usw2.pure.cloud`.
    public static let usWest2 = GenesysRegion(name: "us-west-2", domain: "usw2.pure.cloud", place: "US West, Oregon")
    /// Canada, `cac1.pure.cloud`.
    public static let caCentral1 = GenesysRegion(name: "ca-central-1", domain: "cac1.pure.cloud", place: "Canada")
    /// São Paulo, `sae1.pure.cloud`.
    public static let saEast1 = GenesysRegion(name: "sa-east-1", domain: "sae1.pure.cloud", place: "São Paulo")
    /// Mexico, `mxc1.pure.cloud`.
    public static let mxCentral1 = GenesysRegion(name: "mx-central-1", domain: "mxc1.pure.cloud", place: "Mexico")
    /// Ireland, `mypurecloud.ie`.
    public static let euWest1 = GenesysRegion(name: "eu-west-1", domain: "mypurecloud.ie", place: "Ireland")
    /// London, `euw2.pure.cloud`.
    public static let euWest2 = GenesysRegion(name: "eu-west-2", domain: "euw2.pure.cloud", place: "London")
    /// Frankfurt, `mypurecloud.de`.
    public static let euCentral1 = GenesysRegion(name: "eu-central-1", domain: "mypurecloud.de", place: "Frankfurt")
    /// Zurich, `euc2.pure.cloud`.
    public static let euCentral2 = GenesysRegion(name: "eu-central-2", domain: "euc2.pure.cloud", place: "Zurich")
    /// European Sovereign Cloud (Germany), `edee1.eusc-pure.cloud`.
    public static let euscDeEast1 = GenesysRegion(
        name: "eusc-de-east-1", domain: "edee1.eusc-pure.cloud", place: "European Sovereign Cloud, Germany")
    /// UAE, `mec1.pure.cloud`.
    public static let meCentral1 = GenesysRegion(name: "me-central-1", domain: "mec1.pure.cloud", place: "UAE")
    /// Mumbai, `aps1.pure.cloud`.
    public static let apSouth1 = GenesysRegion(name: "ap-south-1", domain: "aps1.pure.cloud", place: "Mumbai")
    /// Singapore, `apse1.pure.cloud`.
    public static let apSoutheast1 = GenesysRegion(
        name: "ap-southeast-1", domain: "apse1.pure.cloud", place: "Singapore")
    /// Sydney, `mypurecloud.com.au`.
    public static let apSoutheast2 = GenesysRegion(
        name: "ap-southeast-2", domain: "mypurecloud.com.au", place: "Sydney")
    /// Tokyo, `mypurecloud.jp`.
    public static let apNortheast1 = GenesysRegion(name: "ap-northeast-1", domain: "mypurecloud.jp", place: "Tokyo")
    /// Seoul, `apne2.pure.cloud`.
    public static let apNortheast2 = GenesysRegion(name: "ap-northeast-2", domain: "apne2.pure.cloud", place: "Seoul")
    /// Osaka, `apne3.pure.cloud`.
    public static let apNortheast3 = GenesysRegion(name: "ap-northeast-3", domain: "apne3.pure.cloud", place: "Osaka")
}

extension CXoneArea {
    /// US, Oregon.
    public static let na1 = CXoneArea(name: "na1", place: "US, Oregon")
    /// US, FedRAMP.
    public static let na2 = CXoneArea(name: "na2", place: "US, FedRAMP")
    /// Frankfurt.
    public static let eu1 = CXoneArea(name: "eu1", place: "Frankfurt")
    /// London.
    public static let uk1 = CXoneArea(name: "uk1", place: "London")
    /// Australia.
    public static let au1 = CXoneArea(name: "au1", place: "Australia")
    /// Montreal.
    public static let ca1 = CXoneArea(name: "ca1", place: "Montreal")
    /// Japan.
    public static let jp1 = CXoneArea(name: "jp1", place: "Japan")

    /// Returns the area with a name, such as `na1`.
    ///
    /// An area that is not documented is accepted if its name has the usual form.
    ///
    /// - Parameter text: The name, in any case.
    /// - Returns: The area.
    /// - Throws: ``ConfigurationError`` with the closest names if the text is not the name of an area.
    public static func named(_ text: String) throws(ConfigurationError) -> CXoneArea {
        let name = text.trimmed.lowercased()
        if let area = all.first(where: { $0.name == name }) { return area }
        let letters = name.utf8.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        let digits = name.utf8.dropFirst(letters.count)
        if (2...4).contains(letters.count), digits.count == 1, digits.allSatisfy({ (0x30...0x39).contains($0) }) {
            Logger.current.warning("region.unverified", "the CXone area '\(name)' is unknown; using it unchanged")
            return CXoneArea(name: name, place: "")
        }
        let close = nearest(to: name, among: all.map(\.name))
        throw ConfigurationError(
            "'\(sanitized(text, limit: 60))' is not a CXone area",
            hint: "did you mean \((close.isEmpty ? all.map(\.name) : close).joined(separator: ", "))? "
                + "AWS region names are not areas")
    }
}
