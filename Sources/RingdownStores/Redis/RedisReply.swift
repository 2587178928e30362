/// A reply of a Redis server (RESP2).
package enum RedisReply: Sendable, Equatable {
    case text(String)
    case error(String)
    case integer(Int)
    /// A bulk string; nil if the key does not exist.
    case bytes([UInt8]?)
    case list([RedisReply])

    /// The error for bytes that are not a valid reply.
    package struct Malformed: Error {}

    private static let limit = 16 << 20

    /// Parses a reply.
    ///
    /// - Parameters:
    ///   - bytes: The received bytes.
    ///   - start: The index of the first byte of the reply (default: 0).
    /// - Returns: The reply and its length in bytes; nil if it is incomplete.
    /// - Throws: ``Malformed`` if the bytes are not a reply.
    package static func parse(
        _ bytes: [UInt8], from start: Int = 0
    ) throws(Malformed) -> (reply: RedisReply, count: Int)? {
        var index = start
        return try parse(bytes, &index, depth: 0).map { ($0, index - start) }
    }

    private static func parse(_ bytes: [UInt8], _ index: inout Int, depth: Int) throws(Malformed) -> RedisReply? {
        guard index < bytes.count else { return nil }
        let kind = bytes[index]
        guard "+-:$*".utf8.contains(kind), depth < 8 else { throw Malformed() }
        guard let end = bytes[index...].firstIndex(of: 0x0D) else {
            if bytes.count - index > 65536 { throw Malformed() }
            return nil
        }
        guard end + 1 < bytes.count else { return nil }
        guard bytes[end + 1] == 0x0A else { throw Malformed() }
        let line = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
        index = end + 2
        switch kind {
        case UInt8(ascii: "+"): return .text(line)
        case UInt8(ascii: "-"): return .error(line)
        default: break
        }
        guard let number = Int(line) else { throw Malformed() }
        switch kind {
        case UInt8(ascii: ":"): return .integer(number)
        case UInt8(ascii: "$"): return try bulk(bytes, &index, number)
        default:
            if number == -1 { return .list([]) }
            guard (0...4096).contains(number) else { throw Malformed() }
            var list: [RedisReply] = []
            for _ in 0..<number {
                guard let reply = try parse(bytes, &index, depth: depth + 1) else { return nil }
                list.append(reply)
            }
            return .list(list)
        }
    }

    private static func bulk(_ bytes: [UInt8], _ index: inout Int, _ count: Int) throws(Malformed) -> RedisReply? {
        if count == -1 { return .bytes(nil) }
        guard (0...limit).contains(count) else { throw Malformed() }
        guard index + count + 2 <= bytes.count else { return nil }
        let value = Array(bytes[index..<(index + count)])
        guard bytes[index + count] == 0x0D, bytes[index + count + 1] == 0x0A else { throw Malformed() }
        index += count + 2
        return .bytes(value)
    }
}
