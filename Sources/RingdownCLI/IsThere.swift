#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Whether a path exists. A symbolic link exists even if its target does not.
func isThere(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0
}
