#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Whether anything stands at a path, be it a link that leads nowhere.
func isThere(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0
}
