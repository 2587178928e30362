package import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A directory of one test, removed with its last reference.
package final class ScratchDirectory: Sendable {
    private let directory: TemporaryDirectory

    package init() throws(FileError) {
        directory = try TemporaryDirectory()
    }

    deinit {
        directory.remove()
    }

    package var path: String { directory.path }
    /// The names in the directory, sorted.
    package var names: [String] { directory.names }

    /// The permissions of a file in the directory, such as 0o600.
    package func permissions(_ name: String) -> UInt32 {
        var information = stat()
        return stat(path + "/" + name, &information) == 0 ? UInt32(information.st_mode & 0o7777) : 0
    }

    /// Changes the permissions of the directory, or of a file in it.
    package func changePermissions(_ mode: UInt32, of name: String? = nil) {
        chmod(name.map { path + "/" + $0 } ?? path, mode_t(mode))
    }

    package func link(_ name: String, to target: String) {
        symlink(target, path + "/" + name)
    }
}
