internal import CSodium

/// Sensitive bytes, such as a client secret or a token, that never appear in a description, a log or a core file.
///
/// The bytes are stored in memory from libsodium that is locked, excluded from core files and surrounded by guard pages. It is
/// zeroed when the last copy is released. Comparison takes constant time. Only ``withBytes(_:)`` and ``reveal()`` return the
/// bytes.
public struct Secret: Sendable, Equatable {
    private let storage: Storage

    /// Creates a secret from the UTF-8 bytes of `text`.
    public init(_ text: String) {
        var text = text
        storage = text.withUTF8 { Storage(UnsafeRawBufferPointer($0)) }
    }

    /// Creates a secret from bytes.
    public init(bytes: some Sequence<UInt8>) {
        var bytes = Array(bytes)
        storage = bytes.withUnsafeBytes { Storage($0) }
        bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
    }

    /// Concatenates secrets.
    public init(joining parts: [Secret]) {
        storage = Storage(count: parts.reduce(0) { $0 + $1.count })
        var offset = 0
        for part in parts {
            part.withBytes { storage.copy($0, at: offset) }
            offset += part.count
        }
    }

    /// The number of bytes.
    public var count: Int { storage.count }
    /// Whether the secret has no bytes.
    public var isEmpty: Bool { storage.count == 0 }

    /// Calls `body` with the bytes. The pointer is valid only during the call.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count))
    }

    /// Returns the secret as text, for output to another program. Bytes that are not UTF-8 are replaced.
    public func reveal() -> String {
        withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether any of the bytes satisfies `predicate`.
    public func contains(where predicate: (UInt8) -> Bool) -> Bool {
        withBytes { $0.contains(where: predicate) }
    }

    public static func == (left: Secret, right: Secret) -> Bool {
        left.count == right.count && sodium_memcmp(left.storage.base, right.storage.base, left.count) == 0
    }

    // Unchecked because the bytes are written only before the storage is shared.
    private final class Storage: @unchecked Sendable {  // because of the line above
        let base: UnsafeMutableRawPointer
        let count: Int

        init(count: Int) {
            Sodium.start()
            // libsodium aborts if it cannot set up the guard pages. Nil means that no memory is available.
            guard let base = sodium_malloc(max(count, 1)) else { preconditionFailure("out of memory") }
            self.base = base
            self.count = count
        }

        convenience init(_ bytes: UnsafeRawBufferPointer) {
            self.init(count: bytes.count)
            copy(bytes, at: 0)
        }

        deinit { sodium_free(base) }

        func copy(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
            UnsafeMutableRawBufferPointer(start: base + offset, count: bytes.count).copyMemory(from: bytes)
        }
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Overwrites `bytes` with zeros. The compiler cannot optimise this away.
public func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
}
