#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Lets a thread wait for another one: a pipe that is closed.
struct Gate: Sendable {
    private let reading: Int32
    private let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        (reading, writing) = (ends[0], ends[1])
    }

    func open() { close(writing) }

    func wait() {
        var byte: UInt8 = 0
        while read(reading, &byte, 1) < 0, errno == EINTR {}
        close(reading)
    }
}
