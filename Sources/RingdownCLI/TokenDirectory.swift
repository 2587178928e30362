internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The directory with the token files of `exec`, accessible to its owner only. It is in memory if the system has a suitable file
/// system.
///
/// A process that is killed cannot remove its directory, so the next process does. A lock on the directory shows whether its
/// process is still running.
struct TokenDirectory {
    private static let prefix = "ringdown-exec-"

    var path: String { directory.path }
    private let directory: TemporaryDirectory
    /// The descriptor that holds the lock while this process runs.
    private let descriptor: Int32

    /// Creates a directory in the first of `bases` where this is possible, and removes the directories of ended processes in all.
    ///
    /// - Throws: `FileError` if none of them can be used.
    init(in bases: [String]) throws(FileError) {
        var made: (TemporaryDirectory, Int32)?
        var failure = FileError(path: bases.first ?? "", code: ENOENT)
        for base in bases {
            Self.removeAbandoned(in: base)
            guard made == nil else { continue }
            do throws(FileError) { made = try Self.make(in: base) } catch { failure = error }
        }
        guard let made else { throw failure }
        (directory, descriptor) = made
    }

    func remove() {
        directory.remove()
        close(descriptor)
    }

    private static func make(in base: String) throws(FileError) -> (TemporaryDirectory, Int32) {
        let directory = try TemporaryDirectory(in: base, prefix: "ringdown-new-")
        // The final name is set after locking, so that no other process treats the directory as abandoned.
        let path = "\(base)/\(prefix)\(directory.path.suffix(6))"
        let descriptor = opened(directory.path)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0, rename(directory.path, path) == 0 else {
            let code = errno
            if descriptor >= 0 { close(descriptor) }
            directory.remove()
            throw FileError(path: directory.path, code: code)
        }
        return (TemporaryDirectory(existing: path), descriptor)
    }

    /// Removes the directories of ended processes: only token files directly in a directory that no other user could prepare.
    private static func removeAbandoned(in base: String) {
        var information = stat()
        // Where other users can rename directories, a directory with such a name may be any other one of this user.
        guard stat(base, &information) == 0, information.st_mode & 0o022 == 0 || information.st_mode & S_ISVTX != 0
        else {
            return
        }
        for name in TemporaryDirectory.names(in: base) where name.hasPrefix(prefix) {
            let path = "\(base)/\(name)"
            guard lstat(path, &information) == 0, information.st_uid == geteuid(),
                information.st_mode & S_IFMT == S_IFDIR, information.st_mode & 0o777 == 0o700
            else { continue }
            let descriptor = opened(path)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            for file in TemporaryDirectory.names(in: path) where file.hasPrefix("token") { unlink(path + "/" + file) }
            rmdir(path)
        }
    }

    private static func opened(_ path: String) -> Int32 { open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
}
