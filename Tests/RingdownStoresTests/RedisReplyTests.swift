import RingdownCore
import RingdownStores
import Testing

@Suite struct RedisReplyTests {
    private func parse(_ text: String) throws -> RedisReply? { try RedisReply.parse(Array(text.utf8))?.reply }

    @Test(arguments: [
        ("+OK\r\n", RedisReply.text("OK")), ("-ERR no\r\n", .error("ERR no")), (":-7\r\n", .integer(-7)),
        ("$3\r\na\rb\r\n", .bytes(Array("a\rb".utf8))), ("$-1\r\n", .bytes(nil)), ("$0\r\n\r\n", .bytes([])),
        ("*2\r\n+a\r\n:1\r\n", .list([.text("a"), .integer(1)])), ("*-1\r\n", .list([])),
    ])
    func `a reply is parsed only when it is complete`(text: String, expected: RedisReply) throws {
        #expect(try parse(text) == expected)
        for count in 0..<text.utf8.count {
            #expect(try RedisReply.parse(Array(text.utf8.prefix(count))) == nil)
        }
        #expect(try RedisReply.parse(Array((text + "+next\r\n").utf8))?.count == text.utf8.count)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\n", "$x\r\n", "$-5\r\n", "$99999999999\r\n", ":\r\n", "*5000\r\n", "$1\r\nabc\r\n",
        "+a\rb\n",
    ])
    func `malformed replies are refused`(text: String) {
        #expect(throws: RedisReply.Malformed.self) { try parse(text) }
    }

    @Test(arguments: [
        ("redis://localhost", "http://localhost:6379"), ("rediss://h.example:7000/2", "https://h.example:7000"),
        ("redis://:p%40ss@[::1]:7", "http://[::1]:7"), ("redis://u:p@h", "http://h:6379"),
    ])
    func `an address contains origin and credentials`(text: String, origin: String) throws {
        #expect(try RedisAddress(text).origin.description == origin)
    }

    @Test(arguments: [
        "redis://", "http://h", "redis://u@h", "redis://h/x", "redis://h/-1", "redis://h:99999", "redis://h h",
    ])
    func `invalid addresses are refused`(text: String) {
        #expect(throws: RedisAddress.Invalid.self) { try RedisAddress(text) }
    }
}
