/// An area of CXone. The issuer is global, and each area has an API host (`cxone.md` section 2).
public struct CXoneArea: Sendable {
    /// The name of the area, such as `na1`.
    public let name: String
    /// The location of the area.
    public let place: String

    /// The URL of the issuer.
    public var issuer: String {
        name == "na2" ? "https://cxone-gov.niceincontact.com" : "https://cxone.niceincontact.com"
    }
    /// The URL of the API host.
    public var apiURL: String { "https://api-\(name).niceincontact.com" }

    /// The documented areas. Other areas may exist.
    public static let all: [CXoneArea] = [.na1, .na2, .eu1, .uk1, .au1, .ca1, .jp1]
}
