import RingdownCore
import RingdownSimulator

/// A fuzz target for the simulated platforms: token endpoints, lists of every paging style, queries, jobs and the control plane.
///
/// The handlers must respond with a valid status, and with valid JSON if the content type is JSON. The first byte of the input
/// selects the resource, the second the method and headers. The query follows and, after a line break, the body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: data, count: count)
    guard count >= 2 else { return 0 }
    let (resource, manner) = (resources[Int(input[0]) % resources.count], input[1])
    let parts = input.dropFirst(2).split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let text = String(decoding: Array(parts[0]), as: UTF8.self)
    // Half of the inputs contain a query, the others a path suffix.
    let target = resource.url + (manner & 1 == 0 ? "?" : "/") + text
    guard let url = try? HTTPURL(target) else { return 0 }
    let body = parts.count > 1 ? Array(parts[1]) : []
    var headers: Headers = ["Accept": "application/json"]
    switch manner >> 1 & 3 {
    case 0: try? headers.set("Authorization", "Bearer " + (resource.isGenesys ? tokens.genesys : tokens.cxone))
    case 1: try? headers.set("Authorization", "Basic " + Base64.encode(body))
    case 2: try? headers.set("Content-Type", "application/json")
    default: try? headers.set("Authorization", "Bearer " + text.filter { $0.isASCII && $0.isLetter })
    }
    let method = ["GET", "POST", "DELETE", "HEAD"][Int(manner >> 3 & 3)]
    guard case .ready(let response) = simulator.handle(Request(method, url, headers: headers, body: .bytes(body)))
    else {
        return 0
    }
    precondition((200..<600).contains(response.status))
    if response.headers["Content-Type"] == "application/json", !response.body.isEmpty {
        precondition((try? JSONReader.parse(response.body)) != nil)
    }
    return 0
}

private let resources: [(url: String, isGenesys: Bool)] = [
    ("https://login.mypurecloud.com/oauth/token", true), ("https://api.mypurecloud.com/api/v2/users", true),
    ("https://api.mypurecloud.com/api/v2/routing/queues", true), ("https://api.mypurecloud.com/api/v2/teams", true),
    ("https://api.mypurecloud.com/api/v2/externalcontacts/scan/contacts", true),
    ("https://api.mypurecloud.com/api/v2/scim/v2/users", true),
    ("https://api.mypurecloud.com/api/v2/analytics/conversations/details/query", true),
    ("https://api.mypurecloud.com/api/v2/analytics/conversations/details/jobs", true),
    ("https://cxone.niceincontact.com/auth/token", false),
    ("https://cxone.niceincontact.com/authentication/v1/token/access-key", false),
    ("https://api-de-na1.niceincontact.com/engager/2.0/token", false),
    ("https://api-na1.niceincontact.com/incontactapi/services/v34.0/agents", false),
    ("https://api-na1.niceincontact.com/incontactapi/services/v34.0/contacts/completed", false),
    ("https://api-na1.niceincontact.com/incontactapi/services/v34.0/report-jobs", false),
    ("https://api-na1.niceincontact.com/data-extraction/v1/jobs", false),
    ("https://cxone.niceincontact.com/.well-known/cxone-configuration", false),
]

private let simulator: Simulator = {
    var options = Simulator.Options()
    (options.callsPerMinute, options.userCount) = (0, 40)
    // Valid tokens, so that requests can succeed.
    options.acceptsAnyClient = true
    return Simulator(options)
}()

private let tokens = (
    genesys: token("login.mypurecloud.com/oauth/token", "grant_type=client_credentials"),
    cxone: token("cxone.niceincontact.com/auth/token", "grant_type=password&username=a&password=b")
)

private func token(_ endpoint: String, _ body: String) -> String {
    guard let url = try? HTTPURL("https://" + endpoint),
        case .ready(let response) = simulator.handle(
            Request(
                "POST", url, headers: ["Authorization": "Basic " + Base64.encode(Array("a:b".utf8))],
                body: .bytes(Array(body.utf8)))),
        let token = (try? JSONReader.parse(response.body))?["access_token"]?.string
    else { preconditionFailure("the simulator issued no token") }
    return token
}
