internal import CSodium
internal import RingdownCore
internal import RingdownOAuth

/// Encrypts and decrypts the records of a store: XChaCha20-Poly1305 with a keyed fingerprint of the cache key, the tag, as
/// associated data, so that no record can be passed off as another's. The tag stands before the record and names its file.
struct StoreCipher: Sendable {
    struct Unusable: Error {
        var reason: String
    }

    /// 32 bytes each; the first encrypts, all decrypt.
    private let keys: [Secret]
    private static let header = Array("ringdown2".utf8)
    private static let keyHeader = Array("ringdown-key1".utf8)
    private static let keyLength = 32
    private static let tagLength = 32

    /// Keys from texts of any length, separated by commas.
    init(texts: Secret) throws(Unusable) {
        let parts = texts.withBytes { $0.split(separator: UInt8(ascii: ",")).map { Secret(bytes: $0) } }
        if parts.isEmpty { throw Unusable(reason: "RINGDOWN_CACHE_KEY holds no key") }
        keys = parts.map { Secret(bytes: Sodium.fingerprint($0, key: Array("ringdown cache key".utf8))) }
    }

    /// The key in a file that only its owner can read; made on first use.
    init(keyFile: String) throws(Unusable) {
        do throws(FileError) {
            do {
                try self.init(reading: keyFile)
            } catch  where error.isMissing {
                // Of several processes that come here at once, one makes the file; the others read it.
                try? File.create(keyFile, with: Self.keyHeader + Sodium.randomBytes(Self.keyLength))
                try self.init(reading: keyFile)
            }
        } catch { throw Unusable(reason: "\(error)") }
        guard keys[0].count == Self.keyLength else {
            throw Unusable(reason: "\(keyFile) is not a key of this version; remove it to have a new one made")
        }
    }

    private init(reading keyFile: String) throws(FileError) {
        var bytes = try File.read(keyFile, limit: 4096, access: .ownersAlone)
        defer { wipe(&bytes) }
        keys = [Secret(bytes: bytes.starts(with: Self.keyHeader) ? bytes[Self.keyHeader.count...] : [])]
    }

    /// The file names of a key's record, one for each encryption key; new records take the first. They tell nothing to
    /// who lacks the encryption key.
    func names(of key: CacheKey) -> [String] {
        keys.map { Self.name(tag: Sodium.fingerprint($0, key: key.bytes)) }
    }

    static func name(tag: some Collection<UInt8>) -> String { hexadecimal(tag.prefix(16)) }

    func seal(_ record: [UInt8], for key: CacheKey) -> [UInt8] {
        let nonce = Sodium.randomBytes(Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES))
        var sealed = [UInt8](repeating: 0, count: record.count + Int(crypto_aead_xchacha20poly1305_ietf_ABYTES))
        var count: UInt64 = 0
        let tag = Sodium.fingerprint(keys[0], key: key.bytes)
        withKey(keys[0]) { secret in
            _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                &sealed, &count, record, UInt64(record.count), tag, UInt64(tag.count), nil, nonce, secret
            )
        }
        return Self.header + tag + nonce + sealed.prefix(Int(count))
    }

    /// The record of this key. Nil where it was not sealed for this key, or was damaged.
    func open(_ file: [UInt8], for key: CacheKey) -> [UInt8]? {
        guard let tag = Self.tag(of: file), keys.contains(where: { Sodium.fingerprint($0, key: key.bytes) == tag })
        else {
            return nil
        }
        return open(file)
    }

    /// Whether a record has the format of another version of this program.
    static func isOfAnotherVersion(_ file: [UInt8]) -> Bool {
        file.starts(with: "ringdown".utf8) && !file.starts(with: header)
    }

    /// What a file says its record is for.
    static func tag(of file: [UInt8]) -> [UInt8]? {
        guard file.starts(with: header), file.count >= header.count + tagLength else { return nil }
        return Array(file.dropFirst(header.count).prefix(tagLength))
    }

    /// The record of whatever key, for who looks after the store.
    func open(_ file: [UInt8]) -> [UInt8]? {
        let nonceLength = Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
        let overhead = Int(crypto_aead_xchacha20poly1305_ietf_ABYTES)
        let start = Self.header.count + Self.tagLength
        guard let tag = Self.tag(of: file), file.count >= start + nonceLength + overhead else { return nil }
        let nonce = Array(file.dropFirst(start).prefix(nonceLength))
        let sealed = Array(file.dropFirst(start + nonceLength))
        for candidate in keys {
            var record = [UInt8](repeating: 0, count: sealed.count - overhead + 1)
            var count: UInt64 = 0
            let result = withKey(candidate) { secret in
                crypto_aead_xchacha20poly1305_ietf_decrypt(
                    &record, &count, nil, sealed, UInt64(sealed.count), tag, UInt64(tag.count), nonce, secret
                )
            }
            if result == 0 { return Array(record.prefix(Int(count))) }
        }
        return nil
    }

    private func withKey<Result>(_ key: Secret, _ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        key.withBytes { bytes in
            // Keys have 32 bytes, so there is an address.
            body(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self))
        }
    }
}
