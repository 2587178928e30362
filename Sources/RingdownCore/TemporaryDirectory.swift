#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A directory for one run or one test, accessible only to its owner. ``remove()`` deletes it with its content.
package struct TemporaryDirectory: Sendable {
    /// The path of the directory.
    package let path: String

    /// Creates a directory in `base` with a unique name that starts with `prefix`.
    package init(in base: String = "/tmp", prefix: String = "ringdown-") throws(FileError) {
        var template = Array("\(base)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError(path: base, code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Refers to a directory that another process created.
    package init(existing path: String) {
        self.path = path
    }

    /// The names of the directory entries, sorted.
    package var names: [String] { entries(path) }

    /// Returns the names in a directory, sorted, or an empty array if it cannot be read.
    package static func names(in path: String) -> [String] { entries(path) }

    /// Deletes the directory and its content. Symbolic links are deleted, not followed.
    package func remove() {
        removeTree(path)
    }
}

private func entries(_ path: String) -> [String] {
    // Never follows a symbolic link, since its target is outside the directory.
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
