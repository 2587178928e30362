internal import Foundations
internal import Tokens

/// A token as bytes: three numbers, then the token and its scope, each with its length before it.
enum TokenRecord {
    static func encode(_ token: Token) -> [UInt8] {
        var bytes: [UInt8] = []
        for number in [token.requested.wall.secondsSince1970, token.lifetime.inSeconds, token.refreshJitter.inSeconds] {
            withUnsafeBytes(of: number.bitPattern.bigEndian) { bytes += $0 }
        }
        token.value.withBytes { append($0, to: &bytes) }
        Array((token.scope ?? "").utf8).withUnsafeBytes { append($0, to: &bytes) }
        return bytes
    }

    /// Nil where the bytes are no record. The time that is left is taken from the wall clock of now, at most the lifetime.
    static func decode(_ bytes: [UInt8], at now: Moment) -> Token? {
        var rest = bytes[...]
        guard let requested = number(&rest), let lifetime = number(&rest), let jitter = number(&rest),
            requested.isFinite, (0...1e9).contains(lifetime), (0...1e9).contains(jitter),
            let value = field(&rest), !value.isEmpty, let scope = field(&rest), rest.isEmpty
        else { return nil }
        let age = now.wall.secondsSince1970 - requested
        // From the future: the clock was set back since, and nothing can be said about this token's age.
        guard age >= -60, age < lifetime else { return nil }
        return Token(
            value: Secret(bytes: value), scope: scope.isEmpty ? nil : String(decoding: scope, as: UTF8.self),
            lifetime: .seconds(lifetime),
            requested: Moment(uptime: now.uptime - .seconds(max(0, age)), wall: Timestamp(secondsSince1970: requested)),
            refreshJitter: .seconds(jitter)
        )
    }

    private static func append(_ field: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(field.count).bigEndian) { bytes += $0 }
        bytes += field
    }

    private static func number(_ bytes: inout ArraySlice<UInt8>) -> Double? {
        guard bytes.count >= 8 else { return nil }
        let pattern = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        bytes = bytes.dropFirst(8)
        return Double(bitPattern: pattern)
    }

    private static func field(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard bytes.count >= 4 else { return nil }
        let count = Int(bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        guard bytes.count >= 4 + count else { return nil }
        let field = bytes.dropFirst(4).prefix(count)
        bytes = bytes.dropFirst(4 + count)
        return field
    }
}
