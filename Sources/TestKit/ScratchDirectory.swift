public import Foundations

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A directory of one test, removed with its last reference.
public final class ScratchDirectory: Sendable {
    public let path: String

    public init() throws(FileError) {
        var template = Array("/tmp/ringdown-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError(path: "/tmp", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        remove(path)
    }

    /// The names in the directory, sorted.
    public var names: [String] { list(path) }

    /// The permissions of a file in the directory, such as 0o600.
    public func permissions(_ name: String) -> UInt32 {
        var information = stat()
        return stat(path + "/" + name, &information) == 0 ? UInt32(information.st_mode & 0o7777) : 0
    }

    /// Changes the permissions of the directory, or of a file in it.
    public func changePermissions(_ mode: UInt32, of name: String? = nil) {
        chmod(name.map { path + "/" + $0 } ?? path, mode_t(mode))
    }

    public func link(_ name: String, to target: String) {
        symlink(target, path + "/" + name)
    }
}

private func list(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
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

private func remove(_ path: String) {
    for name in list(path) {
        if unlink(path + "/" + name) != 0 { remove(path + "/" + name) }
    }
    rmdir(path)
}
