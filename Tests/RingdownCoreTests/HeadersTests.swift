import RingdownCore
import Testing

@Suite struct HeadersTests {
    @Test(arguments: ["a\r\nb", "a\nb", "a\0b", "a\u{7F}"])
    func `line breaks and control characters in fields are refused`(value: String) {
        var headers = Headers()
        #expect(throws: Headers.Illegal.self) { try headers.set("X-Test", value) }
        #expect(throws: Headers.Illegal.self) { try headers.set("X-Test", Secret(value)) }
        #expect(throws: Headers.Illegal.self) { try headers.set("X:\(value)", "ok") }
    }

    @Test func `names are case-insensitive and the last value is used`() throws {
        var headers: Headers = ["Accept": "a"]
        try headers.set("ACCEPT", "b")
        #expect(headers["accept"] == "b")
        #expect(headers.fields.count == 1)
    }

    @Test func `descriptions contain no credentials`() throws {
        var headers: Headers = ["Authorization": "Bearer visible", "Accept": "x"]
        try headers.set("X-Key", Secret("hidden"))
        #expect(headers.description == "Authorization: <redacted>\nAccept: x\nX-Key: <redacted>")
        #expect(!"\(Mirror(reflecting: headers).children.map { $0 })".contains("visible"))
    }
}

@Suite struct RetryAfterTests {
    private let now = Timestamp(secondsSince1970: 784_111_777)

    @Test(arguments: [
        ("4", 4), (" 120 ", 120), ("0", 0), ("-5", 0), ("1.5", 1.5), ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
    ])
    func `seconds and dates are parsed and never negative`(value: String, expected: Double) {
        #expect(RetryAfter.read(from: ["Retry-After": value], now: now) == .seconds(expected))
    }

    @Test func `a date is relative to the clock of the server`() {
        let headers: Headers = [
            "Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT", "Date": "Sun, 06 Nov 1994 08:49:45 GMT",
        ]
        #expect(RetryAfter.read(from: headers, now: now) == .seconds(2))
    }

    @Test(arguments: [
        ("1795947446", 1_795_947_406, 40), ("1795947446.5", 1_795_947_406, 40.5),
        ("1795947446000", 1_795_947_406, 40), ("1795947446", 1_795_947_500, 0), ("86400", 1_795_947_406, 86400),
    ])
    func `a number of seconds or milliseconds since 1970 is a date`(value: String, now: Double, expected: Double) {
        let headers: Headers = ["Retry-After": value]
        #expect(RetryAfter.read(from: headers, now: Timestamp(secondsSince1970: now)) == .seconds(expected))
    }

    @Test(arguments: ["", "soon", "inf", "nan"])
    func `other values are ignored`(value: String) {
        #expect(RetryAfter.read(from: ["Retry-After": value], now: now) == nil)
    }
}

@Suite struct FormURLEncodingTests {
    /// The test vector of RFC 6749 appendix B and others that clients often encode incorrectly.
    @Test(arguments: [
        (" ", "+"), ("+", "%2B"), (":", "%3A"), ("%", "%25"), ("é", "%C3%A9"), ("=", "%3D"), ("&", "%26"), ("~", "%7E"),
        ("*-._09azAZ", "*-._09azAZ"), (" %&+£€", "+%25%26%2B%C2%A3%E2%82%AC"),
    ])
    func `values are encoded as the standard requires`(plain: String, encoded: String) {
        #expect(FormURLEncoding.encode(plain) == encoded)
        #expect(FormURLEncoding.encode(Secret(plain)).reveal() == encoded)
        #expect(FormURLEncoding.decode("x=" + encoded).map(\.value) == [plain])
    }

    @Test func `parameters are joined in order`() {
        let body = FormURLEncoding.encode([("grant_type", .text("password")), ("password", .secret(Secret("a====")))])
        #expect(body.reveal() == "grant_type=password&password=a%3D%3D%3D%3D")
    }
}
