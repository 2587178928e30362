internal import CSodium

/// Functions of libsodium other than encryption: hashes, random bytes and Base64.
package enum Sodium {
    private static let started: Bool = sodium_init() >= 0

    /// Initialises the library. Every function here calls it. It fails only if the system has no random source.
    package static func start() {
        precondition(started, "libsodium could not be initialised")
    }

    /// Returns the SHA-256 hash of `bytes` (32 bytes).
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        crypto_hash_sha256(&digest, bytes, UInt64(bytes.count))
        return digest
    }

    /// Returns a keyed hash (BLAKE2b, 32 bytes) of a secret. Without the key, the hash reveals nothing about the secret.
    package static func fingerprint(_ secret: Secret, key: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        secret.withBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            _ = crypto_generichash(&digest, digest.count, start, UInt64(bytes.count), key, key.count)
        }
        return digest
    }

    /// Returns `count` bytes from the random source of the system.
    package static func randomBytes(_ count: Int) -> [UInt8] {
        start()
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }
}
