#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A directory for one run or one test, only for its owner; removed with everything in it by ``remove()``.
public struct TemporaryDirectory: Sendable {
    public let path: String

    /// Makes a directory below `base`, whose new name begins with `prefix`.
    public init(in base: String = "/tmp", prefix: String = "ringdown-") throws(FileError) {
        var template = Array("\(base)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError(path: base, code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A directory that another process made.
    package init(existing path: String) {
        self.path = path
    }

    /// The names in the directory, sorted.
    public var names: [String] { entries(path) }

    /// The names in any directory, sorted; none where it cannot be read.
    public static func names(in path: String) -> [String] { entries(path) }

    /// Removes the directory and what is in it. Symbolic links are removed, not followed.
    public func remove() {
        removeTree(path)
    }
}

private func entries(_ path: String) -> [String] {
    // Never through a symbolic link: what it leads to is not ours to list or to remove.
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    guard let directory = fdopendir(descriptor) else {
        close(descriptor)
        return []
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

private func removeTree(_ path: String) {
    for name in entries(path) where unlink(path + "/" + name) != 0 { removeTree(path + "/" + name) }
    rmdir(path)
}
