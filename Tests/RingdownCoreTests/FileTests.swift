import RingdownCore
import RingdownTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Files that another user can have created.
@Suite(.timeLimit(.minutes(1))) struct FileTests {
    private let directory: ScratchDirectory
    private var path: String { directory.path + "/file" }

    init() throws {
        directory = try ScratchDirectory()
    }

    private func reading(_ access: File.Access) -> FileError? {
        do throws(FileError) {
            _ = try File.read(path, access: access)
            return nil
        } catch { return error }
    }

    @Test(arguments: [File.Access.ownersToWrite, .ownersAlone])
    func `a FIFO, a device or a directory instead of a file is an immediate error`(access: File.Access) throws {
        mkfifo(path, 0o600)
        #expect(reading(access)?.description.contains("not a regular file") == true)
        #expect(throws: FileError.self) { try File.openOwn(path, O_WRONLY | O_APPEND) }
        #expect(throws: FileError.self) { try File.openOwn(path, O_RDWR) }
        unlink(path)
        mkdir(path, 0o700)
        #expect(reading(access) != nil)
        #expect(throws: FileError.self) { try File.openOwn(path, O_WRONLY) }
        #expect(throws: FileError.self) { try File.read("/dev/null", access: access) }
    }

    @Test func `files that other users can read or write are refused if required`() throws {
        try File.replace(path, with: [1])
        #expect(reading(.ownersToWrite) == nil && reading(.ownersAlone) == nil)
        directory.changePermissions(0o644, of: "file")
        #expect(reading(.ownersToWrite) == nil && reading(.ownersAlone) != nil)
        directory.changePermissions(0o620, of: "file")
        #expect(reading(.ownersToWrite) != nil && reading(.anyone) == nil)
    }

    @Test func `a file with several links or behind a symbolic link is not opened for writing`() throws {
        try File.replace(path, with: [1])
        link(path, directory.path + "/other")
        #expect(throws: FileError.self) { try File.openOwn(path, O_WRONLY) }
        directory.link("symbolic", to: "/dev/null")
        #expect(throws: FileError.self) { try File.openOwn(directory.path + "/symbolic", O_WRONLY) }
    }

    @Test func `a new file is accessible only to its owner`() throws {
        close(try File.openOwn(path, O_WRONLY))
        #expect(directory.permissions("file") == 0o600)
    }
}
