import RingdownCore
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct TimestampTests {
    @Test(arguments: ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])
    func `all three formats of an HTTP date are parsed`(text: String) {
        #expect(Timestamp(httpDate: text) == Timestamp(secondsSince1970: 784_111_777))
    }

    @Test(arguments: [
        "", "yesterday", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:00:00 GMT",
    ])
    func `other text is not parsed as a date`(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }

    @Test(arguments: [
        ("1994-11-06T08:49:37Z", 784_111_777.0), ("1994-11-06T08:49:37.250Z", 784_111_777.25),
        ("1994-11-06T08:49:37.2500000Z", 784_111_777.25), ("1994-11-06T09:49:37+01:00", 784_111_777),
        ("1994-11-06T03:49:37-05:00", 784_111_777), ("1994-11-06", 784_080_000), ("1994-11-06t08:49:37z", 784_111_777),
    ])
    func `RFC 3339 times are parsed`(text: String, seconds: Double) {
        #expect(Timestamp(rfc3339: text) == Timestamp(secondsSince1970: seconds))
    }

    @Test(arguments: [
        "", "1994", "1994-13-01", "1994-11-06T08:49", "1994-11-06T25:00:00Z", "1994-11-06T08:49:37",
        "1994-11-06T08:49:37X", "x", "1994-02-30", "1994-11-31T08:00:00Z", "1900-02-29",
    ])
    func `other text is not parsed as a time`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `times are formatted as in RFC 3339 and RFC 9110`() {
        let time = Timestamp(secondsSince1970: 784_111_777.25)
        #expect(time.httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(time.rfc3339 == "1994-11-06T08:49:37.250Z")
        #expect(Timestamp(secondsSince1970: -0.5).rfc3339 == "1969-12-31T23:59:59.500Z")
    }
}

@Suite struct TemporaryDirectoryTests {
    @Test func `targets of symbolic links are neither listed nor deleted`() throws {
        let (outside, inside) = (try TemporaryDirectory(), try TemporaryDirectory())
        defer { outside.remove() }
        try File.replace(outside.path + "/precious", with: [1])
        try File.makeDirectory(inside.path + "/a/b")
        symlink(outside.path, inside.path + "/a/link")
        inside.remove()
        #expect(outside.names == ["precious"])
        #expect(inside.names == [])
        symlink(outside.path, inside.path)
        #expect(inside.names == [])
        unlink(inside.path)
    }
}

@Suite struct TextTests {
    @Test(arguments: [
        (0.0, "0 s"), (1.5, "1.5 s"), (59, "59 s"), (60, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (108_000, "30 h"),
        (86340, "23 h 59 min"),
    ])
    func `durations are formatted for users`(seconds: Double, words: String) {
        #expect(Duration.seconds(seconds).spoken == words)
    }

    @Test func `sanitized text is short, printable and marked if truncated`() {
        #expect(sanitized("plain") == "plain")
        #expect(sanitized("a\u{1B}[31mb\r\n") == "a\\u{1b}[31mb\\r\\n")
        #expect(sanitized("a\u{202E}b") == "a\\u{202e}b")
        #expect(sanitized(String(repeating: "x", count: 1000)).utf8.count < 300)
        #expect(sanitized([0xFF, 0xFE]).isEmpty == false)
    }

    @Test func `a mistyped name has suggestions and unrelated text has none`() {
        #expect(nearest(to: "eu-west-3", among: ["eu-west-1", "us-east-1", "ap-south-1"]).first == "eu-west-1")
        #expect(nearest(to: "qqqqqqqqqqqqq", among: ["eu-west-1"]).isEmpty)
    }
}
