internal import RingdownCore
internal import RingdownOAuth

/// Reads the sealed records of a store. An unusable record is a cache miss. The reason is logged once per store.
final class SealedRecordReader: Sendable {
    /// The location of the records for log messages: a directory, or `Redis`.
    private let place: String
    private let hasWarned = Locked(false)

    init(place: String) {
        self.place = place
    }

    /// Returns the token and the backoff state of a key, or nil if the record is unusable.
    func state(in sealed: [UInt8], for key: CacheKey, _ cipher: StoreCipher, at now: Instant) -> StoredState? {
        guard var record = open(sealed, for: key, cipher) else { return nil }
        defer { wipe(&record) }
        guard let content = TokenRecord.decode(record, at: now) else {
            warn("is damaged or was written by another version")
            return nil
        }
        return content.state
    }

    /// Returns the end of a shared pause, or nil if the record is unusable.
    func pause(in sealed: [UInt8], for key: CacheKey, _ cipher: StoreCipher) -> Timestamp? {
        guard let record = open(sealed, for: PauseRecord.key(key), cipher) else { return nil }
        guard let end = PauseRecord.decode(record) else {
            warn("is damaged or was written by another version")
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
                "a record in \(place) was written with another key or is damaged; it will be replaced")
        }
        return nil
    }

    private func warn(_ reason: String) {
        let isFirst = hasWarned.withLock { hasWarned in
            defer { hasWarned = true }
            return !hasWarned
        }
        if isFirst { Logger.current.warning("cache.version", "a record in \(place) \(reason); it will be replaced") }
    }
}

/// The binary format of a shared pause: a version and the end in seconds since 1970, eight bytes each.
///
/// No process sends a request before the end. A pause is sealed under its own cache key, so that it cannot replace a token.
enum PauseRecord {
    private static let version: UInt64 = 1

    static func key(_ key: CacheKey) -> CacheKey { CacheKey(fields: [Array("pause".utf8), key.bytes]) }

    static func encode(_ end: Timestamp) -> [UInt8] {
        [version.bigEndian, end.secondsSince1970.bitPattern.bigEndian].flatMap { number in
            withUnsafeBytes(of: number) { Array($0) }
        }
    }

    /// Decodes the result of ``encode(_:)``, or returns nil for any other bytes.
    static func decode(_ bytes: [UInt8]) -> Timestamp? {
        guard bytes.count == 16 else { return nil }
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        let seconds = Double(bitPattern: number(bytes[8...]))
        guard number(bytes[..<8]) == version, (0...1e12).contains(seconds) else { return nil }
        return Timestamp(secondsSince1970: seconds)
    }
}
