/// An area of CXone. Signing in is global; the API has a host for each area (`cxone.md` section 2).
public struct CXoneArea: Sendable {
    public let name: String
    public let place: String

    public var issuer: String {
        name == "na2" ? "https://cxone-gov.niceincontact.com" : "https://cxone.niceincontact.com"
    }
    public var apiURL: String { "https://api-\(name).niceincontact.com" }

    /// The areas that are attested; there may be more.
    public static let all: [CXoneArea] = [
        CXoneArea(name: "na1", place: "US, Oregon"), CXoneArea(name: "na2", place: "US, FedRAMP"),
        CXoneArea(name: "eu1", place: "Frankfurt"), CXoneArea(name: "uk1", place: "London"),
        CXoneArea(name: "au1", place: "Australia"), CXoneArea(name: "ca1", place: "Montreal"),
        CXoneArea(name: "jp1", place: "Japan"),
    ]
}
