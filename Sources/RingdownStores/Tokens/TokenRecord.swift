internal import RingdownCore
internal import RingdownOAuth

/// The binary format of a stored record: a version, the account name, an optional token and an optional backoff state.
/// Numbers are eight bytes. Other fields are preceded by their length.
enum TokenRecord {
    private static let version: Double = 2

    static func encode(_ state: StoredState, account: String) -> [UInt8] {
        var writer = Writer()
        writer.add(version)
        writer.add(account)
        writer.add(state.token == nil ? 0 : 1)
        if let token = state.token {
            for number in [
                token.requested.wall.secondsSince1970, token.lifetime.inSeconds, token.refreshJitter.inSeconds,
                token.isLifetimeKnown ? 1 : 0,
            ] { writer.add(number) }
            token.value.withBytes { writer.add($0) }
            writer.add(token.scope ?? "")
        }
        writer.add(state.backoff == nil ? 0 : 1)
        if let backoff = state.backoff {
            for number in [
                Double(backoff.failures), backoff.time.secondsSince1970, backoff.retryAt.secondsSince1970,
                backoff.until.secondsSince1970,
                Double(backoff.error.status ?? 0), backoff.error.retryAfter?.inSeconds ?? -1,
            ] { writer.add(number) }
            for text in [
                backoff.error.code.description, backoff.error.message, backoff.error.oauthError ?? "",
                backoff.error.oauthDescription ?? "", backoff.error.correlationID ?? "",
            ] { writer.add(text) }
        }
        return writer.bytes
    }

    /// Decodes a record, or returns nil if the bytes are not a record. An expired token or one of unknown age is omitted.
    static func decode(_ bytes: [UInt8], at now: Instant) -> (account: String, state: StoredState)? {
        var reader = Reader(bytes: bytes[...])
        guard reader.number() == version, let account = reader.text(), let hasToken = reader.number() else {
            return nil
        }
        var state = StoredState()
        if hasToken == 1 {
            guard let token = token(&reader, now) else { return nil }
            state.token = token.flatMap { $0 }
        }
        guard let hasSetback = reader.number() else { return nil }
        if hasSetback == 1 {
            guard let backoff = backoff(&reader) else { return nil }
            state.backoff = backoff
        }
        return reader.bytes.isEmpty ? (account, state) : nil
    }

    /// Nil for a damaged record, an inner nil for an unusable token.
    private static func token(_ reader: inout Reader, _ now: Instant) -> Token?? {
        guard let requested = reader.number(), let lifetime = reader.number(), let jitter = reader.number(),
            let isKnown = reader.number(), requested.isFinite, (0...1e9).contains(lifetime), (0...1e9).contains(jitter),
            let value = reader.field(), !value.isEmpty, let scope = reader.text()
        else { return nil }
        let age = now.wall.secondsSince1970 - requested
        // A time in the future: the clock was set back, and the age of the token is unknown.
        guard age >= -60, age < lifetime else { return .some(nil) }
        return Token(
            value: Secret(bytes: value), scope: scope.isEmpty ? nil : scope, lifetime: .seconds(lifetime),
            requested: Instant(
                uptime: now.uptime - .seconds(max(0, age)), wall: Timestamp(secondsSince1970: requested)),
            refreshJitter: .seconds(jitter), isLifetimeKnown: isKnown == 1
        )
    }

    private static func backoff(_ reader: inout Reader) -> BackoffState? {
        guard let failures = reader.number(), let time = reader.number(), let retryAt = reader.number(),
            let until = reader.number(),
            let status = reader.number(), let retryAfter = reader.number(), let code = reader.text(),
            let message = reader.text(),
            let oauthError = reader.text(), let oauthDescription = reader.text(), let correlationID = reader.text(),
            (0...1e6).contains(failures), (0...1e12).contains(time), (0...1e12).contains(retryAt),
            (0...1e12).contains(until),
            (0...999).contains(status), (-1...1e9).contains(retryAfter)
        else { return nil }
        func optional(_ text: String) -> String? { text.isEmpty ? nil : text }
        var error = TokenError(
            TokenError.Code(rawValue: code) ?? .requestRefused, message, status: status == 0 ? nil : Int(status))
        (error.oauthError, error.oauthDescription) = (optional(oauthError), optional(oauthDescription))
        error.correlationID = optional(correlationID)
        if retryAfter >= 0 { error.retryAfter = .seconds(retryAfter) }
        return BackoffState(
            error: error, failures: Int(failures), time: Timestamp(secondsSince1970: time),
            retryAt: Timestamp(secondsSince1970: retryAt),
            until: Timestamp(secondsSince1970: until))
    }
}

private struct Writer {
    var bytes: [UInt8] = []

    mutating func add(_ number: Double) {
        withUnsafeBytes(of: number.bitPattern.bigEndian) { bytes += $0 }
    }
    mutating func add(_ text: String) {
        Array(text.utf8).withUnsafeBytes { add($0) }
    }
    mutating func add(_ field: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt32(field.count).bigEndian) { bytes += $0 }
        bytes += field
    }
}

private struct Reader {
    var bytes: ArraySlice<UInt8>

    mutating func number() -> Double? {
        guard bytes.count >= 8 else { return nil }
        let pattern = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        bytes = bytes.dropFirst(8)
        return Double(bitPattern: pattern)
    }
    mutating func field() -> ArraySlice<UInt8>? {
        guard bytes.count >= 4 else { return nil }
        let count = Int(bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        guard bytes.count >= 4 + count else { return nil }
        let field = bytes.dropFirst(4).prefix(count)
        bytes = bytes.dropFirst(4 + count)
        return field
    }
    mutating func text() -> String? {
        field().map { String(decoding: $0, as: UTF8.self) }
    }
}
