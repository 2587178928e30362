import RingdownCore
import Testing

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSONReader.parse(Array(text.utf8)) }

    @Test(arguments: [
        #"{"a":1,"b":[true,false,null],"c":{"d":"e"}}"#, "[]", "{}", "0", "-1.5e+10", #""text""#,
        #"{"big":123456789012345678901234567890,"precise":0.10000000000000000001}"#, #"["ä","😀"]"#,
    ])
    func `parsing and writing preserves order and digits`(text: String) throws {
        #expect(try parse(text).description == text)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":}", "{a:1}", "01", "1.", ".5", "+1", "1e", "nul", "truex", "\"\\x\"", "\"\u{1}\"",
        "\"open", "[1 2]", "{\"a\" 1}", "\"\\u12\"", "[1]]", "NaN", "'a'",
    ])
    func `invalid JSON is refused`(text: String) {
        #expect(throws: JSONReader.Malformed.self) { try parse(text) }
    }

    @Test func `skips a byte order mark`() throws {
        #expect(try parse("\u{FEFF}{\"a\":1}") == ["a": 1])
        let list = Array("\u{FEFF}{\"a\":[1,2]}".utf8)
        #expect(try JSONReader.members(of: list).map(\.range) == [8..<13])
        #expect(try JSONReader.lists(of: list)[0].elements == [9..<10, 11..<12])
        #expect(try JSONReader.elements(of: Array("\u{FEFF}[]".utf8)).isEmpty)
        for text in ["\u{FEFF}", "\u{FEFF}\u{FEFF}1"] {
            #expect(throws: JSONReader.Malformed.self) { try parse(text) }
        }
    }

    @Test func `excessive nesting is refused without a crash`() {
        #expect(throws: JSONReader.Malformed.self) { try parse(String(repeating: "[", count: 1_000_000)) }
    }

    @Test(arguments: [
        (#""\ud83d\ude00""#, "😀"), (#""\u00e9""#, "é"), (#""\ud800""#, "\u{FFFD}"), (#""\ud800\u0041""#, "\u{FFFD}A"),
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    ])
    func `escape sequences are decoded`(text: String, expected: String) throws {
        #expect(try parse(text).string == expected)
    }

    @Test func `the ranges of members and elements are returned`() throws {
        let body = Array(#" {"total": 2, "entities": [ {"id": 1.0} , {"id":"x,]}"} ] } "#.utf8)
        let members = try JSONReader.members(of: body)
        #expect(members.map(\.name) == ["total", "entities"])
        let elements = try JSONReader.elements(of: body, in: members[1].range)
        #expect(elements.map { String(decoding: body[$0], as: UTF8.self) } == [#"{"id": 1.0}"#, #"{"id":"x,]}"}"#])
    }

    @Test func `control characters are escaped when written`() {
        #expect(JSON.string("a\"\\\n\u{1}\u{7F}").description == #""a\"\\\n\u0001\u007f""#)
    }

    @Test func `random changes do not crash the reader, and accepted text survives a round trip`() {
        var random = SystemRandomNumberGenerator()
        let seed = Array(#"{"a":[1,-2.5e3,"x\u00e9\n",true,null],"b":{"c":[]}}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let value = try? JSONReader.parse(bytes) {
                #expect((try? JSONReader.parse(value.bytes())) == value)
                #expect((try? JSONReader.parse(value.bytes(indented: true))) == value)
            }
        }
    }
}
