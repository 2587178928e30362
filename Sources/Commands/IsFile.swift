#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Whether something that can be read as a file stands at a path.
func isFile(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT != S_IFDIR
}
