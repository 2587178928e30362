import RingdownCore

/// A generator of invalid and valid HTTP responses. They are derived from a grammar, then truncated and mutated at random.
struct ResponseGenerator {
    private var random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    /// The delivery of a response.
    struct Plan {
        var bytes: [UInt8]
        /// The number of bytes after which the server waits until the client has read them.
        var pause: Int
        enum End: CaseIterable { case keep, close, reset }
        var end: End
    }

    mutating func plan(isConnect: Bool) -> Plan {
        var bytes = isConnect && chance(2) ? connectAnswer() : response()
        if chance(6) { mutate(&bytes) }
        if chance(5) { bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))) }
        if chance(12) { bytes += response() }
        let pause = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
        return Plan(bytes: bytes, pause: pause, end: chance(3) ? pick([.close, .reset]) : .keep)
    }

    // MARK: Parts

    private mutating func response() -> [UInt8] {
        var text: [UInt8] = []
        while chance(6) { text += interim() }
        let (headers, body) = content()
        text += line(chance(3) ? pick(Self.statusLines) : "HTTP/1.1 200 OK")
        if chance(10) { text += line(pick(Self.foldedLines)) }
        text += fields(headers)
        return text + body
    }

    private mutating func interim() -> [UInt8] {
        line(
            pick([
                "HTTP/1.1 100 Continue", "HTTP/1.1 102 Processing", "HTTP/1.1 103 Early Hints",
                "HTTP/1.1 101 Switching Protocols",
            ]))
            + fields(chance(2) ? [] : [pick(Self.otherFields)])
    }

    private mutating func connectAnswer() -> [UInt8] {
        var text = line(
            pick([
                "HTTP/1.1 200 OK", "HTTP/1.0 200 Connection established", "HTTP/1.1 407 Proxy Authentication Required",
                "HTTP/1.1 502 Bad", "HTTP/1.1 100 Continue",
            ]))
        if chance(2) { text += line(pick(Self.foldedLines)) }
        text += fields(chance(2) ? [] : [pick(Self.otherFields), "Content-Length: \(pick(["0", "5", "-1"]))"])
        return text + (chance(2) ? [] : noise(50))
    }

    /// Returns framing fields and a body that can match them.
    private mutating func content() -> (headers: [String], body: [UInt8]) {
        var body = chance(4) ? noise(3000) : Array("{\"entities\":[],\"pageCount\":1}".utf8)
        var headers = chance(2) ? [] : [pick(Self.otherFields)]
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            headers.append("Content-Encoding: \(pick(["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown"]))")
        case 1, 2:
            headers.append("Content-Encoding: gzip")
            body = gzip(body)
            if chance(2) { mutate(&body) }
        default: break
        }
        switch Int.random(in: 0..<7, using: &random) {
        case 0, 1:
            return (
                headers + ["Transfer-Encoding: \(pick(["chunked", "gzip, chunked", "chunked, chunked", "identity"]))"],
                chunked(body)
            )
        case 2: return (headers + ["Content-Length: \(pick(Self.lengths))"], body)
        case 3: return (headers + ["Content-Length: \(body.count)", "Content-Length: \(body.count + 1)"], body)
        case 4: return (headers + ["Content-Length: \(body.count)", "Transfer-Encoding: chunked"], chunked(body))
        default: return (headers + ["Content-Length: \(body.count)"], body)
        }
    }

    private mutating func fields(_ fields: [String]) -> [UInt8] {
        var text: [UInt8] = []
        for field in fields {
            text += line(field)
            if chance(16) { text += line(pick(Self.foldedLines)) }
        }
        if chance(200) {
            for number in 0..<3000 { text += line("X-Filler-\(number): \(String(repeating: "x", count: 100))") }
        }
        return text + line("")
    }

    private mutating func chunked(_ body: [UInt8]) -> [UInt8] {
        var (text, rest) = ([UInt8](), body[...])
        while !rest.isEmpty {
            let part = rest.prefix(Int.random(in: 1...max(1, rest.count), using: &random))
            let size = String(part.count, radix: 16)
            let length =
                chance(12)
                ? pick(["", "-1", "ffffffffffffffff", "0x5", "5;a=\"b", " 5", "g"])
                : size + (chance(9) ? ";name=value" : "")
            text += line(length) + part + line("")
            rest = rest.dropFirst(part.count)
        }
        text += line("0")
        while chance(3) { text += line(chance(3) ? pick(Self.foldedLines) : pick(Self.otherFields)) }
        return text + line("")
    }

    /// Returns a gzip member with one stored block.
    private func gzip(_ body: [UInt8]) -> [UInt8] {
        let count = UInt16(truncatingIfNeeded: body.count)
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1] + bytes(count) + bytes(~count) + body.prefix(Int(count))
            + bytes(crc32(body)) + bytes(UInt32(body.count))
    }

    private func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0 as UInt32) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(pick([0, 0x0A, 0x0D, 0x20, 0x09, 0x3A, 0xFF]), at: index)
            default: bytes.insert(contentsOf: bytes[index...].prefix(40), at: index)
            }
        }
    }

    private mutating func line(_ text: String) -> [UInt8] {
        Array(text.utf8) + Array((chance(30) ? pick(["\n", "\r", "\r\r\n", ""]) : "\r\n").utf8)
    }
    private mutating func noise(_ limit: Int) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
    private mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }
    private mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int.random(in: 0..<list.count, using: &random)]
    }

    private static let statusLines = [
        "HTTP/1.1 204 No Content", "HTTP/1.1 304 Not Modified",
        "HTTP/1.0 200 OK", "HTTP/1.1 301 Moved", "HTTP/1.1 401 Unauthorized",
        "HTTP/1.1 407 Proxy Authentication Required",
        "HTTP/1.1 417 Expectation Failed", "HTTP/1.1 429 Too Many Requests", "HTTP/1.1 500", "HTTP/1.1 999 Odd",
        "HTTP/1.1 0 Zero",
        "HTTP/1.1 20", "HTTP/2 200", "HTTP/9.9 200 OK", "ICY 200 OK", "garbage", "", " HTTP/1.1 200 OK",
        "HTTP/1.1  200  OK",
    ]
    private static let foldedLines = [
        " folded", "\tfolded", " b: 1", "\tb: 1", " ", "\t", " : ", "  a: b: c", " \u{0}x: 1",
    ]
    private static let lengths = [
        "0", "1", "29", "30", "99999", "-1", "18446744073709551616", "9223372036854775807", "0x1D", "29, 29", "", "+29",
    ]
    private static let otherFields = [
        "X-First: a", "Location: http://[::1", "Location: //evil/\\@x",
        "Location: \(String(repeating: "a", count: 9000))",
        "Set-Cookie: a=b; Path=/; Expires=x", "WWW-Authenticate: Basic realm=\"x", "Proxy-Authenticate: NTLM x",
        "Connection: close",
        "Connection: keep-alive, upgrade", "Upgrade: h2c", "Alt-Svc: h3=\":443\"; ma=99999999999999999999",
        "Retry-After: 1e999",
        "Date: Sat, 99 Nov 9999 99:99:99 GMT", "Trailer: X-First", "Content-Range: bytes 0-1/x",
        "Strict-Transport-Security: max-age=9e99",
        "NoColon", ": empty", "X y: 1", "X-Nul: a\u{0}b", "X-Long: \(String(repeating: "b", count: 20000))",
        "Last-Modified: x",
    ]
}
