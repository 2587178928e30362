internal import RingdownCore
internal import RingdownOAuth

/// Reads the sealed records of a store. Whatever cannot be used is a miss; the reason is logged once for each store.
final class SealedRecordReader: Sendable {
    /// Where the records are, for messages: a directory, or `Redis`.
    private let place: String
    private let hasWarned = Locked(false)

    init(place: String) {
        self.place = place
    }

    /// The token and backoff state that were stored for a key; nil if there is nothing usable.
    func state(in sealed: [UInt8], for key: CacheKey, _ cipher: StoreCipher, at now: Instant) -> StoredState? {
        guard var record = open(sealed, for: key, cipher) else { return nil }
        defer { wipe(&record) }
        guard let content = TokenRecord.decode(record, at: now) else {
            warn("is damaged, or was written by another version")
            return nil
        }
        return content.state
    }

    /// The end of a shared pause; nil if there is nothing usable.
    func pause(in sealed: [UInt8], for key: CacheKey, _ cipher: StoreCipher) -> Timestamp? {
        guard let record = open(sealed, for: PauseRecord.key(key), cipher) else { return nil }
        guard let end = PauseRecord.decode(record) else {
            warn("is damaged, or was written by another version")
            return nil
        }
        return end
    }

    private func open(_ sealed: [UInt8], for key: CacheKey, _ cipher: StoreCipher) -> [UInt8]? {
        if let record = cipher.open(sealed, for: key) { return record }
        if StoreCipher.isOfAnotherVersion(sealed) {
            warn("was written by another version")
        } else {
            Logger.current.debug(
                "cache.undecryptable",
                "a record in \(place) was written with another key, or is damaged; it is replaced")
        }
        return nil
    }

    private func warn(_ reason: String) {
        let isFirst = hasWarned.withLock { hasWarned in
            defer { hasWarned = true }
            return !hasWarned
        }
        if isFirst { Logger.current.warning("cache.version", "a record in \(place) \(reason); it is replaced") }
    }
}

/// Until when no process may call, as bytes: a version and the seconds since 1970, eight bytes each. Sealed under a key of its own, so
/// that it cannot take the place of a token.
enum PauseRecord {
    private static let version: UInt64 = 1

    static func key(_ key: CacheKey) -> CacheKey { CacheKey(fields: [Array("pause".utf8), key.bytes]) }

    static func encode(_ end: Timestamp) -> [UInt8] {
        [version.bigEndian, end.secondsSince1970.bitPattern.bigEndian].flatMap { number in
            withUnsafeBytes(of: number) { Array($0) }
        }
    }

    /// Nil for anything else than what ``encode(_:)`` wrote.
    static func decode(_ bytes: [UInt8]) -> Timestamp? {
        guard bytes.count == 16 else { return nil }
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        let seconds = Double(bitPattern: number(bytes[8...]))
        guard number(bytes[..<8]) == version, (0...1e12).contains(seconds) else { return nil }
        return Timestamp(secondsSince1970: seconds)
    }
}
