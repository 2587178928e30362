import Ringdown
import RingdownCore
import RingdownStores

/// A fuzz target for the parsers of untrusted text. The first byte selects the parser. Parsers must not crash, and must read
/// what they write.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    guard let kind = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    let text = String(decoding: bytes, as: UTF8.self)
    switch kind % 10 {
    case 0: checkJSON(bytes)
    case 1: checkDotenv(bytes)
    case 7: checkRedis(bytes)
    case 8: _ = try? RedisAddress(text)
    case 2: checkURL(text)
    case 3: _ = Timestamp(httpDate: text)
    case 5: checkPage(bytes)
    case 6: checkInterval(text)
    case 4: precondition(sanitized(bytes).utf8.count < 4096)
    default:
        for pair in FormURLEncoding.decode(text) {
            precondition(FormURLEncoding.decode("x=" + FormURLEncoding.encode(pair.value)).first?.value == pair.value)
        }
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

private func checkPage(_ bytes: [UInt8]) {
    guard let page = try? Page(bytes, itemsMember: nil, title: "a page") else { return }
    precondition(page.items.allSatisfy { (try? JSONReader.parse(Array($0))) != nil })
    var progress = ListProgress()
    _ = progress.add(page)
    for call in [APICall("/a?skip=1&top=2"), APICall("POST", "/a", json: ["paging": ["pageNumber": 1], "skip": 0])] {
        if case .more(let next) = Paging.decide(.success(page), after: call, progress) {
            precondition(next.method == call.method && !next.path.isEmpty)
        }
    }
}

private func checkInterval(_ text: String) {
    guard let interval = try? Interval(text) else { return }
    precondition(interval.duration > .zero)
}

private func checkURL(_ text: String) {
    guard let url = try? HTTPURL(text) else { return }
    precondition((try? HTTPURL(url.description)) == url)
}

private func checkDotenv(_ bytes: [UInt8]) {
    guard let assignments = try? Dotenv.parse(bytes) else { return }
    for assignment in assignments {
        // The written value is read back, and the rest of the file is unchanged.
        guard let line = Dotenv.line("A", assignment.value),
            let changed = try? Dotenv.setting("A", to: line, in: bytes),
            let after = try? Dotenv.parse(changed)
        else { continue }
        precondition(after.last { $0.name == "A" }?.value == assignment.value)
        precondition(after.filter { $0.name != "A" }.map(\.value) == assignments.filter { $0.name != "A" }.map(\.value))
    }
}

private func checkRedis(_ bytes: [UInt8]) {
    guard let (_, count) = try? RedisReply.parse(bytes) else { return }
    precondition((1...bytes.count).contains(count))
    // An incomplete reply is not parsed.
    let half = try? RedisReply.parse(Array(bytes[..<(count - 1)]))
    precondition(half == nil)
}
