#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the operating system said to a call on a file.
public struct FileError: Error, Sendable, CustomStringConvertible {
    public var path: String
    public var code: Int32

    public init(path: String, code: Int32) {
        self.path = path
        self.code = code
    }

    public var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    public var description: String { "\(path): \(String(cString: strerror(code)))" }
}

/// Whole files, read and replaced.
public enum File {
    /// The bytes of a file of at most `limit` bytes. `followsLinks: false` refuses a symbolic link.
    public static func read(
        _ path: String, limit: Int = 16 << 20, followsLinks: Bool = true
    ) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (followsLinks ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
        defer { close(descriptor) }
        return try read(descriptor, path: path, limit: limit)
    }

    /// Everything up to the end of an open file.
    public static func read(
        _ descriptor: Int32, path: String, limit: Int = 16 << 20
    ) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        defer { wipe(&chunk) }
        while true {
            let count = systemRead(descriptor, &chunk)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(path: path, code: errno) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > limit { throw FileError(path: path, code: EFBIG) }
        }
    }

    /// Replaces a file at once, with permissions 0600: who reads it sees the old bytes or the new ones.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
        let draft = path + "." + hexadecimal(Sodium.randomBytes(6))
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
        var failure: Int32 = 0
        if let code = write(bytes, to: descriptor) { failure = code }
        if close(descriptor) != 0, failure == 0 { failure = errno }
        if failure == 0, rename(draft, path) != 0 { failure = errno }
        if failure != 0 {
            unlink(draft)
            throw FileError(path: path, code: failure)
        }
    }

    /// Makes a file that was not there, with permissions 0600 and all its bytes at once; throws where it exists.
    public static func create(_ path: String, with bytes: [UInt8]) throws(FileError) {
        let draft = path + "." + hexadecimal(Sodium.randomBytes(6))
        try replace(draft, with: bytes)
        defer { unlink(draft) }
        guard link(draft, path) == 0 else { throw FileError(path: path, code: errno) }
    }

    /// Makes a directory and those above it, with permissions 0700; one that is there already is left as it is.
    public static func makeDirectory(_ path: String) throws(FileError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw FileError(path: path, code: errno)
        }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError(path: path, code: errno) }
    }

    /// Writes all bytes to an open file; returns the error code, or nil.
    @discardableResult
    public static func write(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Int32? {
        let bytes = Array(bytes)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                systemWrite(descriptor, $0.baseAddress.unsafelyUnwrapped + offset, $0.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return errno }
            offset += count
        }
        return nil
    }
}

// `File` has functions of the same names as the system's.
private func systemRead(_ descriptor: Int32, _ chunk: inout [UInt8]) -> Int {
    chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
}
private func systemWrite(_ descriptor: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, start, count)
}
