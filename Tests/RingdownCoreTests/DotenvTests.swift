import RingdownCore
import Testing

@Suite struct DotenvTests {
    private func parse(_ text: String) throws -> [String] {
        try Dotenv.parse(Array(text.utf8)).map { "\($0.name)=\($0.value.reveal())" }
    }

    @Test(arguments: [
        ("A=b", ["A=b"]), ("A = b ", ["A=b"]), ("export A=b", ["A=b"]), ("\u{FEFF}A=b", ["A=b"]),
        ("A=b\r\nB=c\r\n", ["A=b", "B=c"]),
        ("# comment\n\nA=b # more", ["A=b"]), ("A=b#c", ["A=b#c"]), ("A='b # c'", ["A=b # c"]), ("A=", ["A="]),
        ("A=''", ["A="]),
        (#"A="l1\nl2""#, ["A=l1\nl2"]), (#"A='l1\nl2'"#, [#"A=l1\nl2"#]), (#"A="a\"b""#, [#"A=a"b"#]),
        (#"A='a\'b'"#, ["A=a'b"]),
        ("A='two\nlines'\nB=c", ["A=two\nlines", "B=c"]), ("A=$(echo hi)", ["A=$(echo hi)"]), ("A=${B}", ["A=${B}"]),
        ("A=x=y==", ["A=x=y=="]), ("A=#b\nB= #c", ["A=#b", "B="]),
        ("A=1\rB=2\r", ["A=1", "B=2"]), ("export=5", ["export=5"]), ("'A'=1", ["A=1"]), ("A='x\r\ny'", ["A=x\ny"]),
        ("1A=c\nA-B=d\nA.B=e", ["1A=c", "A-B=d", "A.B=e"]), ("A=ключ", ["A=ключ"]),
    ])
    func `parses a file like python-dotenv without interpolation`(text: String, expected: [String]) throws {
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        ("A=b\nnonsense\n", 2), ("A='open\nB=c", 1), ("=x", 1), ("A=b\n\nC='d' e", 3), ("A", 1), ("\u{FEFF}A=b\nB", 2),
    ])
    func `reports a malformed line with its number`(text: String, line: Int) {
        let error = #expect(throws: Dotenv.Malformed.self) { try parse(text) }
        #expect(error?.line == line)
    }

    @Test func `random bytes do not crash the parser`() {
        for _ in 0..<20_000 {
            let alphabet = Array("AB='\"\\#\n\r \texport$".utf8) + [0, 0xFF]
            let bytes = (0..<Int.random(in: 0...40)).map { _ in alphabet[Int.random(in: alphabet.indices)] }
            _ = try? Dotenv.parse(bytes)
        }
    }

    private func secretLine(_ value: String) -> String? { Dotenv.line("A", Secret(value))?.reveal() }

    @Test func `writes only values that all programs read the same`() {
        #expect(secretLine("abc-_.~/+=:@,") == "A=abc-_.~/+=:@,\n")
        #expect(secretLine("a b#c$d") == "A='a b#c$d'\n")
        #expect(secretLine("") == "A=\n")
        for value in ["it's", "two\nlines", "${B}", #"a\\b"#, #"a\"#, "bell\u{7}"] { #expect(secretLine(value) == nil) }
    }

    @Test(arguments: [
        ("A=1\n", "A", "A=2\n", "A=2\n"), ("# c\r\nA='x\r\ny' # d\r\nB=3", "A", "A=2\n", "# c\r\nA=2 # d\nB=3"),
        ("B=3", "A", "A=2\n", "B=3\nA=2\n"), ("A=1\nA=5\nB=3\n", "A", "A=2\n", "A=2\nB=3\n"),
        ("export A=1\nB=3\n", "A", "", "B=3\n"), ("export A=1\n", "A", "A=2\n", "export A=2\n"),
        ("", "A", "A=2\n", "A=2\n"), ("B=3\n", "A", "", "B=3\n"),
    ])
    func `sets a variable and preserves the rest of the file`(
        text: String, name: String, line: String, expected: String
    ) throws {
        let changed = try Dotenv.setting(name, to: line.isEmpty ? nil : Secret(line), in: Array(text.utf8))
        #expect(String(decoding: changed, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        ("A=b", false), ("A='b # c'", false), ("A=\"b\"", false), ("A=b # c", false), ("A=b#c", true), ("A=$B", true),
        ("A='${B}'", true), (#"A="a\nb""#, true), ("\u{FEFF}A=b", true), ("A=`b`", true), ("'A'=b", true),
        ("A\t=b", true), ("export  A=b", true), ("A=b\u{A0}", true), ("B=1\rA=b", true), ("B= \nA=b", true),
    ])
    func `marks values that other programs read differently`(text: String, isAmbiguous: Bool) throws {
        let assignment = try #require(try Dotenv.parse(Array(text.utf8)).last)
        #expect((assignment.ambiguity != nil) == isAmbiguous)
    }
}
