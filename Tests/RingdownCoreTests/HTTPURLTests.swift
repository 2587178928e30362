import RingdownCore
import Testing

@Suite struct HTTPURLTests {
    @Test(arguments: [
        ("https://Login.MyPureCloud.ie/oauth/token", "https://login.mypurecloud.ie/oauth/token"),
        ("https://a.example", "https://a.example/"), ("HTTPS://a.example:443/x?y=z#f", "https://a.example/x?y=z"),
        ("http://127.0.0.1:8080/a%20b", "http://127.0.0.1:8080/a%20b"), ("http://[::1]:80/", "http://[::1]/"),
        ("https://a.example?x", "https://a.example/?x"),
    ])
    func `URLs are normalised`(text: String, expected: String) throws {
        #expect(try HTTPURL(text).description == expected)
    }

    @Test(arguments: [
        "", "a.example", "ftp://a.example", "https://", "https:///path", "https://user@a.example",
        "https://user:pass@a.example",
        "https://a.example@evil.example", "https://a.example\\@evil.example", "https://a example",
        "https://a.example/ä",
        "https://a.example:0", "https://a.example:65536", "https://a.example:x", "https://[::1", "https://[evil]/",
        "https://a.example\n.evil.example", "https://a_b%2f.example", "https://a.example:80:80", "javascript:alert(1)",
    ])
    func `URLs that parsers read differently are refused`(text: String) {
        #expect(throws: HTTPURL.Invalid.self) { try HTTPURL(text) }
    }

    @Test func `paths and parameters are appended`() throws {
        let base = try HTTPURL("https://api.example/gateway/")
        #expect(
            try base.appending("/api/v2/users?pageSize=5").description
                == "https://api.example/gateway/api/v2/users?pageSize=5")
        #expect(base.appending(query: [("a b", "c&d")]).query == "a%20b=c%26d")
        #expect(try HTTPURL("https://a.example/?x=1&y=%C3%A9+z").queryValue("y") == "é z")
    }

    @Test(arguments: [
        ("http://127.0.0.1", true), ("http://127.9.9.9", true), ("http://localhost", true), ("http://[::1]", true),
        ("http://127.0.0.08", false), ("http://127.0.09.1", false),
        ("http://127.0.0.1.evil.example", false), ("http://10.0.0.1", false), ("http://localhost.example", false),
    ])
    func `loopback addresses are recognised`(text: String, expected: Bool) throws {
        #expect(try HTTPURL(text).origin.isLoopback == expected)
    }

    @Test(
        arguments: [
            ("http://169.254.169.254", true), ("http://[fe80::1]", true), ("http://[febf::1]", true),
            ("http://[fec0::1]", false), ("http://169.255.0.1", false), ("http://169.254.evil.example", false),
            ("http://fe80.example", false), ("http://169.254.08.1", false),
        ] as [(String, Bool)])
    func `link-local addresses are recognised`(text: String, expected: Bool) throws {
        #expect(try HTTPURL(text).origin.isLinkLocal == expected)
    }

    @Test func `random text does not crash the parser`() {
        let alphabet = Array("htps:/[]@.?#%\\:1a ")
        for _ in 0..<20_000 {
            let text =
                "http" + String((0..<Int.random(in: 0...20)).map { _ in alphabet[Int.random(in: alphabet.indices)] })
            if let url = try? HTTPURL(text) { #expect((try? HTTPURL(url.description)) == url) }
        }
    }
}
