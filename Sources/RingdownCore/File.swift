#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the operating system said to a call on a file.
public struct FileError: Error, Sendable, CustomStringConvertible {
    public var path: String
    public var code: Int32
    /// In place of the system's words.
    private let reason: String?

    public init(path: String, code: Int32, reason: String? = nil) {
        self.path = path
        self.code = code
        self.reason = reason
    }

    public var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    /// Whoever read the other end went away.
    public var isClosedPipe: Bool { code == EPIPE }
    public var description: String { "\(path): \(reason ?? String(cString: strerror(code)))" }
}

/// Whole files, read and replaced.
public enum File {
    /// Whose file may be read.
    public enum Access: Sendable {
        /// Anyone's, and anything that can be read: also a pipe, as a shell's `<(command)`.
        case anyone
        /// A regular file that belongs to the user or the system, and that no one else can write.
        case ownersToWrite
        /// A regular file that belongs to the user, that no one else can read or write, and that is not a symbolic link.
        case ownersAlone
    }

    /// The bytes of a file of at most `limit` bytes.
    public static func read(
        _ path: String, limit: Int = 16 << 20, access: Access = .anyone
    ) throws(FileError) -> [UInt8] {
        // A FIFO in a file's place would block `open` for as long as nothing writes to it.
        let flags =
            O_RDONLY | O_CLOEXEC | (access == .anyone ? 0 : O_NONBLOCK) | (access == .ownersAlone ? O_NOFOLLOW : 0)
        let descriptor = open(path, flags)
        guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
        defer { close(descriptor) }
        if access != .anyone { try check(descriptor, path: path, access) }
        return try read(descriptor, path: path, limit: limit)
    }

    private static func check(_ descriptor: Int32, path: String, _ access: Access) throws(FileError) {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw FileError(path: path, code: errno) }
        let (owner, mode) = (information.st_uid, information.st_mode)
        guard mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, code: EPERM, reason: "it is not a regular file")
        }
        let isAllowed =
            access == .ownersToWrite
            ? (owner == geteuid() || owner == 0) && mode & 0o022 == 0 : owner == geteuid() && mode & 0o077 == 0
        if !isAllowed {
            throw FileError(path: path, code: EPERM, reason: "it belongs to someone else, or others can use it")
        }
    }

    /// Opens a file of the user's own for writing, and makes it with permissions 0600 if it does not exist.
    ///
    /// - Parameter flags: `O_WRONLY` or `O_RDWR`, and `O_APPEND`.
    /// - Throws: `FileError` if it is a symbolic link, has other names, is not a regular file or belongs to someone else; nothing is
    ///   changed then.
    public static func openOwn(_ path: String, _ flags: Int32) throws(FileError) -> Int32 {
        let descriptor = open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else {
            // A FIFO that nothing reads.
            throw FileError(path: path, code: errno, reason: errno == ENXIO ? "it is not a regular file" : nil)
        }
        var information = stat()
        let isKnown = fstat(descriptor, &information) == 0
        if isKnown, information.st_mode & S_IFMT == S_IFREG, information.st_uid == geteuid(), information.st_nlink <= 1
        {
            return descriptor
        }
        close(descriptor)
        throw FileError(path: path, code: EPERM, reason: "it is not a regular file of this user alone")
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
        try replace(path, with: bytes) { _ in true }
    }

    /// `finish` is called with the new file before it takes the old one's place; false where that failed.
    private static func replace(
        _ path: String, with bytes: [UInt8], finish: (Int32) -> Bool
    ) throws(FileError) {
        let draft = path + "." + hexadecimal(Sodium.randomBytes(6))
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
        var failure: Int32 = 0
        if let code = write(bytes, to: descriptor) { failure = code }
        if failure == 0, !finish(descriptor) { failure = errno }
        if close(descriptor) != 0, failure == 0 { failure = errno }
        if failure == 0, rename(draft, path) != 0 { failure = errno }
        if failure != 0 {
            unlink(draft)
            throw FileError(path: path, code: failure)
        }
    }

    /// Replaces a file that is there at once, and lets its owner and permissions be. Throws where that cannot be.
    public static func rewrite(_ path: String, with bytes: [UInt8]) throws(FileError) {
        var information = stat()
        guard stat(path, &information) == 0 else { throw FileError(path: path, code: errno) }
        try replace(path, with: bytes) { draft in
            let isOurs = information.st_uid == geteuid() && information.st_gid == getegid()
            return (isOurs || fchown(draft, information.st_uid, information.st_gid) == 0)
                && fchmod(draft, information.st_mode & 0o7777) == 0
        }
    }

    /// Makes a file that was not there, with permissions 0600 and all its bytes at once; throws where it exists.
    public static func create(_ path: String, with bytes: [UInt8]) throws(FileError) {
        let draft = path + "." + hexadecimal(Sodium.randomBytes(6))
        try replace(draft, with: bytes)
        defer { unlink(draft) }
        // It is written once and needed for ever: a power cut must not leave an empty one.
        let descriptor = open(draft, O_RDONLY | O_CLOEXEC)
        fsync(descriptor)
        close(descriptor)
        guard link(draft, path) == 0 else { throw FileError(path: path, code: errno) }
    }

    /// The path without symbolic links; nil where nothing is there.
    public static func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// Removes a file, if it is there.
    public static func remove(_ path: String) { unlink(path) }

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
            if count < 0, errno == EAGAIN {
                // Someone made the stream non-blocking; its reader is merely slow.
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wanted, 1, -1)
                continue
            }
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
