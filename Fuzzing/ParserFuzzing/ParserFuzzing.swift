import Foundations
import HTTPModel
import Simulator
import Tokens

/// The parsers of text from outside, each under its first byte. What they must do: never crash, and read what they wrote.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    guard let kind = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    let text = String(decoding: bytes, as: UTF8.self)
    switch kind % 7 {
    case 0: checkJSON(bytes)
    case 1: _ = try? Dotenv.parse(bytes)
    case 2: checkURL(text)
    case 3: _ = Timestamp(httpDate: text)
    case 4: precondition(excerpt(bytes).utf8.count < 4096)
    case 5:
        for pair in FormURLEncoding.decode(text) {
            precondition(FormURLEncoding.decode("x=" + FormURLEncoding.encode(pair.value)).first?.value == pair.value)
        }
    default: askSimulator(bytes)
    }
    return 0
}

private func checkJSON(_ bytes: [UInt8]) {
    let value = try? JSONReader.parse(bytes)
    if let value { precondition((try? JSONReader.parse(value.bytes(indented: true))) == value) }
    let members = try? JSONReader.members(of: bytes)
    precondition(value?.members?.count == members?.count)
    let elements = try? JSONReader.elements(of: bytes)
    precondition(value?.array?.count == elements?.count)
}

private func checkURL(_ text: String) {
    guard let url = try? HTTPURL(text) else { return }
    precondition((try? HTTPURL(url.description)) == url)
}

/// A request to one of the simulated hosts: the first byte says which, the rest is split into path and body.
private func askSimulator(_ bytes: [UInt8]) {
    let hosts = [
        "login.mypurecloud.com/oauth/token", "cxone.niceincontact.com/auth/token", "api.mypurecloud.com/api/v2/users",
        "cxone.niceincontact.com/authentication/v1/token/access-key", "api-de-na1.niceincontact.com/engager/2.0/token",
        "api-na1.niceincontact.com/incontactapi/services/v34.0/agents",
    ]
    guard let first = bytes.first else { return }
    let parts = bytes.dropFirst().split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let query = parts.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
    guard let url = try? HTTPURL("https://\(hosts[Int(first) % hosts.count])?\(query)") else { return }
    let headers: Headers = ["Accept": "application/json", "Authorization": "Basic " + Base64.encode(bytes)]
    let body = parts.count > 1 ? Array(parts[1]) : []
    let request = Request(first < 128 ? "POST" : "GET", url, headers: headers, body: .bytes(body))
    guard case .ready(let response) = simulator.handle(request) else { return }
    precondition((200..<600).contains(response.status))
}

private let simulator = Simulator()
