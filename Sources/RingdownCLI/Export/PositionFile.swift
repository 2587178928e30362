internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The file of `--resume`. It is locked exclusively as long as this object exists, and replaced atomically.
///
/// The lock (`flock`) belongs to the file, so a replacement is locked before it gets the name of the file. The system releases the lock
/// when the process ends, however it ends.
final class PositionFile {
    let path: String
    private var descriptor: Int32
    /// Whether the file has content that must survive.
    private var isWritten: Bool
    /// The content at the time of the lock; empty for a new file.
    let content: [UInt8]

    /// Opens and locks the file. It is created if it does not exist.
    ///
    /// - Throws: `ConfigurationError` if another process has locked the file, if it is not a regular file of this user, or if other
    ///   users can write it.
    init(_ path: String) throws(ConfigurationError) {
        self.path = path
        do throws(FileError) {
            descriptor = try Self.locked(path)
            do throws(FileError) { content = try File.read(descriptor, path: path) } catch {
                close(descriptor)
                throw error
            }
        } catch {
            let isLocked = error.code == EWOULDBLOCK
            throw isLocked
                ? ConfigurationError(
                    "the position file \(error)",
                    hint: "wait until the other process has ended, or use another position file and another output")
                : ConfigurationError(
                    "cannot use the position file \(error)",
                    hint: "use a file that only you can write: chmod go-w, chown")
        }
        isWritten = !content.isEmpty
    }

    deinit {
        if !isWritten { unlink(path) }
        close(descriptor)
    }

    /// Returns a descriptor of the locked file.
    private static func locked(_ path: String) throws(FileError) -> Int32 {
        while true {
            let opened = try File.openOwn(path, O_RDWR)
            var (own, named) = (stat(), stat())
            guard fstat(opened, &own) == 0, own.st_mode & 0o022 == 0 else {
                close(opened)
                throw FileError(path: path, code: EPERM, reason: "other users can write it")
            }
            while flock(opened, LOCK_EX | LOCK_NB) != 0 {
                let code = errno
                if code == EINTR { continue }
                close(opened)
                throw FileError(
                    path: path, code: code,
                    reason: code == EWOULDBLOCK ? "in use by another process" : nil)
            }
            // Between opening and locking, the process that held the lock may have replaced or removed the file.
            if stat(path, &named) == 0, named.st_ino == own.st_ino, named.st_dev == own.st_dev { return opened }
            close(opened)
        }
    }

    /// Replaces the content. After a failure, the file has its previous content.
    ///
    /// - Throws: `FileError` if the file cannot be written.
    func replace(with bytes: [UInt8]) throws(FileError) {
        // Only the process with the lock uses this name.
        let draft = path + ".new"
        unlink(draft)
        let opened = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else { throw FileError(path: path, code: errno) }
        var failure = File.write(bytes, to: opened)
        if failure == nil, flock(opened, LOCK_EX | LOCK_NB) != 0 { failure = errno }
        if failure == nil, rename(draft, path) != 0 { failure = errno }
        if let failure {
            unlink(draft)
            close(opened)
            throw FileError(path: path, code: failure)
        }
        close(descriptor)
        (descriptor, isWritten) = (opened, true)
    }

    /// Removes the file at the end of the list.
    func remove() {
        isWritten = false
    }
}
