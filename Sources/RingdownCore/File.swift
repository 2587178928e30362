#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A failed file operation.
package struct FileError: Error, Sendable, CustomStringConvertible {
    /// The path of the file.
    package var path: String
    /// The error code (`errno`).
    package var code: Int32
    /// The reason, if it is not the system's error message.
    private let reason: String?

    package init(path: String, code: Int32, reason: String? = nil) {
        self.path = path
        self.code = code
        self.reason = reason
    }

    /// Whether the file does not exist.
    package var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    /// Whether the reader of a pipe has closed it.
    package var isClosedPipe: Bool { code == EPIPE }
    package var description: String { "\(path): \(reason ?? String(cString: strerror(code)))" }
}

/// Operations that read or replace whole files.
package enum File {
    /// Requirements for a file before it is read.
    package enum Access: Sendable {
        /// Any readable file, including a pipe such as the shell's `<(command)`.
        case anyone
        /// A regular file that the user or root owns and that other users cannot write.
        case ownersToWrite
        /// A regular file that the user owns and that other users can neither read nor write. Symbolic links are refused.
        case ownersAlone
    }

    /// Whether this process can open another file or connection. The limit is that of the process or of the system.
    package static var hasFreeDescriptor: Bool {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno != EMFILE && errno != ENFILE }
        close(descriptor)
        return true
    }

    /// Returns the first bytes of a file; nil if it cannot be read.
    package static func beginning(of path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = pread(descriptor, &bytes, limit, 0)
        return count < 0 ? nil : Array(bytes.prefix(count))
    }

    /// Returns the content of a file.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - limit: The maximum size in bytes (default: 16 MiB).
    ///   - access: The requirements for owner, type and permissions.
    /// - Throws: `FileError` if the file cannot be read, is too large or does not meet the requirements.
    package static func read(
        _ path: String, limit: Int = 16 << 20, access: Access = .anyone
    ) throws(FileError) -> [UInt8] {
        // Without O_NONBLOCK, opening a FIFO blocks until a process opens it for writing.
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
            throw FileError(path: path, code: EPERM, reason: "not a regular file")
        }
        let isAllowed =
            access == .ownersToWrite
            ? (owner == geteuid() || owner == 0) && mode & 0o022 == 0 : owner == geteuid() && mode & 0o077 == 0
        if !isAllowed {
            throw FileError(path: path, code: EPERM, reason: "owned by another user, or accessible to other users")
        }
    }

    /// Opens a file that the user owns for writing. If it does not exist, it is created with permissions 0600.
    ///
    /// - Parameter flags: `O_WRONLY` or `O_RDWR`, optionally with `O_APPEND`.
    /// - Throws: `FileError` if the file is a symbolic link, has several hard links, is not a regular file or is owned by another
    ///   user. The file is not modified in this case.
    package static func openOwn(_ path: String, _ flags: Int32) throws(FileError) -> Int32 {
        let descriptor = open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else {
            // ENXIO: a FIFO without a reader.
            throw FileError(path: path, code: errno, reason: errno == ENXIO ? "not a regular file" : nil)
        }
        var information = stat()
        let isKnown = fstat(descriptor, &information) == 0
        if isKnown, information.st_mode & S_IFMT == S_IFREG, information.st_uid == geteuid(), information.st_nlink <= 1
        {
            return descriptor
        }
        close(descriptor)
        throw FileError(path: path, code: EPERM, reason: "not a regular file with one link that this user owns")
    }

    /// Reads an open file to its end, at most `limit` bytes.
    package static func read(
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

    /// Replaces a file atomically, with permissions 0600. Readers see either the old or the new content.
    package static func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
        try replace(path, with: bytes) { _ in true }
    }

    /// Calls `finish` with the new file before the rename. `finish` returns false on failure.
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

    /// Replaces an existing file atomically and preserves its owner and permissions.
    ///
    /// - Throws: `FileError` if the file does not exist, or if its owner or permissions cannot be preserved.
    package static func rewrite(_ path: String, with bytes: [UInt8]) throws(FileError) {
        var information = stat()
        guard stat(path, &information) == 0 else { throw FileError(path: path, code: errno) }
        try replace(path, with: bytes) { draft in
            let isOurs = information.st_uid == geteuid() && information.st_gid == getegid()
            return (isOurs || fchown(draft, information.st_uid, information.st_gid) == 0)
                && fchmod(draft, information.st_mode & 0o7777) == 0
        }
    }

    /// Creates a file atomically, with permissions 0600.
    ///
    /// - Throws: `FileError` if the file exists or cannot be created.
    package static func create(_ path: String, with bytes: [UInt8]) throws(FileError) {
        let draft = path + "." + hexadecimal(Sodium.randomBytes(6))
        try replace(draft, with: bytes)
        defer { unlink(draft) }
        // The file is written only once. A power failure must not leave an empty file.
        let descriptor = open(draft, O_RDONLY | O_CLOEXEC)
        fsync(descriptor)
        close(descriptor)
        guard link(draft, path) == 0 else { throw FileError(path: path, code: errno) }
    }

    /// Returns the path without symbolic links, or nil if it does not exist.
    package static func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// Deletes a file if it exists.
    package static func remove(_ path: String) { unlink(path) }

    /// Creates a directory and its parents with permissions 0700. Existing directories are not changed.
    package static func makeDirectory(_ path: String) throws(FileError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw FileError(path: path, code: errno)
        }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError(path: path, code: errno) }
    }

    /// Writes all bytes to an open file. Returns the error code, or nil on success.
    @discardableResult
    package static func write(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Int32? {
        let bytes = Array(bytes)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                systemWrite(descriptor, $0.baseAddress.unsafelyUnwrapped + offset, $0.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                // Another process set the stream to non-blocking, and its buffer is full.
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

// Within `File`, `read` and `write` refer to its own functions, not to the system calls.
private func systemRead(_ descriptor: Int32, _ chunk: inout [UInt8]) -> Int {
    chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
}
private func systemWrite(_ descriptor: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, start, count)
}
