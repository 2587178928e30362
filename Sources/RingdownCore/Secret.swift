internal import CSodium

/// A client secret, an access key, a token: bytes that never show in a description, a log or a core file.
///
/// The bytes live in memory of libsodium's that is locked, left out of core files, fenced by guard pages and zeroed when
/// the last copy is gone. Comparison takes constant time. The only ways out are ``withBytes(_:)`` and ``reveal()``.
public struct Secret: Sendable, Equatable {
    private let storage: Storage

    /// The secret with the UTF-8 bytes of `text`.
    public init(_ text: String) {
        var text = text
        storage = text.withUTF8 { Storage(UnsafeRawBufferPointer($0)) }
    }

    public init(bytes: some Sequence<UInt8>) {
        var bytes = Array(bytes)
        storage = bytes.withUnsafeBytes { Storage($0) }
        bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
    }

    /// The secrets one after the other.
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
    public var isEmpty: Bool { storage.count == 0 }

    /// Lends the bytes; the pointer must not outlive the call.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count))
    }

    /// The secret as text, for the moment in which it leaves the program. Bytes that are not UTF-8 are repaired.
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

    // Unchecked because the bytes are written before it is shared, and never after.
    private final class Storage: @unchecked Sendable {  // because of the line above
        let base: UnsafeMutableRawPointer
        let count: Int

        init(count: Int) {
            Sodium.start()
            // libsodium aborts by itself where the guard pages cannot be set up; nil means that memory ran out.
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

/// Overwrites `bytes` with zeros in a way that the compiler cannot drop.
public func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
}
