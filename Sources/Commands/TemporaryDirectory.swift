internal import Foundations

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A directory for one run, only for its owner.
struct TemporaryDirectory {
    let path: String

    /// Throws `FileError`.
    init() throws(FileError) {
        let base = Context.current.variables["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(base)/ringdown-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError(path: base, code: errno) }
        path = template.withUnsafeBufferPointer {
            String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Removes the directory and the files in it.
    func remove() {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(path)/\(name)")
            }
            closedir(directory)
        }
        rmdir(path)
    }
}
