internal import CSodium
internal import RingdownCore
internal import RingdownOAuth

/// Encrypts and decrypts the records of a store with XChaCha20-Poly1305.
///
/// The tag, a keyed fingerprint of the cache key, is the associated data, so that a record cannot take the place of another.
/// The tag precedes the record and determines the name of its file.
struct StoreCipher: Sendable {
    struct Unusable: Error {
        var reason: String
    }

    /// Keys of 32 bytes. The first encrypts, all decrypt.
    private let keys: [Secret]
    private static let header = Array("ringdown2".utf8)
    private static let keyHeader = Array("ringdown-key1".utf8)
    private static let keyLength = 32
    private static let tagLength = 32

    /// Derives keys from texts of any length, separated by commas.
    init(texts: Secret) throws(Unusable) {
        let parts = texts.withBytes { $0.split(separator: UInt8(ascii: ",")).map { Secret(bytes: $0) } }
        if parts.isEmpty { throw Unusable(reason: "RINGDOWN_CACHE_KEY contains no key") }
        keys = parts.map { Secret(bytes: Sodium.fingerprint($0, key: Array("ringdown cache key".utf8))) }
    }

    /// Reads the key from a file that only its owner can read. The file is created on first use.
    init(keyFile: String) throws(Unusable) {
        do throws(FileError) {
            do {
                try self.init(reading: keyFile)
            } catch  where error.isMissing {
                // Of several concurrent processes, one creates the file and the others read it.
                try? File.create(keyFile, with: Self.keyHeader + Sodium.randomBytes(Self.keyLength))
                try self.init(reading: keyFile)
            }
        } catch { throw Unusable(reason: "\(error)") }
        guard keys[0].count == Self.keyLength else {
            throw Unusable(reason: "\(keyFile) is not a key of this version; delete it to create a new key")
        }
    }

    private init(reading keyFile: String) throws(FileError) {
        var bytes = try File.read(keyFile, limit: 4096, access: .ownersAlone)
        defer { wipe(&bytes) }
        keys = [Secret(bytes: bytes.starts(with: Self.keyHeader) ? bytes[Self.keyHeader.count...] : [])]
    }

    /// Returns the file names of a record, one for each encryption key. New records use the first name. Without the encryption
    /// key, the names reveal nothing about the cache key.
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

    /// Decrypts the record of a cache key. Returns nil if it was sealed for another key or is damaged.
    func open(_ file: [UInt8], for key: CacheKey) -> [UInt8]? {
        guard let tag = Self.tag(of: file), keys.contains(where: { Sodium.fingerprint($0, key: key.bytes) == tag })
        else {
            return nil
        }
        return open(file)
    }

    /// Whether a record has the format of another version of Ringdown.
    static func isOfAnotherVersion(_ file: [UInt8]) -> Bool {
        file.starts(with: "ringdown".utf8) && !file.starts(with: header)
    }

    /// Returns the tag in the header of a file, or nil if the file is not a record.
    static func tag(of file: [UInt8]) -> [UInt8]? {
        guard file.starts(with: header), file.count >= header.count + tagLength else { return nil }
        return Array(file.dropFirst(header.count).prefix(tagLength))
    }

    /// Decrypts a record without checking its cache key, for commands that manage the store.
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
            // Keys are 32 bytes long, so the base address is not nil.
            body(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self))
        }
    }
}
