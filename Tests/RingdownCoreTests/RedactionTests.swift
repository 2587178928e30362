import RingdownCore
import Testing

/// Servers that echo a request in encoded forms.
@Suite struct RedactionTests {
    private static let secret = "p:a+s/s%w&r=<d>\"é\\😀 x"

    private static func percent(_ text: String, _ format: (UInt8) -> String) -> String {
        text.utf8.map { $0 < 0x80 && Character(Unicode.Scalar($0)).isLetter ? String(UnicodeScalar($0)) : format($0) }
            .joined()
    }

    private static func hex(_ byte: UInt8, uppercase: Bool) -> String {
        let digits = String(byte, radix: 16, uppercase: uppercase)
        return (digits.count < 2 ? "0" : "") + digits
    }

    private static func html(_ text: String, _ format: (Unicode.Scalar) -> String) -> String {
        text.unicodeScalars.map { $0.properties.isAlphabetic && $0.isASCII ? String($0) : format($0) }.joined()
    }

    private static func json(_ text: String) -> String {
        text.utf16.map {
            "\\u" + String(repeating: "0", count: 4 - String($0, radix: 16).count) + String($0, radix: 16)
        }.joined()
    }

    static let echoes: [(String, String)] = [
        ("plain", secret),
        ("upper case", String(secret.map { $0.isASCII ? Character($0.uppercased()) : $0 })),
        ("percent, upper case", percent(secret) { "%" + hex($0, uppercase: true) }),
        ("percent, lower case", percent(secret) { "%" + hex($0, uppercase: false) }),
        ("percent, twice", percent(secret) { "%25" + hex($0, uppercase: true) }),
        ("form", percent(secret) { $0 == 0x20 ? "+" : "%" + hex($0, uppercase: true) }),
        ("HTML, decimal", html(secret) { "&#\($0.value);" }),
        ("HTML, hexadecimal", html(secret) { "&#x\(String($0.value, radix: 16));" }),
        (
            "HTML, names",
            secret.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing(
                "\"", with: "&quot;")
        ),
        ("JSON", JSON.string(secret).description),
        ("JSON, all escaped", json(secret)),
        ("JSON, slash escaped", JSON.string(secret).description.replacing("/", with: "\\/")),
        ("JSON in JSON", JSON.string(JSON.string(secret).description).description),
        ("HTML, twice", html(secret) { "&amp;#\($0.value);" }),
        (
            "%u",
            secret.unicodeScalars.map { $0.value < 0x80 ? "%u00" + hex(UInt8($0.value), uppercase: false) : String($0) }
                .joined()
        ),
        (
            "Base64 with line breaks in JSON",
            Base64.encode(Array("client-id:\(secret)".utf8)).replacing("cG", with: "c\\nG")
        ),
        ("hexadecimal", secret.utf8.map { hex($0, uppercase: false) }.joined()),
        ("Base64", Base64.encode(Array(secret.utf8))),
        ("Base64 of the pair", Base64.encode(Array("client:\(secret)".utf8))),
        ("Base64 of a longer pair", Base64.encode(Array("client-id:\(secret)".utf8))),
        ("Base64 inside JSON", Base64.encode(Array("{\"x\":\"\(secret)\"}".utf8))),
        ("Base64 for URLs", Base64.encode(Array("a:\(secret)".utf8), .url)),
        ("Base64, upper case", Base64.encode(Array("ab:\(secret)".utf8)).uppercased()),
        (
            "Base64, percent-encoded",
            percent(Base64.encode(Array("abc:\(secret)".utf8))) { "%" + hex($0, uppercase: true) }
        ),
    ]

    @Test(arguments: echoes)
    func `a secret is redacted in every form in which a server can echo it`(form: String, echo: String) {
        let text = "the client said <\(echo)> and more"
        let result = String(decoding: redacting([Secret(Self.secret)], in: Array(text.utf8)), as: UTF8.self)
        #expect(result.hasPrefix("the client said <") && result.hasSuffix("> and more"), "\(form): \(result)")
        #expect(result.contains("<redacted>"), "\(form)")
        // Only the marker remains, possibly with quotes that are not part of the secret.
        #expect(result.utf8.count < "the client said <<redacted>> and more".utf8.count + 16, "\(form): \(result)")
    }

    @Test func `other text is unchanged`() {
        let text = "invalid_client: 100% wrong &amp; \\u0041 aGVsbG8gd29ybGQ= %41"
        let secrets = [Secret("another-secret"), Secret("abc"), Secret("")]
        #expect(redacting(secrets, in: Array(text.utf8)) == Array(text.utf8))
    }

    @Test func `random secrets in random forms are redacted`() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<300 {
            let secret = (0..<Int.random(in: 5...40, using: &random)).map { _ in
                UInt8.random(in: 0x21...0x7E, using: &random)
            }
            let before = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                UInt8.random(in: 0x21...0x7E, using: &random)
            }
            let text = String(decoding: secret, as: UTF8.self)
            let forms = [
                text, Self.percent(text) { "%" + Self.hex($0, uppercase: Bool.random(using: &random)) },
                Self.json(text),
                Self.html(text) { "&#\($0.value);" }, Base64.encode(before + secret + before),
            ]
            for form in forms {
                let result = String(decoding: redacting([Secret(text)], in: Array(form.utf8)), as: UTF8.self)
                #expect(
                    result == "<redacted>" || (form == text && result.contains("<redacted>")),
                    "\(text) as \(form): \(result)")
            }
        }
    }

    @Test func `text that resembles a secret is processed quickly`() {
        let secret = Secret(String(repeating: "%2B+", count: 5000))
        let text = [UInt8](repeating: UInt8(ascii: "%"), count: 20_000)
        #expect(redacting([secret], in: text) == text)
    }

    @Test func `a secret that the size limit splits is not shown`() {
        let secret = Secret("s3cr3t-that-is-long-enough")
        let filler = String(repeating: "A", count: (64 << 10) - 40)
        for shift in 0..<30 {
            let text =
                Base64.encode(Array("x:s3cr3t-that-is-long-enough".utf8)) + filler.dropLast(shift)
                + " s3cr3t-that-is-long-enough"
            #expect(!sanitized(text, without: [secret]).contains("s3cr3t"))
        }
    }
}
