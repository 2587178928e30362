import RingdownCore
import Testing

@testable import Ringdown

@Suite struct SecretTextTests {
    @Test(arguments: [
        ("secret", "secret"), ("secret\n", "secret"), ("secret\r\n", "secret"), ("\u{FEFF}secret\r\n", "secret"),
        ("ABCDEFG====", "ABCDEFG===="), ("c2VjcmV0X2tleQ==", "c2VjcmV0X2tleQ=="), ("aB3=xyz", "aB3=xyz"),
        ("a=b=c", "a=b=c"), ("monkey=abc", "monkey=abc"), (" padded ", " padded "),
    ])
    func `removes a byte order mark and one line break`(text: String, expected: String) throws {
        #expect(try SecretText.secret(of: Array(text.utf8)) == Secret(expected))
    }

    @Test(arguments: [
        "GENESYS_CLIENT_SECRET=abc", "export CXONE_CLIENT_SECRET='abc'\n", "client_secret=abc", "\u{FEFF}SECRET=abc",
        "$env:GENESYS_CLIENT_SECRET = \"abc\"", "TOKEN=a=b",
    ])
    func `refuses an assignment and names the variable`(text: String) {
        let problem = #expect(throws: SecretText.Problem.self) { try SecretText.secret(of: Array(text.utf8)) }
        #expect(problem?.reason.contains("assignment") == true)
        #expect(problem?.reason.contains("abc") == false)
    }

    @Test(
        arguments: [
            [0xFF, 0xFE, 0x73, 0], [0xFE, 0xFF, 0, 0x73], [0x73, 0, 0x65, 0], [0, 0x73],
        ] as [[UInt8]])
    func `refuses UTF-16`(bytes: [UInt8]) {
        let problem = #expect(throws: SecretText.Problem.self) { try SecretText.secret(of: bytes) }
        #expect(problem?.reason.contains("UTF-16") == true)
    }

    @Test(
        arguments: [
            ("abc", []), ("a\u{200B}c", ["U+200B at position 2"]), ("abc\u{A0}", ["U+00A0 at position 4"]),
            ("\u{FEFF}a", ["U+FEFF at position 1"]), ("a\tb", ["U+0009 at position 2"]), ("pässwörd", []),
        ] as [(String, [String])])
    func `finds invisible characters`(text: String, expected: [String]) {
        #expect(SecretText.invisibleCharacters(text) == expected)
        let visible = text.filter { expected.isEmpty || $0.isLetter }
        #expect(SecretText.withoutInvisibleCharacters(text) == visible)
    }
}
