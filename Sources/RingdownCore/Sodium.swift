internal import CSodium

/// What the project takes from libsodium besides encryption: hashes, random bytes, Base64.
public enum Sodium {
    private static let started: Bool = sodium_init() >= 0

    /// Readies the library; every entry point here calls it. It fails only where the system has no random source.
    public static func start() {
        precondition(started, "libsodium could not be initialised")
    }

    /// The SHA-256 of `bytes`: 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        crypto_hash_sha256(&digest, bytes, UInt64(bytes.count))
        return digest
    }

    /// A keyed hash (BLAKE2b) of a secret: 32 bytes that tell nothing about it to who has not the key.
    public static func fingerprint(_ secret: Secret, key: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        secret.withBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            _ = crypto_generichash(&digest, digest.count, start, UInt64(bytes.count), key, key.count)
        }
        return digest
    }

    /// `count` bytes from the system's random source.
    public static func randomBytes(_ count: Int) -> [UInt8] {
        start()
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }
}
