#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What stands at a path.
enum FileKind {
    case file, directory, other, nothing

    init(_ path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else {
            self = .nothing
            return
        }
        switch information.st_mode & S_IFMT {
        case S_IFREG, S_IFIFO, S_IFCHR: self = .file
        case S_IFDIR: self = .directory
        default: self = .other
        }
    }
}
