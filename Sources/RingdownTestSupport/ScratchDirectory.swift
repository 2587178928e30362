package import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A directory for one test, deleted when the last reference is released.
package final class ScratchDirectory: Sendable {
    private let directory: TemporaryDirectory

    package init() throws(FileError) {
        directory = try TemporaryDirectory()
    }

    deinit {
        directory.remove()
    }

    /// The path of the directory.
    package var path: String { directory.path }
    /// The names of the directory entries, sorted.
    package var names: [String] { directory.names }

    /// Returns the permissions of a file in the directory, such as 0o600.
    package func permissions(_ name: String) -> UInt32 {
        var information = stat()
        return stat(path + "/" + name, &information) == 0 ? UInt32(information.st_mode & 0o7777) : 0
    }

    /// Changes the permissions of the directory or of a file in it.
    package func changePermissions(_ mode: UInt32, of name: String? = nil) {
        chmod(name.map { path + "/" + $0 } ?? path, mode_t(mode))
    }

    /// Creates a symbolic link in the directory.
    package func link(_ name: String, to target: String) {
        symlink(target, path + "/" + name)
    }
}
